"""Writes the product's Terraform into `infra/`, or tells that it is stale."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Protocol, TypeAlias

from sesari.errors import Problem, Refused, SesariError
from sesari.model.manifest import Manifest
from sesari.model.stack import Stack
from sesari.model.synthesis import Synthesis
from sesari.stack import bootstrap, delivery, desired, render

INDEX = ".sesari-synth.json"
ABOUT = "What `sesari synth` wrote here, by digest, so that it never overwrites what somebody else did."

ModuleFiles: TypeAlias = Callable[[str], Mapping[str, bytes]]
"""The files of one Terraform module: name to bytes."""


class Folder(Protocol):
    """The product's `infra/`. Paths are relative and use `/`."""

    def held(self) -> AbstractContextManager[None]:
        """Hold the folder for one run at a time."""

    def read(self, path: str) -> bytes | None:
        """The file's bytes, None when there is none. Raises SesariError."""

    def stage(self, files: Mapping[str, bytes]) -> None:
        """Write the files aside, on the same disk. Raises SesariError; then nothing is left aside."""

    def settle(self, remove_too: Collection[str]) -> None:
        """Move what was staged into place, then remove files and folders that become empty. Raises SesariError."""


@dataclass(frozen=True, slots=True)
class Index:
    """Digests of generated files as last written; `replacing` those from before a write that never finished."""

    files: Mapping[str, str]
    replacing: Mapping[str, str]

    def known(self, path: str) -> set[str | None]:
        """The digests under which the file is our own work."""
        return {self.files.get(path), self.replacing.get(path)}


def stacks(manifest: Manifest) -> tuple[Stack, ...]:
    """Every root of the product: environments, their bootstrap roots, the delivery account's."""
    names = tuple(manifest.environments)
    return (
        *(desired(manifest, name) for name in names),
        *(bootstrap(manifest, name) for name in names),
        delivery(manifest),
    )


def files(manifest: Manifest, modules: ModuleFiles) -> dict[str, bytes]:
    """Every file that `infra/` should have, the used modules among them: path to bytes, sorted."""
    wanted: dict[str, bytes] = {}
    used: set[str] = set()
    for stack in stacks(manifest):
        wanted.update({path: text.encode() for path, text in render(stack).items()})
        used.update(call.source for call in stack.modules)
    for module in used:
        wanted.update({f"modules/{module}/{name}": body for name, body in modules(module).items()})
    return dict(sorted(wanted.items()))


def compare(wanted: Mapping[str, bytes], folder: Folder) -> Synthesis:
    """What would be done. Writes nothing. Raises SesariError when the folder or its index cannot be read."""
    return _compare(wanted, folder, read_index(folder))


def check(manifest: Manifest, folder: Folder, modules: ModuleFiles) -> Synthesis:
    """Refuse when the folder is not what the manifest says: one `synth-stale` per file. Writes nothing."""
    found = compare(files(manifest, modules), folder)
    problems = [_stale(path, path in found.edited) for path in sorted({*found.written, *found.removed})]
    if problems:
        raise Refused(problems)
    return found


def synthesize(manifest: Manifest, folder: Folder, modules: ModuleFiles, force: bool = False) -> Synthesis:
    """Make the folder what the manifest says.

    Refuses (`synth-edited`, one per file) when a file was changed by hand or is not ours, unless `force`. When it
    cannot write, nothing has changed; when it is killed half-way, the next run finishes the work.
    """
    wanted = files(manifest, modules)
    with folder.held():
        index = read_index(folder, force)
        found = _compare(wanted, folder, index)
        if found.edited and not force:
            raise Refused([_edited(path) for path in found.edited])
        _write(wanted, found, folder)
    return found


def _write(wanted: Mapping[str, bytes], found: Synthesis, folder: Folder) -> None:
    digests = {path: digest(body) for path, body in wanted.items()}
    final = _index_text(digests, {})
    if found.stale:
        there = {path: folder.read(path) for path in (*found.written, *found.removed)}
        before = {path: digest(body) for path, body in there.items() if body is not None}
        # The index first, which knows both digests: a run that is killed between two files is finished by the next.
        # All staged together, so that a full disk is met before anything changes.
        folder.stage({INDEX: _index_text(digests, before), **{path: wanted[path] for path in found.written}})
        folder.settle(found.removed)
    if folder.read(INDEX) != final:
        folder.stage({INDEX: final})
        folder.settle(())


def digest(body: bytes) -> str:
    """`sha256:<hex>` of the bytes."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def read_index(folder: Folder, force: bool = False) -> Index:
    """The index as last written, empty when there is none. Raises `synth-index` when it is damaged, unless `force`."""
    body = folder.read(INDEX)
    if body is None:
        return Index({}, {})
    try:
        content = json.loads(body)
        index = Index(_digests(content["files"]), _digests(content.get("replacing", {})))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if force:
            return Index({}, {})
        hint = f"Restore infra/{INDEX} from git, or run `sesari synth --force` to write it anew"
        why = "it is not JSON of the expected shape, or names a file outside of infra/"
        raise SesariError(
            Problem("synth-index", "The index of synth is damaged", f"infra/{INDEX}", why, hint)
        ) from error
    return index


def _digests(content: Mapping[str, str]) -> dict[str, str]:
    # The index comes with the repository: a path in it must never lead to a file outside of infra/.
    for path, value in content.items():
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or "\\" in path or not isinstance(value, str):
            raise ValueError(path)
    return dict(content)


def _compare(wanted: Mapping[str, bytes], folder: Folder, index: Index) -> Synthesis:
    written, edited, removed = [], [], []
    for path, body in wanted.items():
        there = folder.read(path)
        if there == body:
            continue
        written.append(path)
        if there is not None and digest(there) not in index.known(path):
            edited.append(path)
    for path in sorted({*index.files, *index.replacing} - set(wanted)):
        there = folder.read(path)
        if there is None:
            continue
        removed.append(path)
        if digest(there) not in index.known(path):
            edited.append(path)
    return Synthesis(tuple(written), tuple(removed), tuple(sorted(edited)), len(wanted) - len(written))


def _index_text(digests: Mapping[str, str], replacing: Mapping[str, str]) -> bytes:
    content: dict[str, object] = {"about": ABOUT, "files": dict(sorted(digests.items()))}
    if replacing:
        content["replacing"] = dict(sorted(replacing.items()))
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _stale(path: str, edited: bool) -> Problem:
    why = "it was changed by hand" if edited else "sesari.toml, or Sesari's modules, have changed since"
    return Problem("synth-stale", f"infra/{path} is stale", f"infra/{path}", why, "Run `sesari synth`")


def _edited(path: str) -> Problem:
    hint = "Move the change into sesari.toml, or run `sesari synth --force` to lose it"
    why = "it is not as `sesari synth` left it"
    return Problem("synth-edited", f"infra/{path} was changed by hand", f"infra/{path}", why, hint)
