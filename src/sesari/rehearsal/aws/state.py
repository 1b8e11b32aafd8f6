"""PURE: joins what the emulator keeps with what only Terraform's state remembers, in the provider schema's shape."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

State = dict[str, Any]
Schema = Mapping[str, Any]


def settle(block: Schema, state: State, seen: State, defaults: State, texts: Collection[str]) -> State:
    """The full attribute object of one resource.

    `state` is the prior or planned object, `seen` what was read back. What was not read back is taken from the state;
    what was wins, but for spelling: an optional attribute left out stays null while the cloud holds its default, JSON
    `texts` that mean the same keep the state's text, and sets keep the state's order.
    """
    result: State = {}
    for name, spec in block.get("attributes", {}).items():
        if name not in seen:
            result[name] = state.get(name)
        elif name in texts and same_document(state.get(name), seen[name]):
            result[name] = state[name]
        else:
            result[name] = _attribute(spec, state.get(name), seen[name], defaults.get(name))
    for name, nested in block.get("block_types", {}).items():
        if name in ("timeouts",) or name not in seen:
            result[name] = state.get(name) if nested["nesting_mode"] == "single" else state.get(name) or []
        else:
            result[name] = _blocks(nested, state.get(name) or [], seen[name], defaults.get(name) or {})
    if "tags_all" in seen and "tags" in result:
        result["tags"] = own_tags(state, seen["tags_all"])
    return result


def _attribute(spec: Schema, held: Any, seen: Any, default: Any) -> Any:
    optional_only = spec.get("optional") and not spec.get("computed")
    if held is None and optional_only and (seen == default or seen in (None, "", [], {}, False)):
        return None
    if seen is None and held in ("", [], {}, False):
        return held
    if isinstance(held, list) and isinstance(seen, list) and spec["type"][0] == "set":
        return held if _unordered(held) == _unordered(seen) else seen
    return seen


def _blocks(nested: Schema, held: list[State], seen: list[State], defaults: State) -> list[State]:
    """Nested blocks: lists pair by position, sets by likeness, keeping the state's order for those that stayed."""
    block = nested["block"]
    if nested["nesting_mode"] == "list":
        return [settle(block, _at(held, index), element, defaults, ()) for index, element in enumerate(seen)]
    rest = list(seen)
    result: list[State] = []
    for element in held:
        partner = max(rest, key=lambda candidate: _likeness(element, candidate), default=None)
        if partner is not None and _likeness(element, partner) > 0:
            rest.remove(partner)
            result.append(settle(block, element, partner, defaults, ()))
    return result + [settle(block, {}, element, defaults, ()) for element in rest]


def _at(elements: list[State], index: int) -> State:
    return elements[index] if index < len(elements) else {}


def _likeness(one: State, other: State) -> int:
    return sum(1 for name, value in other.items() if one.get(name) == value)


def _unordered(values: list[Any]) -> list[str]:
    return sorted(json.dumps(value, sort_keys=True) for value in values)


def own_tags(state: State, everything: Mapping[str, str]) -> dict[str, str] | None:
    """`tags` out of all tags: without the provider's default tags, which are those the state has in `tags_all` only."""
    own = state.get("tags") or {}
    default = {name: value for name, value in (state.get("tags_all") or {}).items() if name not in own}
    result = {name: value for name, value in everything.items() if default.get(name) != value}
    return result if result else (None if state.get("tags") is None else {})


def same_document(one: object, other: object) -> bool:
    """True when two JSON texts mean the same to AWS: no order in lists, one element with or without a list."""
    if not isinstance(one, str) or not isinstance(other, str):
        return one is other
    try:
        return bool(_canonical(json.loads(one)) == _canonical(json.loads(other)))
    except ValueError:
        return one == other


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _canonical(inner) for name, inner in value.items() if inner not in (None, [], {})}
    if isinstance(value, list):
        members = sorted((_canonical(inner) for inner in value), key=lambda inner: json.dumps(inner, sort_keys=True))
        return members[0] if len(members) == 1 else members
    return str(value).lower() if isinstance(value, bool) else str(value)


def covers(actual: Any, wanted: Any) -> bool:
    """True when `actual` has everything that `wanted` says; more is allowed, as APIs fill in their defaults."""
    if isinstance(wanted, dict):
        return isinstance(actual, dict) and all(
            value in (None, [], {}, "") or covers(actual.get(name), value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(actual, list)
            and len(actual) == len(wanted)
            and all(any(covers(one, other) for one in actual) for other in wanted)
        )
    return str(actual) == str(wanted)


def given(**values: Any) -> dict[str, Any]:
    """Request parameters without those that are null or empty."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def wanted_tags(state: State) -> dict[str, str]:
    """Every tag a resource should carry, the provider's default tags with it."""
    return dict(state.get("tags_all") or state.get("tags") or {})


def pairs(tags: Mapping[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    return [{key: name, value: text} for name, text in tags.items()]


def from_pairs(tags: Collection[Mapping[str, str]] | None, key: str = "Key", value: str = "Value") -> dict[str, str]:
    return {tag[key]: tag.get(value, "") for tag in tags or () if not tag[key].startswith("aws:")}


def retag(prior: State, planned: State) -> tuple[list[str], dict[str, str]]:
    """Names to remove and tags to set."""
    before, after = wanted_tags(prior), wanted_tags(planned)
    gone = [name for name in before if name not in after]
    return gone, {name: value for name, value in after.items() if before.get(name) != value}


def changed(prior: State, planned: State, *names: str) -> bool:
    return any(prior.get(name) != planned.get(name) for name in names)
