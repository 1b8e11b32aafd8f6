"""It does not matter in which place an environment's value is said: the effective value is the same."""

from __future__ import annotations

import copy

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import Path, Tree, manifest_trees, written

from sesari.manifest import SourceFile, Sources, parse, resolved
from sesari.manifest.schema import at, environment_schema
from sesari.manifest.variables import variable_name


def _leaves(tree: Tree, path: Path = ()) -> list[Path]:
    found = []
    for name, value in tree.items():
        found += _leaves(value, (*path, name)) if isinstance(value, dict) else [(*path, name)]
    return found


def _take(tree: Tree, path: Path) -> object:
    for name in path[:-1]:
        tree = tree[name]
    return tree.pop(path[-1])


def _put(tree: Tree, path: Path, value: object) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = value


def _as_variable(value: object) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else f"{value:f}" if isinstance(value, float) else str(value)


@settings(max_examples=60, deadline=None)
@given(manifest_trees(), st.data())
def test_a_value_means_the_same_in_every_place(tree: Tree, data: st.DataObject) -> None:
    whole = parse(Sources(SourceFile("sesari.toml", written(tree).text)))
    moved = copy.deepcopy(tree)
    overlays: dict[str, SourceFile] = {}
    variables: dict[str, str] = {}
    for name, section in moved["environments"].items():
        overlay: Tree = {}
        for path in _leaves(section):
            place = data.draw(st.sampled_from(["section", "overlay", "variable"]))
            if place == "overlay":
                _put(overlay, path, _take(section, path))
            elif place == "variable" and not _precise(section, path):
                variables[variable_name(name, path)] = _as_variable(_take(section, path))
        overlays[name] = SourceFile(f"sesari.{name}.toml", written(overlay).text)
    again = parse(Sources(SourceFile("sesari.toml", written(moved).text), overlays, variables))
    assert {name: resolved(e) for name, e in again.environments.items()} == {
        name: resolved(e) for name, e in whole.environments.items()
    }


def _precise(section: Tree, path: Path) -> bool:
    """A share with more digits than a variable's text has here."""
    value: object = section
    for name in path:
        value = value[name] if isinstance(value, dict) else None
    return isinstance(value, float) and float(f"{value:f}") != value


@settings(max_examples=60, deadline=None)
@given(manifest_trees())
def test_two_paths_never_share_a_variable(tree: Tree) -> None:
    for name, section in tree["environments"].items():
        paths = [path for path in _leaves(section) if at(environment_schema(), path)]
        assert len({variable_name(name, path) for path in paths}) == len(paths)
