"""Environment variables that set one value of one environment.

`SESARI_<ENVIRONMENT>__<KEY>__<KEY>`: names in capitals with `-` as `_`, levels joined by two underscores. Names of
one's own have no underscore and keys no hyphen, so every name stands for exactly one path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sesari.errors import Problem
from sesari.manifest.schema import at, nearest, table, text
from sesari.manifest.trees import KeyPath, Tree
from sesari.model.json import JsonObject

START = "SESARI_"
LEVEL = "__"


@dataclass(frozen=True, slots=True)
class Said:
    """What variables say of one environment: the tree, which variable says each path, what was wrong in them."""

    tree: Tree = field(default_factory=dict)
    names: dict[KeyPath, str] = field(default_factory=dict)
    damaged: tuple[KeyPath, ...] = ()


def variable_name(environment: str, path: Iterable[str | int]) -> str:
    """The variable that sets the value at `path` of an environment."""
    return START + LEVEL.join(_capitals(str(part)) for part in (environment, *path))


def read_variables(
    variables: Mapping[str, str], environments: Iterable[str], tree: Tree, node: JsonObject
) -> tuple[dict[str, Said], list[Problem]]:
    """What the `SESARI_ENV__…` variables say, by environment, and the problems of those that nobody knows.

    `tree` is the manifest, whose services and queues can be named; `node` the schema of an environment.
    """
    known = list(environments)
    said = {name: Said() for name in known}
    named = {name: value for name, value in variables.items() if name.startswith(START)}
    if not named:
        return said, []
    paths = {_capitals_path(path): path for path in _settable(tree, node)}
    # Sesari has variables of another kind too, such as SESARI_REHEARSAL: ours have a level, or nearly have one.
    meant = {_squeezed(f"{START}{_capitals(name)}{LEVEL}{path}") for name in known for path in paths}
    ours = {name: value for name, value in named.items() if LEVEL in name or name in meant}
    problems = []
    for name, value in sorted(ours.items()):
        environment, path = _target(name, known, paths)
        if environment is None or path is None:
            problems.append(_unknown(name, known, paths))
            continue
        _put(said[environment].tree, path, _converted(value, text(at(node, path) or {}, "type")))
        said[environment].names[path] = name
    return said, problems


def _target(name: str, environments: list[str], paths: Mapping[str, KeyPath]) -> tuple[str | None, KeyPath | None]:
    first, _, rest = name.removeprefix(START).partition(LEVEL)
    environment = next((known for known in environments if _capitals(known) == first), None)
    if rest in paths:
        return environment, paths[rest]
    table_name, marker, variable = rest.partition(f"{LEVEL}VARIABLES{LEVEL}")
    base = paths.get(f"{table_name}{LEVEL}VARIABLES")
    return environment, (*base, variable) if marker and variable and base else None


def _settable(tree: Tree, node: JsonObject, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Every path that a variable may set; `variables` stands for all names below it."""
    for name, child in table(node, "properties").items():
        if isinstance(child, dict):
            yield from _below(tree, child, (*path, name))


def _below(tree: Tree, node: JsonObject, path: KeyPath) -> Iterator[KeyPath]:
    entries = node.get("additionalProperties")
    if path[-1] == "variables" or text(node, "type") != "object":
        yield path
    elif isinstance(entries, dict):
        owners = tree.get("services" if path[-1] == "domains" else str(path[-1]))
        for name in owners if isinstance(owners, dict) else ():
            yield from _below(tree, entries, (*path, name))
    else:
        yield from _settable(tree, node, path)


def _unknown(name: str, environments: list[str], paths: Mapping[str, KeyPath]) -> Problem:
    near = _nearest(name.removeprefix(START), environments, paths)
    return Problem(
        "manifest-unknown-variable",
        f"The environment variable `{name}` names nothing that can be set",
        name,
        "variables are read as `SESARI_<ENVIRONMENT>__<KEY>__<KEY>`; the environments are "
        + ", ".join(f"`{known}`" for known in environments),
        f"Did you mean `{START}{near}`?" if near else "Unset it, or see `sesari schema --reference` for the keys",
    )


def _nearest(words: str, environments: list[str], paths: Mapping[str, KeyPath]) -> str | None:
    """What was probably meant: level by level, or with `_` where a level should begin."""
    owners = [_capitals(known) for known in environments]
    for owner in owners:
        if words.startswith(f"{owner}_"):
            squeezed = _squeezed(words.removeprefix(owner))
            meant = next((rest for rest in paths if _squeezed(f"_{rest}") == squeezed), None)
            if meant:
                return f"{owner}{LEVEL}{meant}"
    first, *rest = words.split(LEVEL)
    found = [first if first in owners else nearest(first, owners)]
    known = [path.split(LEVEL) for path in paths]
    for depth, part in enumerate(rest):
        levels = {levels[depth] for levels in known if len(levels) > depth}
        near = part if part in levels else nearest(part, sorted(levels))
        known = [levels for levels in known if levels[depth : depth + 1] == [near]]
        found.append(near)
    complete = any(len(levels) == len(rest) for levels in known)
    return LEVEL.join(part or "" for part in found) if complete and None not in found else None


def _squeezed(words: str) -> str:
    return words.replace(LEVEL, "_")


def _converted(value: str, type_: str) -> object:
    """The text as the type the schema has there; a text that does not convert stays, and the schema refuses it."""
    if type_ == "integer" and re.fullmatch(r"-?[0-9]{1,18}", value):
        return int(value)
    if type_ == "number" and re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", value):
        return float(value)
    if type_ == "boolean" and value in ("true", "false"):
        return value == "true"
    return _listed(value) if type_ == "array" else value


def _listed(value: str) -> object:
    if not value.startswith("["):
        return [part.strip() for part in value.split(",") if part.strip()]
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _put(tree: Tree, path: KeyPath, value: object) -> None:
    for part in path[:-1]:
        below = tree.setdefault(str(part), {})
        if not isinstance(below, dict):
            return
        tree = below
    tree[str(path[-1])] = value


def _capitals(name: str) -> str:
    return name.upper().replace("-", "_")


def _capitals_path(path: KeyPath) -> str:
    return LEVEL.join(_capitals(str(part)) for part in path)
