"""A virtual environment with exactly what a command needs, from nothing but Python, git and a package registry.

Standard library only, and no newer syntax than old interpreters can read: their user must meet a sentence, not a
SyntaxError.
"""

import collections
import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

OLDEST_PYTHON = (3, 11)
OLDEST_TERRAFORM = (1, 11)
ENGINE_GLIBC = (2, 35)
PIP_WHEEL = "pip-26.3-py3-none-any.whl"
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
MARKER = "sesari-setup.json"


class SetupError(Exception):
    """Why the set-up cannot go on; `hint` says what to do."""

    def __init__(self, what, hint=""):
        super().__init__(what)
        self.what = what
        self.hint = hint


def say(line):
    """Progress goes to stderr: stdout belongs to the command."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def terraform_version():
    """(major, minor) of `terraform` on PATH, or None."""
    program = shutil.which("terraform")
    if program is None:
        return None
    try:
        answer = subprocess.run(
            [program, "version", "-json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(os.environ, CHECKPOINT_DISABLE="1"),
            timeout=30,
            check=False,
        )
        version = json.loads(answer.stdout.decode() or "{}").get("terraform_version", "")
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"(\d+)\.(\d+)", version)
    return (int(found.group(1)), int(found.group(2))) if found else None


def glibc_version():
    """(major, minor) of the C library, or None where it is not glibc (musl)."""
    try:
        found = re.match(r"glibc (\d+)\.(\d+)", os.confstr("CS_GNU_LIBC_VERSION") or "")
    except (ValueError, OSError):
        found = None
    return (int(found.group(1)), int(found.group(2))) if found else None


Machine = collections.namedtuple("Machine", "terraform system processor glibc")


def this_machine():
    """What decides about the engine: the versions of Terraform and glibc (None: absent), the system, the processor."""
    return Machine(terraform_version(), sys.platform, platform.machine(), glibc_version())


def engine_extra(machine):
    """["engine"] where the machine has no Terraform of its own, [] where it has. Raises where no wheel exists."""
    if machine.terraform is not None and machine.terraform >= OLDEST_TERRAFORM:
        return []
    reason = None
    if machine.system.startswith("linux"):
        if machine.processor not in ("x86_64", "amd64"):
            reason = f"there is no engine package for Linux on {machine.processor}"
        elif machine.glibc is None:
            reason = "there is no engine package for musl (Alpine)"
        elif machine.glibc < ENGINE_GLIBC:
            reason = "the engine package needs glibc 2.35 or newer, and this machine has {}.{}".format(*machine.glibc)
    if reason:
        old = "Terraform {}.{} is too old".format(*machine.terraform) if machine.terraform else None
        raise SetupError(
            f"{old or 'no Terraform is on PATH'}, and {reason}",
            "Install Terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install) and run this again.",
        )
    return ["engine"]


def python_of(folder):
    """The interpreter of a virtual environment."""
    return Path(folder) / "bin" / "python"


def works(python):
    """Whether an interpreter starts and is new enough (a venv outlives the Python it was made from)."""
    check = f"import sys; sys.exit(sys.version_info < {OLDEST_PYTHON!r})"
    try:
        return subprocess.run([str(python), "-I", "-c", check], stderr=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


@contextlib.contextmanager
def only_one(folder):
    """Two set-ups of one folder at once wait for each other."""
    import fcntl  # not on Windows, which `run.py` has refused by now

    lock = os.open(str(Path(folder).parent), os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another set-up in this folder ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def fetch_pip(folder):
    """The pinned pip wheel from the package registry: for a Python without ensurepip (Debian without python3-venv)."""
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
    try:
        with urllib.request.urlopen(index, timeout=60) as page:
            listing = page.read().decode("utf-8", "replace")
        link = re.search(rf'href="([^"#]*{re.escape(PIP_WHEEL)})[#"]', listing)
        if link is None:
            raise OSError(f"{PIP_WHEEL} is not listed there")
        with urllib.request.urlopen(urllib.parse.urljoin(index, link.group(1)), timeout=120) as wheel:
            body = wheel.read()
    except OSError as error:
        raise SetupError(
            f"this Python has no pip, and pip could not be fetched from {index}: {error}",
            "Install it, on Debian and Ubuntu with: apt-get install python3-venv",
        ) from error
    if hashlib.sha256(body).hexdigest() != PIP_SHA256:
        raise SetupError(f"{PIP_WHEEL} from {index} is not the pinned file (SHA-256 differs)")
    path = Path(folder) / PIP_WHEEL
    path.write_bytes(body)
    return path


def create(folder):
    """An empty virtual environment, still without pip."""
    try:
        subprocess.run(
            [sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise SetupError(
            f"a virtual environment could not be made in {folder}: {error.stdout.decode().strip()}",
            "On Debian and Ubuntu: apt-get install python3-venv",
        ) from error


def add_pip(folder):
    """pip, from Python itself where it brings one, otherwise from the registry."""
    python = str(python_of(folder))
    if subprocess.run([python, "-I", "-c", "import pip"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        return
    bundled = subprocess.run(
        [python, "-m", "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    if bundled.returncode != 0:
        with tempfile.TemporaryDirectory() as download:
            wheel = fetch_pip(download)
            pip = str(wheel) + "/pip"
            subprocess.run(
                [python, pip, "install", "-q", "--no-index", str(wheel)], stdin=subprocess.DEVNULL, check=True
            )


def install(folder, requirements, what):
    """pip, quietly: one line that counts, and pip's own words only when it fails."""
    argv = [str(python_of(folder)), "-m", "pip", "install", "--no-input", "--progress-bar", "off", *requirements]
    environment = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_ROOT_USER_ACTION="ignore")
    started = shown = time.monotonic()
    tail = collections.deque(maxlen=25)
    packages = 0
    say(f"setting up {what} ...")
    pip = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        encoding="utf-8",
        errors="replace",
    )
    with pip:
        for line in pip.stdout:
            tail.append(line.rstrip())
            packages += line.startswith("Collecting ")
            if time.monotonic() - shown > 5:
                shown = time.monotonic()
                stage = "installing" if line.startswith("Installing ") else "fetching"
                say(f"  {stage} {packages} packages, {shown - started:.0f} s")
    if pip.returncode != 0:
        raise SetupError(
            "pip could not install {}:\n    {}".format(what, "\n    ".join(tail)),
            "Behind a proxy or with a mirror, set PIP_INDEX_URL, PIP_CERT or HTTPS_PROXY and run this again.",
        )
    say(f"  done in {time.monotonic() - started:.0f} s")


def read_marker(folder):
    """What an earlier set-up of the folder recorded; {} when there is none or it is damaged."""
    try:
        record = json.loads((Path(folder) / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def ensure(folder, digest, wanted, requirements, what):
    """The interpreter of `folder`, set up with `wanted` (names of parts).

    `requirements(parts)` gives pip's arguments. Nothing is installed when the recorded `digest` is the same and the
    parts are already there. Interrupted work leaves no record, so the next run starts it again.
    """
    folder = Path(folder)
    with only_one(folder):
        record = read_marker(folder)
        present = set(record.get("parts", []))
        python = python_of(folder)
        if works(python):
            if record.get("digest") == digest and set(wanted) <= present:
                return python
        else:
            present = set()
            create(folder)
        add_pip(folder)
        parts = sorted(present | set(wanted))
        marker = folder / MARKER
        marker.unlink(missing_ok=True)
        install(folder, requirements(parts), what)
        temporary = folder / (MARKER + ".new")
        temporary.write_text(json.dumps({"digest": digest, "parts": parts}) + "\n", encoding="utf-8")
        temporary.replace(marker)
        return python
