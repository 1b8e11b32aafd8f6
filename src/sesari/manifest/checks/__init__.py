"""What the schema cannot say: each check looks at effective environments and yields every problem it finds.

Checks read trees that may have holes: what was already reported is missing from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sesari.errors import Problem
from sesari.manifest.checks.domains import domain_problems
from sesari.manifest.checks.isolation import account_problems, network_problems, shared_name_problems
from sesari.manifest.checks.names import collision_problems, name_problems, reserved_problems
from sesari.manifest.checks.references import needed_problems, override_problems, reference_problems
from sesari.manifest.checks.secrets import secret_problems
from sesari.manifest.checks.services import service_problems
from sesari.manifest.layers import Effective

_ONE = (
    reserved_problems,
    needed_problems,
    override_problems,
    reference_problems,
    service_problems,
    secret_problems,
    name_problems,
)
_ALL = (network_problems, account_problems, shared_name_problems, domain_problems, collision_problems)


def check(environments: Mapping[str, Effective]) -> Iterator[Problem]:
    """Every problem of the environments, each by itself and then against each other. Some come more than once."""
    everyone: Sequence[Effective] = tuple(environments.values())
    for environment in everyone:
        for one in _ONE:
            yield from one(environment)
    for together in _ALL:
        yield from together(everyone)


__all__ = ["check"]
