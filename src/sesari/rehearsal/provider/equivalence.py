"""When the old plugin framework (SDKv2, most of the aws provider) sees no difference between two values."""

from __future__ import annotations

import json
from typing import Any

from sesari.rehearsal.provider.values import Value

# Where an IAM policy writes one string for a list of one, and order has no meaning.
UNORDERED = {"Action", "NotAction", "Resource", "NotResource", "AWS", "Service", "Federated", "CanonicalUser"}


def legacy_equivalent(prior: Value, proposed: Value) -> bool:
    """Null and the type's zero value are one to SDKv2, and so are two spellings of one JSON document."""
    if _is_zero(prior) and _is_zero(proposed):
        return True
    if isinstance(prior, str) and isinstance(proposed, str):
        return _same_document(prior, proposed)
    return False


def without_zeros(value: Value) -> Value:
    """The value with the zero values inside its objects made null, to compare what SDKv2 would call the same."""
    if isinstance(value, dict):
        return {name: None if _is_zero(item) else without_zeros(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_zeros(item) for item in value]
    return value


def _is_zero(value: Value) -> bool:
    return value is None or value is False or value in ("", 0) or value in ([], {})


def _same_document(left: str, right: str) -> bool:
    if left == right:
        return True
    if not (left.lstrip().startswith(("{", "[")) and right.lstrip().startswith(("{", "["))):
        return False
    try:
        return bool(_normal(json.loads(left)) == _normal(json.loads(right)))
    except ValueError:
        return False


def _normal(node: Any, unordered: bool = False) -> Any:
    if isinstance(node, dict):
        policy = "Statement" in node
        normal = {key: _normal(value, key in UNORDERED) for key, value in node.items()}
        if policy and isinstance(normal["Statement"], dict):
            normal["Statement"] = [normal["Statement"]]
        return normal
    if isinstance(node, list):
        items = [_normal(item) for item in node]
        if unordered:
            return items[0] if len(items) == 1 else sorted(items, key=json.dumps)
        return items
    return node
