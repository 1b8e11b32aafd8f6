"""Effective settings as a table or as JSON: value by value, with where each came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sesari.model.json import Json, JsonObject
from sesari.model.manifest import Origin, Setting

if TYPE_CHECKING:
    from rich.table import Table


def settings_table(settings: tuple[Setting, ...]) -> Table:
    """A table of key, value, origin, and what was overrode, nearest first."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, style in (("key", "cyan"), ("value", None), ("from", "green"), ("instead of", "dim")):
        table.add_column(heading, style=style, overflow="fold")
    for setting in settings:
        overrode = ", ".join(f"{_shown(value)} ({_origin(origin)})" for origin, value in setting.overrode)
        cells = (setting.key, _shown(setting.value), _origin(setting.origin), overrode)
        table.add_row(*(Text(cell) for cell in cells))
    return table


def settings_json(environment: str, settings: tuple[Setting, ...]) -> JsonObject:
    """The same as JSON values."""
    return {
        "environment": environment,
        "settings": [
            {
                "key": setting.key,
                "value": _json(setting.value),
                **_origin_json(setting.origin),
                "overrode": [{"value": _json(value), **_origin_json(origin)} for origin, value in setting.overrode],
            }
            for setting in settings
        ],
    }


def _origin_json(origin: Origin) -> JsonObject:
    return {"source": origin.source, "line": origin.line}


def _origin(origin: Origin) -> str:
    return origin.source if origin.line is None else f"{origin.source}:{origin.line}"


def _json(value: object) -> Json:
    if isinstance(value, list):
        return [_json(item) for item in value]
    return value if isinstance(value, bool | int | float | str) else str(value)


def _shown(value: object) -> str:
    return json.dumps(_json(value), ensure_ascii=False)
