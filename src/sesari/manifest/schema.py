"""The schema as the other parts of this folder ask it: what may stand at a path."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from sesari.model.json import JsonObject


def schema_text() -> str:
    """The JSON Schema, as committed beside the reference it is derived from."""
    return files("sesari.manifest").joinpath("schema.json").read_text("utf-8")


def reference_text() -> str:
    """The annotated reference manifest."""
    return files("sesari.manifest").joinpath("reference.toml").read_text("utf-8")


@cache
def schema() -> JsonObject:
    """The schema of `sesari.toml`. Shared: do not change it."""
    loaded: JsonObject = json.loads(schema_text())
    return loaded


def environment_schema() -> JsonObject:
    """The schema of what one environment may say, in `[environments.ENV]` and in `sesari.ENV.toml`."""
    found = at(schema(), ("environments", "*"))
    if found is None:
        raise LookupError("the schema has no environments")
    return found


def at(node: JsonObject, path: Iterable[str | int]) -> JsonObject | None:
    """The schema of the value at `path` below `node`, None when nothing may stand there."""
    current: object = node
    for name in path:
        if not isinstance(current, dict):
            return None
        if isinstance(name, int):
            current = current.get("items")
        else:
            current = table(current, "properties").get(name, current.get("additionalProperties"))
    return current if isinstance(current, dict) else None


def table(node: JsonObject, keyword: str) -> JsonObject:
    """A keyword's object, empty when the node has none."""
    value = node.get(keyword)
    return value if isinstance(value, dict) else {}


def names(node: JsonObject) -> list[str]:
    """The keys that may stand in the table that `node` describes; empty where names are the user's own."""
    return list(table(node, "properties"))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant: misspelt, or cut short. None when none is near."""
    known = list(known)
    longer = [other for other in known if len(name) > 1 and other.startswith(name)]
    if len(longer) == 1:
        return longer[0]
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return found[0] if found else None


def text(node: JsonObject, keyword: str) -> str:
    """A keyword's text, empty when the node has none."""
    value = node.get(keyword)
    return value if isinstance(value, str) else ""
