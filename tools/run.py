"""Sets up what a command needs, once, and runs it.

    python3 tools/run.py rehearse [ARGUMENTS]    the main job: the example product on the offline cloud
    python3 tools/run.py test [ARGUMENTS]        the tests (arguments go to pytest)
    python3 tools/run.py check                   everything CI checks: lint, format, types, schema, frontend, tests
    python3 tools/run.py lint                    the same without the tests
    python3 tools/run.py long                    the tests that take minutes (one builds and runs the frontend)
    python3 tools/run.py sesari [ARGUMENTS]      any other sesari command

Needs Python 3.11 or newer, git and a package registry; nothing else. What it installs goes to .venv in this folder
(and .venv-checkov for `lint` and `check`).
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from environment import OLDEST_PYTHON, SetupError, engine_extra, ensure, say, this_machine

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CHECKOV_VENV = ROOT / ".venv-checkov"
CHECKOV = "checkov==3.3.30"
EXAMPLE = ROOT / "examples" / "sesari"
OLDEST_NODE = 20
WEB = [("install", ["ci"]), ("lint", ["run", "lint"]), ("types", ["run", "types"]), ("tests", ["test"])]


def newer_python():
    """A new enough interpreter on PATH under its versioned name, or None."""
    for minor in range(20, OLDEST_PYTHON[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            return found
    return None


def refuse_unsupported():
    """Python too old: run again with a newer one if there is one. Windows: say so."""
    if sys.version_info < OLDEST_PYTHON:
        other = newer_python()
        if other is not None:
            os.execv(other, [other, *sys.argv])
        raise SetupError(
            f"Sesari needs Python 3.11 or newer, and this is {platform.python_version()}",
            "Install one (Debian 12, Ubuntu 24.04 or newer: apt-get install python3 python3-venv) and run this again.",
        )
    if os.name == "nt":
        raise SetupError("this script runs on Linux and macOS", "On Windows, run it inside WSL.")


def digest(*parts):
    """One digest over what an environment is made from."""
    joined = "\0".join([sys.implementation.cache_tag, str(ROOT), *parts])
    return "sha256:" + hashlib.sha256(joined.encode()).hexdigest()


def project_python(extras):
    """The project's own environment with these extras (and an engine where the machine has none)."""
    wanted = [*extras, *engine_extra(this_machine())]
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return ensure(
        VENV,
        digest(pyproject),
        wanted,
        lambda parts: ["--editable", "{}[{}]".format(ROOT, ",".join(parts))],
        "Sesari ({}) in .venv".format(", ".join(wanted)),
    )


def checkov_python():
    """checkov in an environment of its own: its pins fight with everybody else's."""
    return ensure(CHECKOV_VENV, digest(CHECKOV), [CHECKOV], list, f"{CHECKOV} in .venv-checkov")


def child_environment():
    """This process's variables, and where checkov is when it was set up."""
    checkov = CHECKOV_VENV / "bin" / "checkov"
    return dict(os.environ, SESARI_CHECKOV=str(checkov)) if checkov.exists() else dict(os.environ)


def become(argv):
    """Ends this process by turning into the command: signals and exit code are then the command's own."""
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execve(argv[0], argv, child_environment())


def rehearse(arguments):
    become([str(project_python(["rehearse"])), "-m", "sesari", "rehearse", str(EXAMPLE.relative_to(ROOT)), *arguments])


def sesari(arguments):
    become([str(project_python(["rehearse"])), "-m", "sesari", *arguments])


def test(arguments):
    become([str(project_python(["dev"])), "-m", "pytest", "-n", "2", *arguments])


def lint_steps(python):
    """(name, argv) of every check that is not a test."""
    return [
        ("lint", [python, "-m", "ruff", "check", "."]),
        ("format", [python, "-m", "ruff", "format", "--check", "."]),
        ("types", [python, "-m", "mypy", "--strict"]),
        ("schema", [python, "tools/schema.py"]),
    ]


def failed_steps(steps):
    """Runs every step, whatever the earlier ones said; the names of those that failed."""
    failed = []
    for name, argv in steps:
        say(f"==> {name}")
        if subprocess.run(
            argv, cwd=str(ROOT), env=child_environment(), stdin=subprocess.DEVNULL, check=False
        ).returncode:
            failed.append(name)
    return failed


def report(failed):
    """The closing line, and its exit code."""
    if failed:
        say(f"failed: {', '.join(failed)}")
        return 1
    say("all checks hold")
    return 0


def web_steps():
    """The example's frontend, where this machine has Node and npm; where not, the run says so."""
    node = shutil.which("node")
    version = subprocess.run([node, "--version"], stdout=subprocess.PIPE, check=False).stdout.decode() if node else ""
    found = re.match(r"v(\d+)\.", version)
    if found is None or int(found.group(1)) < OLDEST_NODE or shutil.which("npm") is None:
        say(f"==> web\nNOT CHECKED: the example's frontend needs npm and Node {OLDEST_NODE} or newer on PATH")
        return []
    npm = ["npm", "--prefix", "examples/sesari/apps/web"]
    return [(f"web {name}", [*npm, *arguments]) for name, arguments in WEB]


def lint(arguments):
    python = str(project_python(["dev"]))
    checkov_python()
    return report(failed_steps(lint_steps(python)) + failed_steps(web_steps()))


def check(arguments):
    python = str(project_python(["dev"]))
    checkov_python()
    tests = ("tests", [python, "-m", "pytest", "-n", "2", *arguments])
    return report(failed_steps(lint_steps(python)) + failed_steps(web_steps()) + failed_steps([tests]))


def long(arguments):
    become([str(project_python(["dev"])), "-m", "pytest", "-m", "long", *arguments])


COMMANDS = {"rehearse": rehearse, "test": test, "check": check, "lint": lint, "long": long, "sesari": sesari}


def main(argv):
    if not argv or argv[0] in ("-h", "--help"):
        sys.stdout.write(__doc__)
        return 0 if argv else 1
    if argv[0] not in COMMANDS:
        say(f"error: there is no command `{argv[0]}`; it is one of {', '.join(COMMANDS)}")
        return 1
    try:
        refuse_unsupported()
        return COMMANDS[argv[0]](argv[1:])
    except SetupError as error:
        say(f"error: {error.what}")
        if error.hint:
            say(f"\nhint: {error.hint}")
        return 1
    except OSError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("stopped; the next run continues")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
