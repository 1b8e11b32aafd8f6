"""A deployment on disk: its files put together from the uploads, its Build Output read."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sesari.rehearsal.standins.vercel_routing import Output, by_phase

OUTPUT = Path(".vercel") / "output"


class BuildFailed(Exception):
    """What was uploaded is no deployment: the reason, for people."""


def put_together(folder: Path, files: Iterable[Mapping[str, Any]], uploads: Path) -> None:
    """Write the deployment's files below `folder`, whole or not at all; contents are shared with the uploads."""
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        for file in files:
            path = temporary / file["file"]
            if ".." in path.parts or Path(file["file"]).is_absolute():
                raise BuildFailed(f"{file['file']} is not inside the deployment")
            path.parent.mkdir(parents=True, exist_ok=True)
            upload = uploads / file["sha"]
            if stat.S_ISLNK(int(file.get("mode") or 0)):
                path.symlink_to(os.fsdecode(upload.read_bytes()))
            else:
                os.link(upload, path)
        temporary.replace(folder)
    except OSError as error:
        raise BuildFailed(f"its files cannot be put together: {error.strerror}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read_output(folder: Path) -> Output:
    """Raises BuildFailed when there is no Build Output, or one that this stand-in does not run."""
    try:
        configuration = json.loads((folder / OUTPUT / "config.json").read_text("utf-8"))
        if configuration.get("version") != 3:
            raise BuildFailed("its Build Output is not of version 3")
        routes = by_phase(configuration.get("routes") or ())
    except (OSError, ValueError, AttributeError) as error:
        raise BuildFailed(f"there is no readable .vercel/output/config.json: {error}") from error
    functions = _below(folder / OUTPUT / "functions", ".func")
    prerendered = {
        name: json.loads(path.read_text("utf-8"))
        for name, path in _below(folder / OUTPUT / "functions", ".prerender-config.json").items()
    }
    return Output(
        static=_static(folder / OUTPUT / "static", configuration.get("overrides") or {}),
        functions={name: str(path.resolve()) for name, path in functions.items()},
        prerendered={name: value for name, value in prerendered.items() if value.get("fallback")},
        routes=routes,
    )


def function_folder(deployment: Path, function: Path, made: Path) -> tuple[Path, Mapping[str, Any]]:
    """The function as it is started: its own files and those mapped into it, in `made`; and its description."""
    described = json.loads((function / ".vc-config.json").read_text("utf-8"))
    if not str(described.get("runtime", "")).startswith("nodejs"):
        raise BuildFailed(f"the offline Vercel runs Node functions only, not {described.get('runtime')}")
    if not made.exists():
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=_made(made.parent)))
        shutil.copytree(function, temporary, symlinks=True, dirs_exist_ok=True, copy_function=_copied)
        for place, source in (described.get("filePathMap") or {}).items():
            target = temporary / place
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists() and not target.is_symlink():
                _copied(str(deployment / source), str(target))
        temporary.replace(made)
    return made, described


def _copied(source: str, target: str, *, follow_symlinks: bool = True) -> str:
    # Copied, not linked: a function that writes beside itself must not change what others were made from.
    return str(shutil.copyfile(source, target, follow_symlinks=False))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _below(folder: Path, ending: str) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    found = {}
    for root, folders, files in os.walk(folder):
        here = Path(root)
        for name in [*folders, *files]:
            if name.endswith(ending):
                found[(here / name).relative_to(folder).as_posix().removesuffix(ending)] = here / name
        folders[:] = [name for name in folders if not name.endswith(".func")]
    return found


def _static(folder: Path, overrides: Mapping[str, Mapping[str, str]]) -> dict[str, tuple[str, str | None]]:
    found: dict[str, tuple[str, str | None]] = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            override = overrides.get(name) or {}
            found[override.get("path", name)] = (str(path), override.get("contentType"))
    return found
