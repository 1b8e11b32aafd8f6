"""Environments against each other: accounts and private ranges."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Final

from sesari.errors import Problem
from sesari.manifest.layers import Effective

_PRIVATE: Final = tuple(
    ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
_WIDEST, _NARROWEST = 16, 24


def account_problems(environments: Sequence[Effective]) -> Iterator[Problem]:
    """Two environments in one account, unless both say that this is meant."""
    first: dict[str, Effective] = {}
    for environment in environments:
        account = environment.get("account")
        if not isinstance(account, str):
            continue
        other = first.setdefault(account, environment)
        if other is environment or (environment.get("shared_account") and other.get("shared_account")):
            continue
        silent = environment if not environment.get("shared_account") else other
        yield Problem(
            "manifest-shared-account",
            f"`{other.name}` and `{environment.name}` are in the same AWS account {account}",
            silent.where("account"),
            "an account of its own is what isolates an environment",
            f"Use another account, or write `shared_account = true` in both of them (`{silent.name}` lacks it)",
        )


def shared_name_problems(environments: Sequence[Effective]) -> Iterator[Problem]:
    """In one account, a name that begins with another one and `-`: roles are told apart by `<product>-<name>-*`."""
    by_account: dict[str, list[Effective]] = {}
    for environment in environments:
        account = environment.get("account")
        if isinstance(account, str):
            by_account.setdefault(account, []).append(environment)
    for together in by_account.values():
        for short, long in permutations(together, 2):
            if not long.name.startswith(f"{short.name}-"):
                continue
            yield Problem(
                "manifest-shared-account-names",
                f"`{short.name}` and `{long.name}` cannot be told apart in one AWS account",
                long.where("account"),
                f"the roles of `{short.name}` may change what begins with `{short.name}-`, and `{long.name}` does",
                "Give one of them another account, or a name that does not begin with the other's",
            )


def network_problems(environments: Sequence[Effective]) -> Iterator[Problem]:
    """Ranges that are none, not private, of a wrong size, or overlap another environment's."""
    ranges: list[tuple[ipaddress.IPv4Network, Effective]] = []
    for environment in environments:
        cidr = environment.get("network", "cidr")
        if not isinstance(cidr, str):
            continue
        where = environment.where("network", "cidr")
        try:
            network = ipaddress.IPv4Network(cidr, strict=False)
        except ValueError:
            yield Problem(
                "manifest-network", f"`{cidr}` is not an IPv4 range", where, None, "Write one such as `10.20.0.0/16`"
            )
            continue
        ranges.append((network, environment))
        yield from _range(cidr, network, where)
    yield from _overlaps(ranges)


def _range(cidr: str, network: ipaddress.IPv4Network, where: str) -> Iterator[Problem]:
    if str(network) != cidr:
        what, why = f"`{cidr}` is not the beginning of a range", "its host bits are set"
        yield Problem("manifest-network", what, where, why, f"Did you mean `{network}`?")
    if not _WIDEST <= network.prefixlen <= _NARROWEST:
        what = f"`{cidr}` has the wrong size for an environment"
        why = f"it must be between /{_WIDEST}, which is AWS's limit, and /{_NARROWEST}, which two zones need"
        yield Problem("manifest-network", what, where, why)
    elif not any(network.subnet_of(private) for private in _PRIVATE):
        what, why = f"`{cidr}` is not a private range", "its addresses belong to others on the internet"
        yield Problem("manifest-network", what, where, why, "Use one in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")


def _overlaps(ranges: list[tuple[ipaddress.IPv4Network, Effective]]) -> Iterator[Problem]:
    """Sorted by address, a range overlaps an earlier one exactly when it begins before that one's end."""
    order = {id(environment): index for index, (_, environment) in enumerate(ranges)}
    widest: tuple[ipaddress.IPv4Network, Effective] | None = None
    for network, environment in sorted(ranges, key=lambda pair: (pair[0].network_address, order[id(pair[1])])):
        if widest and network.network_address <= widest[0].broadcast_address:
            pair = sorted(((network, environment), widest), key=lambda one: order[id(one[1])])
            (first, one), (second, two) = pair
            what = f"The private ranges of `{one.name}` and `{two.name}` overlap: {first} and {second}"
            why = "an address must tell its environment, and overlapping networks can never be connected"
            where = two.where("network", "cidr")
            yield Problem("manifest-overlap", what, where, why, "Give each environment a range of its own")
        if widest is None or network.broadcast_address > widest[0].broadcast_address:
            widest = (network, environment)
