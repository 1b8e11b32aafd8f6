"""Domains: each belongs to one service of one environment, and only some services have one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sesari.errors import Problem
from sesari.manifest.layers import Effective


def domain_problems(environments: Sequence[Effective]) -> Iterator[Problem]:
    """A domain used twice, or given to a worker."""
    owners: dict[str, str] = {}
    for environment in environments:
        for service, domain in environment.table("domains").items():
            if not isinstance(domain, str):
                continue
            where = environment.where("domains", service)
            owner = f"`{service}` in `{environment.name}`"
            if environment.get("services", service, "kind") == "worker":
                what = f"The worker `{service}` cannot have a domain"
                yield Problem("manifest-domain", what, where, "a worker answers no requests", "Remove it")
            other = owners.setdefault(domain, owner)
            if other != owner:
                what = f"The domain `{domain}` is given twice: to {other} and to {owner}"
                yield Problem("manifest-duplicate-domain", what, where, None, "Give each its own")
