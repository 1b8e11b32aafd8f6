"""How keys, values and expectations are put into words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from sesari.manifest.schema import text
from sesari.manifest.secret_look import looks_secret
from sesari.model.json import JsonObject

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN = 60
_ARTICLES = {"object": "a table", "array": "a list", "integer": "an integer", "number": "a number", "string": "a text"}


def dotted(path: Iterable[str | int]) -> str:
    """A key path as TOML writes it: `services.api.secrets[0]`."""
    words = ""
    for part in path:
        if isinstance(part, int):
            words += f"[{part}]"
        else:
            words += ("." if words else "") + (part if _BARE.fullmatch(part) else json.dumps(part))
    return words


def kind_of(value: object) -> str:
    """The type of a TOML value, as a person calls it."""
    if isinstance(value, bool):
        return "a boolean"
    kinds = ((str, "a text"), (int, "an integer"), (float, "a number"), (list, "a list"), (dict, "a table"))
    return next((words for type_, words in kinds if isinstance(value, type_)), "a date or time")


def expected(node: JsonObject) -> str:
    """What the schema wants at a place: `an integer from 1 to 65535`, `one of `web`, `api`."""
    choices = node.get("enum")
    if isinstance(choices, list):
        listed = [f"`{choice}`" for choice in choices]
        return listed[0] if len(listed) == 1 else "one of " + ", ".join(listed)
    type_ = text(node, "type")
    if type_ == "boolean":
        return "`true` or `false`"
    words = text(node, "x-expects")
    if words and type_ == "string":
        return words
    if words and type_ == "array":
        return f"a list of texts, each {words}"
    return _ARTICLES.get(type_, "something else") + _limits(node)


def _limits(node: JsonObject) -> str:
    if "minimum" in node and "maximum" in node:
        return f" from {node['minimum']} to {node['maximum']}"
    if "maxLength" in node:
        return f" of at most {node['maxLength']} characters"
    return ""


def shown(value: object) -> str:
    """A found value for a message: short, and never one that looks like a secret."""
    if isinstance(value, str) and looks_secret(value):
        return "a value that looks like a secret"
    if isinstance(value, dict | list):
        return kind_of(value)
    words = json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else str(value)
    return f"`{words if len(words) <= _SHOWN else words[:_SHOWN] + '…'}`"
