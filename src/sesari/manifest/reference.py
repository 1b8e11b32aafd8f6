"""The annotated reference manifest, read as a JSON Schema (draft 2020-12)."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

from sesari.model.json import Json, JsonObject

ANY = "*"
DURATION = r"^[0-9]+(s|m|h|d)$"
DAYS = r"^[0-9]+d$"
_ENTRY = re.compile(r"\[(?P<table>[^\]]+)\]|(?P<key>[A-Za-z0-9_-]+) = ")
_TYPES: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}


@dataclass(slots=True)
class _Node:
    """One key or table of the reference: its words, its annotations, its keys (`*` for names of one's own)."""

    description: str
    notes: dict[str, Json]
    example: object
    children: dict[str, _Node] = field(default_factory=dict)


def derive(text: str) -> JsonObject:
    """The JSON Schema of the annotated reference `text`.

    Raises ValueError naming the key that has no description or is annotated twice: the reference is part of this
    package, so that is a mistake in the package and not a user's.
    """
    root = _Node("", {}, tomllib.loads(text))
    for path, comments in _entries(text):
        _place(root, path, comments)
    schema: JsonObject = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "sesari.toml",
        "description": "What a product is, and the isolated environments it lives in.",
    }
    return schema | _schema(root, root, partial=False)


def render(schema: JsonObject) -> str:
    """The schema as the text that is kept in `schema.json`."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _entries(text: str) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Each table and key in order with the comment lines right above it."""
    table: tuple[str, ...] = ()
    comments: list[str] = []
    for line in text.splitlines():
        match = _ENTRY.match(line)
        if line.startswith("#"):
            comments.append(line)
        elif match:
            if match["table"]:
                table = tuple(match["table"].split("."))
                yield table, comments
            else:
                yield (*table, match["key"]), comments
            comments = []
        else:
            comments = []


def _place(root: _Node, path: tuple[str, ...], comments: list[str]) -> None:
    node, example = root, root.example
    for name in path[:-1]:
        node, example = _child(node, name), _value(example, name)
    key = ANY if "names" in node.notes else path[-1]
    words = " ".join(line.removeprefix("#").strip() for line in comments if not line.startswith("#:"))
    notes = tomllib.loads("\n".join(line.removeprefix("#:") for line in comments if line.startswith("#:")))
    if key in node.children or "like" in node.notes:
        if words or notes:
            raise ValueError(f"{'.'.join(path)} is described twice")
        return
    if not words:
        raise ValueError(f"{'.'.join(path)} has no description")
    node.children[key] = _Node(words, notes, _value(example, path[-1]))


def _child(node: _Node, name: str) -> _Node:
    return node.children[ANY if ANY in node.children else name]


def _value(example: object, name: str) -> object:
    return example[name] if isinstance(example, dict) else None


def _schema(root: _Node, node: _Node, *, partial: bool) -> JsonObject:
    """One node's schema; `partial` leaves out what is required and what is default, for overrides."""
    if "like" in node.notes:
        target = root
        for name in str(node.notes["like"]).split("."):
            target = target.children[name]
        return _schema(root, target, partial=True) | {"description": node.description}
    if isinstance(node.example, dict):
        return _table(root, node, partial=partial)
    return _leaf(node, partial=partial)


def _table(root: _Node, node: _Node, *, partial: bool) -> JsonObject:
    schema: JsonObject = {"type": "object"}
    if node.description:
        schema = {"description": node.description, **schema}
    if "names" in node.notes:
        schema["propertyNames"] = {"pattern": node.notes["names"]}
        schema["x-expects"] = node.notes["expects"]
        schema["additionalProperties"] = _schema(root, node.children[ANY], partial=partial)
        if node.notes.get("required"):
            schema["minProperties"] = 1
    else:
        properties = {name: _schema(root, child, partial=partial) for name, child in node.children.items()}
        required = [name for name, child in node.children.items() if child.notes.get("required") is True]
        schema["properties"] = dict(properties)
        if required and not partial:
            schema["required"] = list(required)
        schema["additionalProperties"] = False
        if "kind" in node.children:
            schema["allOf"] = [_rules_of_kind(node, kind) for kind in _kinds(node)]
    for note in ("kinds", "needed"):
        if note in node.notes and not partial:
            schema[f"x-{note}"] = node.notes[note]
    return schema


def _leaf(node: _Node, *, partial: bool) -> JsonObject:
    notes = node.notes
    type_ = _TYPES[type(node.example)]
    schema: JsonObject = {"description": node.description, "type": type_}
    bounds = ("minLength", "maxLength") if type_ == "string" else ("minimum", "maximum")
    renamed = [("minimum", bounds[0]), ("maximum", bounds[1]), ("expects", "x-expects")]
    schema |= _copied(notes, [*renamed, ("enum", "enum"), ("pattern", "pattern")])
    if isinstance(duration := notes.get("duration"), dict):
        schema["pattern"] = DAYS if duration["unit"] == "days" else DURATION
        schema["x-expects"] = f"a duration from `{duration['shortest']}` to `{duration['longest']}`"
        schema["x-duration"] = duration
    if type_ == "array":
        schema["items"] = {"type": "string", "pattern": notes["items"], "x-expects": notes["expects"]}
        schema["uniqueItems"] = True
    if not partial:
        schema |= _copied(notes, [("default", "default"), ("needed", "x-needed")])
    schema |= _copied(notes, [("default_from", "x-default-from"), ("kinds", "x-kinds")])
    if isinstance(kinds := notes.get("required"), list):
        schema["x-kinds"] = kinds
    return schema


def _copied(notes: JsonObject, renamed: list[tuple[str, str]]) -> JsonObject:
    return {keyword: notes[note] for note, keyword in renamed if note in notes}


def _kinds(node: _Node) -> list[str]:
    kinds = node.children["kind"].notes["enum"]
    return [str(kind) for kind in kinds] if isinstance(kinds, list) else []


def _rules_of_kind(node: _Node, kind: str) -> JsonObject:
    """What a service of this kind must have and must not have."""
    required: list[Json] = []
    for name, child in node.children.items():
        needed = child.notes.get("required")
        if isinstance(needed, list) and kind in needed:
            required.append(name)
    refused = _refused(node, kind)
    then: JsonObject = {"properties": refused}
    if required:
        then["required"] = required
    return {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": then}


def _refused(node: _Node, kind: str) -> JsonObject:
    refused: JsonObject = {}
    for name, child in node.children.items():
        needed = child.notes.get("required")
        allowed = child.notes.get("kinds", needed if isinstance(needed, list) else None)
        if isinstance(allowed, list) and kind not in allowed:
            refused[name] = False
        elif below := _refused(child, kind):
            refused[name] = {"properties": below}
    return refused
