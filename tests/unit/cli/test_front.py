"""The front of the command line: words to a command, and every failure to words and an exit code."""

import argparse
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import sesari.cli
from sesari.cli import failures, flags, front, main
from sesari.cli.table import COMMANDS
from sesari.errors import Problem, Refused, SesariError

COMMAND_FOLDER = Path(sesari.cli.__file__).parent
NOT_COMMANDS = {"__init__", "front", "flags", "table", "failures", "operators"}
PRESENT = sorted(path.stem for path in COMMAND_FOLDER.glob("*.py") if path.stem in COMMANDS)


def run(*words: str, **more) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "sesari", *words], capture_output=True, text=True, check=False, **more)


def test_every_listed_command_has_a_module_and_help_lists_all():
    assert [name for name in COMMANDS if not (COMMAND_FOLDER / f"{name}.py").is_file()] == []
    shown = run("--help")
    assert shown.returncode == 0 and not shown.stderr
    assert [name for name in COMMANDS if not re.search(rf"^  {name} ", shown.stdout, re.M)] == []


@pytest.mark.parametrize("name", PRESENT)
def test_each_command_explains_itself_with_examples(name):
    text = front.parser_of(name, front.load(name)).format_help()
    assert f"usage: sesari {name}" in text
    assert "examples:" in text and "sesari " + name in text.partition("examples:")[2]


def test_no_words_is_help_and_an_error():
    shown = run()
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "usage: sesari COMMAND" in shown.stderr


def test_version():
    assert run("--version").stdout.startswith(f"sesari {sesari.__version__} (Python 3.")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["completin"], "error: `completin` is not a command of sesari\n\nhint: Did you mean `sesari completion`?\n"),
        (["--jsn"], "error: `--jsn` is not a command of sesari\n\nhint: `sesari --help` lists the commands\n"),
        (
            ["completion", "bash", "--hlp"],
            "error: `sesari completion` has no option `--hlp`\n\nhint: Did you mean `--help`?\n",
        ),
        (
            ["completion", "bash", "zsh"],
            "error: `sesari completion` takes no argument `zsh`\n\n"
            "hint: `sesari completion --help` shows its options\n",
        ),
        (
            ["completion", "csh"],
            "error: Argument shell: invalid choice: 'csh' (choose from 'bash', 'zsh', 'fish')\n\n"
            "hint: `sesari completion --help` shows its options\n",
        ),
    ],
)
def test_wrong_words_are_told_with_a_way_out_and_exit_1(words, text, capsys):
    assert main(words) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.replace("choose from bash, zsh, fish", "choose from 'bash', 'zsh', 'fish'") == text


def test_wrong_words_as_json(capsys):
    assert main(["completin", "--json"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err)["errors"][0]["code"] == "usage"


def test_environments_are_collected_once_each_and_never_defaulted():
    parser = front.Parser(prog="sesari x")
    flags.add_env(parser, several=True)
    assert parser.parse_args(["-e", "staging,dev", "--env", "dev"]).env == ["staging", "dev"]
    assert parser.parse_args(["-e", "dev"]).env == ["dev"]
    for words in ([], ["-e", ","]):
        with pytest.raises(SesariError):
            parser.parse_args(words)
    one = front.Parser(prog="sesari x")
    flags.add_env(one, several=False)
    with pytest.raises(SesariError):
        one.parse_args([])


def test_problems_give_their_exit_code(capsys):
    problems = [Problem("a", "First", "sesari.toml:3", "cause", "way out"), Problem("b", "Second")]
    assert failures.report(SesariError(problems), [], None) == 1
    err = capsys.readouterr().err
    assert "error: First\n  at: sesari.toml:3\n  because: cause\n\nhint: way out" in err and "error: Second" in err
    assert failures.report(Refused(Problem("gate", "No")), ["--json"], None) == 3
    assert json.loads(capsys.readouterr().err)["errors"][0]["code"] == "gate"


def test_ctrl_c_is_one_line(capsys):
    assert failures.report(KeyboardInterrupt(), ["apply"], None) == 130
    assert capsys.readouterr().err == "sesari: stopped\n"


def broken() -> BaseException:
    try:
        raise KeyError("hunter2 is the password")
    except KeyError as failure:
        return failure


def test_a_bug_shows_no_traceback_and_saves_one_privately(tmp_path, capsys):
    (tmp_path / "sesari.toml").touch()
    assert failures.report(broken(), ["plan", "-e", "dev"], tmp_path) == 1
    err = capsys.readouterr().err
    (saved,) = (tmp_path / ".sesari" / "bugs").iterdir()
    assert "Traceback" not in err and "hunter2" not in err
    assert str(saved) in err and "KeyError at test_front.py:" in err
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert "Traceback" in saved.read_text() and "command: plan\n" in saved.read_text()


def test_a_bug_outside_a_project_is_saved_in_the_temporary_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert failures.report(broken(), [], tmp_path / "no-project") == 1
    assert [path.suffix for path in tmp_path.iterdir()] == [".txt"]
    assert str(tmp_path) in capsys.readouterr().err


def test_a_missing_extra_names_it(capsys):
    assert failures.report(ModuleNotFoundError("no", name="botocore.client"), [], None) == 1
    err = capsys.readouterr().err
    assert "needs the `cloud` extra" in err and 'pip install "sesari[cloud]==' in err


def test_a_reader_that_leaves_is_quiet():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "sesari", "--help"], stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_full_disk_behind_stdout_is_one_error():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sesari", "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "error: The output could not be written\n  because: no space is left where it goes\n"


def test_command_modules_are_listed_in_the_table():
    others = {path.stem for path in COMMAND_FOLDER.glob("*.py")} - NOT_COMMANDS - set(COMMANDS)
    assert not others, "modules of cli/ are commands of the table or part of its front"


def test_configure_adds_no_option_twice_and_returns_nothing():
    for name in PRESENT:
        assert front.load(name).configure(argparse.ArgumentParser()) is None
