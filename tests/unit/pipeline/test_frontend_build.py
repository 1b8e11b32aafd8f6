"""A frontend is built once per commit and set of public variables; a build that is damaged or absent is not used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sesari.drivers.folder_store import FolderStore
from sesari.errors import SesariError
from sesari.model.frontend import BuildFile
from sesari.model.image import Entry, Source
from sesari.model.manifest import Service
from sesari.model.progress import silent
from sesari.pipeline.frontend_build import FrontendTools, build_frontend, kept_build

WEB = Service("web", "web", "vercel", "apps/web", None, None, None, None, None, {"NEXT_PUBLIC_NAME": "A", "X": "1"}, ())


@dataclass
class FakeTree:
    names: tuple[str, ...] = ("package.json", "package-lock.json", "app/page.tsx")
    tree: str = "t1"

    def commit(self, name: str) -> str:
        return "c" * 40

    def dirty(self) -> tuple[str, ...]:
        return ()

    def tree_id(self, commit: str, path: str) -> str:
        return self.tree

    def sources(self, commit: str, path: str) -> tuple[Source, ...]:
        return tuple(Source(name, "100644", name) for name in self.names)

    def bodies(self, blobs: Iterable[str]) -> dict[str, bytes]:
        return {blob: blob.encode() for blob in blobs}


@dataclass
class FakeFrontends:
    """Each build differs from the one before, as Next.js builds do."""

    version: str = "20"
    built: list[tuple[tuple[str, ...], dict[str, str]]] = field(default_factory=list)
    held: dict[str, tuple[BuildFile, ...]] = field(default_factory=dict)

    def node(self) -> str:
        return self.version

    def build(
        self, key: str, entries: Sequence[Entry], variables: Mapping[str, str], on_line: Callable[[str], None]
    ) -> str:
        self.built.append((tuple(entry.path for entry in entries), dict(variables)))
        return key

    def files(self, name: str) -> tuple[BuildFile, ...]:
        return (BuildFile("f", 0o100644, 1, "1" * 40, f"{len(self.built):064d}"),)

    def adopt(self, name: str, digest: str) -> None:
        self.held[digest] = self.files(name)

    def folder(self, digest: str) -> str:
        return f"/kept/{digest}"

    def kept(self, digest: str) -> tuple[BuildFile, ...] | None:
        return self.held.get(digest)

    def alone(self, key: str) -> AbstractContextManager[object]:
        return nullcontext()


@pytest.fixture
def tools(tmp_path: Path) -> FrontendTools:
    return FrontendTools(FakeTree(), FakeFrontends(), FolderStore(tmp_path), silent, lambda: 0.0)


def test_the_same_is_built_once(tools: FrontendTools) -> None:
    first = build_frontend(tools, WEB, "c" * 40)
    again = build_frontend(tools, WEB, "d" * 40)  # another commit with the same files
    assert (first.cached, again.cached, again.digest) == (False, True, first.digest)
    assert isinstance(tools.frontends, FakeFrontends)
    assert tools.frontends.built == [(FakeTree().names, {"NEXT_PUBLIC_NAME": "A"})]


def test_what_is_not_public_makes_no_other_build(tools: FrontendTools) -> None:
    first = build_frontend(tools, WEB, "c" * 40)
    other = replace(WEB, variables={**WEB.variables, "X": "2"})
    assert build_frontend(tools, other, "c" * 40).digest == first.digest


@pytest.mark.parametrize("changed", ["variables", "files", "node"])
def test_anything_that_a_build_depends_on_makes_another(tools: FrontendTools, changed: str) -> None:
    first = build_frontend(tools, WEB, "c" * 40)
    service, other = WEB, tools
    if changed == "variables":
        service = replace(WEB, variables={"NEXT_PUBLIC_NAME": "B"})
    elif changed == "files":
        other = replace(tools, tree=FakeTree(tree="t2"))
    else:
        assert isinstance(tools.frontends, FakeFrontends)
        tools.frontends.version = "22"
    second = build_frontend(other, service, "c" * 40)
    assert (second.cached, second.digest != first.digest) == (False, True)


def test_a_build_that_is_gone_or_damaged_is_made_again(tools: FrontendTools) -> None:
    first = build_frontend(tools, WEB, "c" * 40)
    assert isinstance(tools.frontends, FakeFrontends)
    tools.frontends.held[first.digest] = (BuildFile("f", 0o100644, 1, "1" * 40, "f" * 64),)
    assert not build_frontend(tools, WEB, "c" * 40).cached
    tools.frontends.held.clear()
    third = build_frontend(tools, WEB, "c" * 40)
    assert not third.cached
    assert build_frontend(tools, WEB, "c" * 40).digest == third.digest


def test_a_release_gets_the_build_that_it_names_or_an_error(tools: FrontendTools) -> None:
    first = build_frontend(tools, WEB, "c" * 40)
    assert kept_build(tools, WEB, first.digest).files == first.files
    assert isinstance(tools.frontends, FakeFrontends)
    tools.frontends.held[first.digest] = ()
    with pytest.raises(SesariError) as raised:
        kept_build(tools, WEB, first.digest)
    assert raised.value.codes == ("build-damaged",)
    tools.frontends.held.clear()
    with pytest.raises(SesariError) as raised:
        kept_build(tools, WEB, first.digest)
    assert raised.value.codes == ("build-absent",)


@pytest.mark.parametrize("missing", ["package.json", "package-lock.json"])
def test_an_app_without_its_lock_file_is_refused(tools: FrontendTools, missing: str) -> None:
    names = tuple(name for name in FakeTree().names if name != missing)
    with pytest.raises(SesariError) as raised:
        build_frontend(replace(tools, tree=FakeTree(names)), WEB, "c" * 40)
    assert raised.value.codes == ("frontend-incomplete",)
    assert raised.value.problems[0].where == f"apps/web/{missing}"
