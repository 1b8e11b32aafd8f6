"""Does a tree have the schema's shape? Every deviation becomes a problem, and is taken out of the tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from sesari.errors import Problem
from sesari.manifest.schema import at, names, nearest, text
from sesari.manifest.trees import KeyPath, Tree, value_at
from sesari.manifest.wording import dotted, expected, kind_of, shown
from sesari.model.json import Json, JsonObject

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

Where: TypeAlias = Callable[[KeyPath], str]
_OPEN = frozenset({"variables"})


@dataclass(frozen=True, slots=True)
class Shaped:
    """The tree without what is wrong in it, the problems, and the paths that are missing or were taken out."""

    tree: Tree
    problems: tuple[Problem, ...] = ()
    damaged: tuple[KeyPath, ...] = ()


@dataclass(frozen=True, slots=True)
class _Deviation:
    path: KeyPath
    problem: Problem


def shape(tree: Tree, schema: JsonObject, where: Where, *, lenient: bool = False, toml: bool = True) -> Shaped:
    """Hold `tree` to `schema`. `where` tells the file and line of a path.

    `lenient` reports no missing key: lines were set aside as unreadable, and the key may have been in one.
    Without `toml` the values are no TOML, and nothing is said of quotes.
    """
    import jsonschema_rs

    validator = jsonschema_rs.Draft202012Validator(schema)
    try:
        if validator.is_valid(tree):
            return Shaped(tree)
    except ValueError:
        # Dates, infinities and broken text are no JSON: `_jsonable` makes them null, which fits nowhere.
        pass
    plain = _jsonable(tree)
    found = [
        deviation for error in validator.iter_errors(plain) for deviation in _deviations(error, tree, schema, where)
    ]
    found = [deviation for deviation in found if not (lenient and deviation.problem.code == "manifest-missing-key")]
    found = _without_echoes(found)
    if not toml:
        found = [_Deviation(one.path, _unquoted(one.problem)) for one in found]
    pruned = _without(tree, [deviation.path for deviation in found])
    return Shaped(pruned, tuple(d.problem for d in found), tuple(d.path for d in found))


def _jsonable(value: object) -> Json:
    if isinstance(value, dict):
        return {_clean(str(name)): _jsonable(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_jsonable(child) for child in value]
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, bool | int):
        return value
    return value if isinstance(value, float) and abs(value) < float("inf") else None


def _clean(value: str) -> str:
    return value.encode("utf-8", "replace").decode("utf-8")


def _deviations(error: ValidationError, tree: Tree, schema: JsonObject, where: Where) -> Iterator[_Deviation]:
    path: KeyPath = tuple(error.instance_path)
    kind = error.kind
    name = kind.name
    if name == "additionalProperties":
        for key in kind.as_dict()["unexpected"]:
            yield _Deviation((*path, key), _unknown(path, key, schema, where))
    elif name == "propertyNames":
        yield from _misnamed(path, error, schema, where)
    elif name == "required":
        key = kind.as_dict()["property"]
        yield _Deviation((*path, key), _missing(path, key, schema, where))
    elif name == "falseSchema":
        yield _Deviation(path, _not_for_kind(path, tree, schema, where))
    elif name == "minProperties":
        what = f"`{dotted(path)}` is empty"
        yield _Deviation(
            path, Problem("manifest-empty", what, where(path), text(at(schema, path) or {}, "description"))
        )
    else:
        yield _Deviation(path, _wrong(name, path, tree, schema, where))


def _unknown(path: KeyPath, key: str, schema: JsonObject, where: Where) -> Problem:
    known = names(at(schema, path) or {})
    near = nearest(key, known)
    table_name = f"`{dotted(path)}`" if path else "this file"
    return Problem(
        "manifest-unknown-key",
        f"Unknown key `{dotted((*path, key))}`",
        where((*path, key)),
        f"{table_name} may have {', '.join(f'`{name}`' for name in known)}",
        f"Did you mean `{near}`?" if near else "Remove it",
    )


def _misnamed(path: KeyPath, error: ValidationError, schema: JsonObject, where: Where) -> Iterator[_Deviation]:
    name = error.kind.as_dict()["error"].instance
    full = (*path, str(name))
    wanted = text(at(schema, path) or {}, "x-expects")
    what = f"`{dotted(full)}` is not a possible name"
    yield _Deviation(full, Problem("manifest-name", what, where(full), f"expected {wanted}", None))


def _missing(path: KeyPath, key: str, schema: JsonObject, where: Where) -> Problem:
    node = at(schema, (*path, key)) or {}
    return missing_key((*path, key), node, where(path))


def missing_key(path: KeyPath, node: JsonObject, where: str) -> Problem:
    """What to say of a key that must be there: `node` is its schema, `where` the table it should be in."""
    table_name = f"`{dotted(path[:-1])}`" if len(path) > 1 else "the manifest"
    what = f"Missing key `{path[-1]}` in {table_name}"
    hint = f"Add `{path[-1]}`: {expected(node)}" if text(node, "type") != "object" else f"Add `[{dotted(path)}]`"
    return Problem("manifest-missing-key", what, where, text(node, "description"), hint)


def _not_for_kind(path: KeyPath, tree: Tree, schema: JsonObject, where: Where) -> Problem:
    kinds = (at(schema, path) or {}).get("x-kinds")
    service = value_at(tree, path[:2])
    own = service.get("kind") if isinstance(service, dict) else None
    return not_for_kind(path, str(own), kinds if isinstance(kinds, list) else [], where(path))


def not_for_kind(path: KeyPath, kind: str, kinds: list[Json], where: str) -> Problem:
    """What to say of a key that services of this kind do not have."""
    having = " or ".join(f"`{kind}`" for kind in kinds)
    what = f"`{dotted(path)}` is not a key of {'an' if kind == 'api' else 'a'} `{kind}`"
    return Problem("manifest-kind", what, where, f"only a service of kind {having} has `{path[-1]}`", "Remove it")


def _wrong(name: str, path: KeyPath, tree: Tree, schema: JsonObject, where: Where) -> Problem:
    node = at(schema, path) or {}
    found = value_at(tree, path)
    what = f"`{dotted(path)}` should be {expected(node)}"
    plain = isinstance(found, dict | list) or _OPEN & set(path)
    why = f"found {kind_of(found)}" + ("" if plain else f", {shown(found)}")
    hint = None
    if name == "enum" and isinstance(found, str):
        choices = node.get("enum")
        near = nearest(found, [str(choice) for choice in choices]) if isinstance(choices, list) else None
        hint = f"Did you mean `{near}`?" if near else None
    if name == "uniqueItems":
        return Problem("manifest-duplicate", f"`{dotted(path)}` names something twice", where(path), None, "Keep one")
    code = {"type": "manifest-type", "enum": "manifest-choice"}.get(name, "manifest-value")
    if name == "type" and isinstance(found, str) and text(node, "type") in ("integer", "number", "boolean"):
        hint = "Write it without quotes"
    if name == "type" and text(node, "type") == "string" and not isinstance(found, dict | list):
        hint = "Write it in quotes"
    return Problem(code, what, where(path), why, hint)


def _unquoted(problem: Problem) -> Problem:
    return replace(problem, hint=None) if problem.code == "manifest-type" else problem


def _without_echoes(found: list[_Deviation]) -> list[_Deviation]:
    """One problem a place: a key that is only misspelt is not reported as missing too."""
    unknown: dict[KeyPath, list[str]] = {}
    for deviation in found:
        if deviation.problem.code == "manifest-unknown-key":
            unknown.setdefault(deviation.path[:-1], []).append(str(deviation.path[-1]))
    seen: set[KeyPath] = set()
    kept = []
    for deviation in found:
        missing = deviation.problem.code == "manifest-missing-key"
        if missing and nearest(str(deviation.path[-1]), unknown.get(deviation.path[:-1], [])):
            continue
        if deviation.path not in seen:
            kept.append(deviation)
        seen.add(deviation.path)
    return kept


def _without(tree: Tree, paths: list[KeyPath]) -> Tree:
    """A copy of the tree in which what stands at these paths is left out."""
    out = {path for path in paths}

    def copy(value: object, path: KeyPath) -> object:
        if isinstance(value, dict):
            return {k: copy(v, (*path, k)) for k, v in value.items() if (*path, k) not in out}
        if isinstance(value, list):
            return [copy(v, (*path, i)) for i, v in enumerate(value) if (*path, i) not in out]
        return value

    copied = copy(tree, ())
    return copied if isinstance(copied, dict) and () not in out else {}
