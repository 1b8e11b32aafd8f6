"""What a security group or a restriction list newly lets through: sets of (CIDR, port, protocol)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from sesari.model.json import Json
from sesari.model.plan import ResourceChange

_RULE_TYPES: Final = {
    "aws_vpc_security_group_ingress_rule": "in",
    "aws_vpc_security_group_egress_rule": "out",
}
NETWORK_TYPES: Final = frozenset({"aws_security_group", "aws_security_group_rule", "supabase_settings", *_RULE_TYPES})
_EVERY: Final = ("-1", "all")


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """One way through: `direction` is `in` or `out`, `peer` a CIDR, a group or a prefix list."""

    direction: str
    peer: str
    protocol: str
    first: int
    last: int

    def covers(self, other: Opening) -> bool:
        """True when everything that gets through `other` gets through this too."""
        return (
            self.direction == other.direction
            and (self.protocol in _EVERY or (self.protocol == other.protocol and self._ports(other)))
            and _within(other.peer, self.peer)
        )

    def _ports(self, other: Opening) -> bool:
        return (
            self.first in (-1, 0) and self.last in (-1, 65535)
        ) or self.first <= other.first <= other.last <= self.last

    @property
    def public(self) -> bool:
        """True when the whole internet may come in by another way than the web's two ports."""
        anybody = self.peer in ("0.0.0.0/0", "::/0")
        web = self.protocol == "tcp" and self.first == self.last and self.first in (80, 443)
        return self.direction == "in" and anybody and not web

    def __str__(self) -> str:
        ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        what = f"{self.protocol} {ports if self.first >= 0 else 'any'}"
        way = "from" if self.direction == "in" else "to"
        return f"{self.direction} {'everything' if self.protocol in _EVERY else what} {way} {self.peer}"


def widened(
    change: ResourceChange, beside: Iterable[ResourceChange] = ()
) -> tuple[tuple[Opening, ...], tuple[Opening, ...]]:
    """What opens and what closes: each opening that no single opening of the other side covers.

    `beside` are rules of the same group that other resources hold: what they open is not new.
    """
    old, new = set(openings(change.type, change.before)), set(openings(change.type, change.after))
    old.update(opening for other in beside for opening in openings(other.type, other.before))
    return _uncovered(new, old), _uncovered(old, new)


def openings(type_: str, value: Json) -> Iterator[Opening]:
    """The openings that one resource makes; those with unknown peers are left out."""
    if not isinstance(value, dict):
        return
    if type_ == "aws_security_group":
        for block, direction in (("ingress", "in"), ("egress", "out")):
            for rule in _dicts(value.get(block)):
                yield from _rule(rule, direction, rule.get("protocol"))
    elif type_ == "aws_security_group_rule":
        direction = "in" if value.get("type") == "ingress" else "out"
        yield from _rule(value, direction, value.get("protocol"))
    elif type_ in _RULE_TYPES:
        yield from _rule(value, _RULE_TYPES[type_], value.get("ip_protocol"))
    elif type_ == "supabase_settings":
        yield from _restrictions(value.get("network"))


def _rule(rule: dict[str, Json], direction: str, protocol: Json) -> Iterator[Opening]:
    first, last = rule.get("from_port"), rule.get("to_port")
    for peer in _peers(rule):
        yield Opening(
            direction=direction,
            peer=peer,
            protocol=str(protocol),
            first=first if isinstance(first, int) else -1,
            last=last if isinstance(last, int) else -1,
        )


def _peers(rule: dict[str, Json]) -> Iterator[str]:
    for key in ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups"):
        found = rule.get(key)
        yield from (str(peer) for peer in found if peer) if isinstance(found, list) else ()
    for key in ("cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id", "source_security_group_id"):
        if isinstance(rule.get(key), str) and rule[key]:
            yield str(rule[key])
    if rule.get("self") is True:
        yield "itself"


def _restrictions(value: Json) -> Iterator[Opening]:
    """Supabase's `network` setting: JSON text with `restrictions`, the CIDRs that reach the database."""
    try:
        decoded = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return
    found = decoded.get("restrictions") if isinstance(decoded, dict) else None
    for peer in found if isinstance(found, list) else ():
        yield Opening("in", str(peer), "postgres", 5432, 6543)


def _dicts(value: Json) -> Iterable[dict[str, Json]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else ()


def _uncovered(these: set[Opening], those: set[Opening]) -> tuple[Opening, ...]:
    return tuple(sorted(one for one in these if not any(other.covers(one) for other in those)))


def _within(peer: str, other: str) -> bool:
    if peer == other:
        return True
    inside, outside = _network(peer), _network(other)
    if isinstance(inside, IPv4Network) and isinstance(outside, IPv4Network):
        return inside.subnet_of(outside)
    if isinstance(inside, IPv6Network) and isinstance(outside, IPv6Network):
        return inside.subnet_of(outside)
    return False


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
