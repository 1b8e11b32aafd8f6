"""Completion scripts know every command and are accepted by the shell they are for."""

import shutil
import subprocess
import warnings

import pytest

from sesari.cli import completion, front, main


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_names_commands_and_options(shell, monkeypatch, capsys):
    monkeypatch.setattr(completion, "COMMANDS", {"completion": "print the completion script of a shell"})
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "completion" in script and "help" in script
    if shutil.which(shell):
        done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    else:
        warnings.warn(f"{shell} is not on this machine: its own parser did not read the script", stacklevel=1)


def test_completion_has_a_module_to_load():
    assert front.load("completion") is completion
