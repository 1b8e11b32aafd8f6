"""What a JSON schema does not hold: which changes replace, defaults, and which types keep data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sesari.rehearsal.provider.values import Value


@dataclass(frozen=True, slots=True)
class Traits:
    """Of one resource type. Paths are dotted attribute names without indexes (`network_configuration.subnets`).

    `recomputed` are computed attributes that any update makes unknown again; `computed_blocks` are nested blocks that
    the cloud fills when the configuration has none, which the JSON form of a schema cannot say.
    """

    replace: tuple[str, ...] = ()
    defaults: Mapping[str, Value] = field(default_factory=dict)
    stateful: bool = False
    recomputed: tuple[str, ...] = ()
    computed_blocks: tuple[str, ...] = ()


def parse_traits(
    document: Mapping[str, Mapping[str, Any]], computed_blocks: Mapping[str, Sequence[str]]
) -> dict[str, Traits]:
    """A sidecar file's content by resource type. A type may be missing, and so may each of its entries."""
    types = {type_: raw for type_, raw in document.items() if isinstance(raw, Mapping)}
    return {
        type_: _traits(types.get(type_, {}), computed_blocks.get(type_, ()))
        for type_ in types.keys() | computed_blocks.keys()
    }


def _traits(raw: Mapping[str, Any], computed_blocks: Sequence[str]) -> Traits:
    return Traits(
        replace=tuple(raw.get("replace", ())),
        defaults=dict(raw.get("defaults", {})),
        stateful=bool(raw.get("stateful", False)),
        recomputed=tuple(raw.get("recomputed", ())),
        computed_blocks=tuple(computed_blocks),
    )
