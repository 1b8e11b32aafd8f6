"""Completion scripts know every command and are accepted by the shell they are for."""

import shutil
import subprocess
import warnings

import pytest

from sesari.cli import completion, front, main
from sesari.cli.table import COMMANDS


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_names_commands_and_options(shell, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert [name for name in COMMANDS if name not in script] == []
    assert "check" in script and "project" in script
    if shutil.which(shell):
        done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
    else:
        warnings.warn(f"{shell} is not on this machine: its own parser did not read the script", stacklevel=1)


def test_completion_has_a_module_to_load():
    assert front.load("completion") is completion


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sesari syn", {"synth"}),
        ("sesari synth --ch", {"--check"}),
        ("sesari completion f", {"fish"}),
        ("sesari synth --project sr", {"src"}),
    ],
)
def test_bash_completes(line, expected, tmp_path, capsys):
    (tmp_path / "src").mkdir()
    assert main(["completion", "bash"]) == 0
    (tmp_path / "script").write_text(capsys.readouterr().out)
    words = line.split()
    probe = (
        f"source ./script; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; "
        f"COMP_LINE={line!r}; COMP_POINT={len(line)}; "
        '_shtab_sesari 2>/dev/null; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", probe], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert {word.strip() for word in done.stdout.split()} == expected
