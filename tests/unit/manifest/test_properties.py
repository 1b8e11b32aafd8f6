"""Properties: valid manifests parse, one mistake is found on its line, and nothing but SesariError comes out."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import Path, Tree, manifest_trees, written

from sesari.errors import Problem, SesariError
from sesari.manifest import SourceFile, Sources, decode, explain, parse, resolved, schema_text
from sesari.manifest.schema import at

SCHEMA = json.loads(schema_text())
SECTIONS = ("product", "delivery", "services", "environments")


def _sources(text: str) -> Sources:
    return Sources(SourceFile("sesari.toml", text))


def _problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(SesariError) as caught:
        parse(_sources(text))
    return caught.value.problems


def _leaves(tree: Tree, path: Path = ()) -> list[Path]:
    found = []
    for name, value in tree.items():
        found += _leaves(value, (*path, name)) if isinstance(value, dict) else [(*path, name)]
    return found


def _table(tree: Tree, path: Path) -> Tree:
    for name in path:
        tree = tree[name]
    return tree


@settings(max_examples=60, deadline=None)
@given(manifest_trees())
def test_a_valid_manifest_parses_and_is_explained(tree: Tree) -> None:
    sources = _sources(written(tree).text)
    manifest = parse(sources)
    assert list(manifest.environments) == list(tree["environments"])
    for name, environment in manifest.environments.items():
        assert list(environment.services) == list(tree["services"])
        assert json.loads(json.dumps(resolved(environment))) == resolved(environment)
        assert environment.account == tree["environments"][name]["account"]
        for key, service in environment.services.items():
            assert (service.size is None) == (service.kind == "web")
            assert (service.scale is not None and service.scale.latency is not None) == (service.kind == "worker")
            assert set(tree["services"][key].get("secrets", [])) == set(service.secrets)
    name = next(iter(tree["environments"]))
    lines = {setting.origin.line for setting in explain(sources, name) if setting.origin.source == "sesari.toml"}
    assert None not in lines


def _required(tree: Tree) -> list[Path]:
    """The keys of the tree that may not be absent."""
    by_kind = {"web": [], "api": ["port", "health"], "worker": ["queue"]}
    found: list[Path] = [("product", "name"), ("product", "repository"), ("delivery", "account")]
    for name, service in tree["services"].items():
        found += [("services", name, key) for key in ("target", "path", *by_kind[service["kind"]])]
    for name in tree["environments"]:
        found += [("environments", name, "account"), ("environments", name, "network", "cidr")]
    return found


@settings(max_examples=50, deadline=None)
@given(manifest_trees(), st.data())
def test_a_required_key_taken_away_is_named_at_its_table(tree: Tree, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(_required(tree)))
    broken = copy.deepcopy(tree)
    del _table(broken, path[:-1])[path[-1]]
    out = written(broken)
    problems = [problem for problem in _problems(out.text) if problem.code == "manifest-missing-key"]
    assert [(p.where, f"`{path[-1]}`" in p.what) for p in problems] == [(f"sesari.toml:{out.at[path[:-1]]}", True)]


@settings(max_examples=60, deadline=None)
@given(manifest_trees(), st.data())
def test_a_misspelt_key_is_named_on_its_line_with_the_right_one(tree: Tree, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from([path for path in _leaves(tree) if _is_fixed(path) and len(path[-1]) > 2]))
    broken = copy.deepcopy(tree)
    table = _table(broken, path[:-1])
    misspelt = f"{path[-1]}x"
    table[misspelt] = table.pop(path[-1])
    out = written(broken)
    problems = [problem for problem in _problems(out.text) if problem.code == "manifest-unknown-key"]
    assert [(problem.where, problem.hint) for problem in problems] == [
        (f"sesari.toml:{out.at[(*path[:-1], misspelt)]}", f"Did you mean `{path[-1]}`?")
    ]


def _is_fixed(path: Path) -> bool:
    """Whether the last part of a path is a key of Sesari's, not a name of the user's."""
    node = at(SCHEMA, path[:-1])
    return node is not None and path[-1] in node.get("properties", {})


@settings(max_examples=60, deadline=None)
@given(manifest_trees(), st.data())
def test_a_value_of_a_wrong_type_is_named_on_its_line(tree: Tree, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(_leaves(tree)))
    node = at(SCHEMA, path) or {}
    wrong = {"string": [5, True, ["x"], 1.5], "integer": ["x", True, 2.5], "number": ["x", [1]], "boolean": ["x", 1]}
    broken = copy.deepcopy(tree)
    _table(broken, path[:-1])[path[-1]] = data.draw(st.sampled_from(wrong.get(node["type"], [3, "x"])))
    out = written(broken)
    lines = [problem.where for problem in _problems(out.text) if problem.code == "manifest-type"]
    assert lines == [f"sesari.toml:{out.at[path]}"]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_a_manifest_or_problems(body: bytes) -> None:
    with pytest.raises(SesariError) as caught:
        parse(Sources(decode("sesari.toml", body)))
    assert caught.value.problems


_PIECES = st.sampled_from(
    (*"[]{}=.,#'a1é\n\r ", '"', '"""', "[[", "]]", "product", "services", "api", "environments", "kind", "-1e9", "nan")
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.lists(_PIECES, max_size=60).map("".join)))
def test_any_text_gives_problems(text: str) -> None:
    problems = _problems(text)
    assert problems
    assert all(problem.code.startswith("manifest-") and problem.where for problem in problems)


_ANY_NAME = st.text("abkz_-", min_size=1, max_size=4)
_ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)).filter(
        lambda v: v is not None
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abkz_-", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(manifest_trees(), st.data())
def test_anything_anywhere_never_breaks_the_checks(tree: Tree, data: st.DataObject) -> None:
    """Replace any table or value by anything: the checks that follow must live with what is left."""
    every = [path[:depth] for path in _leaves(tree) for depth in range(1, len(path) + 1)]
    path = data.draw(st.sampled_from(every))
    value = data.draw(_ANY)
    broken = copy.deepcopy(tree)
    _table(broken, path[:-1])[path[-1]] = value
    try:
        parse(_sources(written(broken).text))
    except SesariError as error:
        assert error.problems


@settings(max_examples=50, deadline=None)
@given(
    manifest_trees(), st.dictionaries(st.text("ABSEIPRT_", min_size=1, max_size=12), st.text(max_size=8), max_size=3)
)
def test_any_variables_give_a_manifest_or_problems(tree: Tree, rest: dict[str, str]) -> None:
    name = next(iter(tree["environments"])).upper()
    variables = {f"SESARI_{name}__{key}": value for key, value in rest.items()}
    try:
        parse(Sources(SourceFile("sesari.toml", written(tree).text), {}, variables))
    except SesariError as error:
        assert all(problem.where in variables for problem in error.problems)
    else:
        assert not variables
