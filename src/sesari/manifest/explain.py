"""Every effective value of one environment with where it came from and what it overrode."""

from __future__ import annotations

from sesari.errors import Problem, SesariError
from sesari.manifest.layers import Effective, effective_schema
from sesari.manifest.parse import effectives, unknown_environment
from sesari.manifest.schema import at, nearest
from sesari.manifest.sources import Sources
from sesari.manifest.trees import ABSENT, KeyPath, find, leaves
from sesari.manifest.wording import dotted
from sesari.model.json import JsonObject
from sesari.model.manifest import Origin, Setting


def explain(sources: Sources, environment: str) -> tuple[Setting, ...]:
    """The settings of one environment, in the order of the manifest's keys.

    Raises SesariError for a wrong manifest or an unknown environment.
    """
    known = effectives(sources)
    if environment not in known:
        raise SesariError(unknown_environment(environment, known, "--env"))
    effective = known[environment]
    node = effective_schema()
    return tuple(_setting(effective, path, value, node) for path, value in leaves(effective.tree))


def below(settings: tuple[Setting, ...], prefix: str) -> tuple[Setting, ...]:
    """The settings at the key `prefix` or below it. Raises SesariError when there are none."""
    found = tuple(
        one for one in settings if not prefix or one.key == prefix or one.key.startswith((f"{prefix}.", f"{prefix}["))
    )
    if found:
        return found
    keys = [one.key for one in settings]
    tables = {".".join(parts[:depth]) for parts in (key.split(".") for key in keys) for depth in range(1, len(parts))}
    near = nearest(prefix, [*sorted(tables), *keys])
    hint = f"Did you mean `{near}`?" if near else "Leave the key away to see them all"
    raise SesariError(
        Problem("config-unknown-key", f"No value has a key that begins with `{prefix}`", None, None, hint)
    )


def _setting(effective: Effective, path: KeyPath, value: object, node: JsonObject) -> Setting:
    said: list[tuple[Origin, object]] = []
    for layer in reversed(effective.layers):
        own = find(layer.tree, path)
        if own is not ABSENT:
            said.append((layer.origin(path, effective.places), own))
    default = (at(node, path) or {}).get("default", ABSENT)
    if default is not ABSENT or not said:
        said.append((Origin("default"), value if default is ABSENT else default))
    return Setting(dotted(path), value, said[0][0], tuple(said[1:]))
