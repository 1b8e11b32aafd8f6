"""The aws provider's default tags: what a resource carries beyond its own tags. PURE."""

from __future__ import annotations

from collections.abc import Mapping

from sesari.rehearsal.provider.values import UNKNOWN, Object, Unknown, Value, wholly_known


def default_tags(provider_config: Mapping[str, Value]) -> dict[str, Value]:
    """The tags of the provider's `default_tags` block; empty without one."""
    blocks = provider_config.get("default_tags")
    first = blocks[0] if isinstance(blocks, list) and blocks else None
    tags = first.get("tags") if isinstance(first, dict) else None
    return dict(tags) if isinstance(tags, dict) else {}


def all_tags(defaults: Mapping[str, Value], own: Value) -> Value:
    """`tags_all`: own tags win over defaults. Unknown as a whole while one of the tags is unknown."""
    if isinstance(own, Unknown) or not wholly_known(own) or not wholly_known(dict(defaults)):
        return UNKNOWN
    return {**defaults, **(own if isinstance(own, dict) else {})}


def own_tags(defaults: Mapping[str, Value], prior_own: Value, everything: Value) -> Value:
    """`tags` after a read: all tags but those that are only defaults. Null stays null where nothing is left."""
    known = prior_own if isinstance(prior_own, dict) else {}
    found = everything if isinstance(everything, dict) else {}
    own: Object = {key: value for key, value in found.items() if key in known or defaults.get(key) != value}
    return own if own or isinstance(prior_own, dict) else None
