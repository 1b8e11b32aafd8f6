"""No secret value is in a manifest, and no secret's name makes it public."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sesari.errors import Problem
from sesari.manifest.layers import Effective
from sesari.manifest.secret_look import looks_secret

PUBLIC: Final = "NEXT_PUBLIC_"
"""Next.js writes variables with this prefix into the page."""


def secret_problems(environment: Effective) -> Iterator[Problem]:
    """Variables that look like secrets or are secrets too; secrets whose name makes Next.js publish them."""
    for name, service in environment.table("services").items():
        if not isinstance(service, dict):
            continue
        secrets = service.get("secrets")
        secrets = secrets if isinstance(secrets, list) else []
        for index, secret in enumerate(secrets):
            if isinstance(secret, str) and secret.startswith(PUBLIC):
                where = environment.where("services", name, "secrets", index)
                what = f"The secret `{secret}` of `services.{name}` would be public"
                why = f"Next.js writes `{PUBLIC}` variables into the page"
                yield Problem("manifest-public-secret", what, where, why, "Give it another name, or make it a variable")
        variables = service.get("variables")
        for variable, value in variables.items() if isinstance(variables, dict) else ():
            yield from _variable(environment, name, variable, value, secrets)


def _variable(
    environment: Effective, service: str, variable: str, value: object, secrets: list[object]
) -> Iterator[Problem]:
    path = ("services", service, "variables", variable)
    if variable in secrets:
        what = f"`{variable}` is both a variable and a secret of `services.{service}`"
        yield Problem("manifest-variable-and-secret", what, environment.where(*path), None, "Keep one of the two")
    look = looks_secret(value, public=variable.startswith(PUBLIC)) if isinstance(value, str) else None
    if look:
        yield Problem(
            "manifest-secret-value",
            f"The value of `{'.'.join(path)}` looks like a secret",
            environment.where(*path),
            f"it looks like {look}; a manifest is read by everybody",
            f"Name `{variable}` in the service's `secrets` and replace the value: it may have been seen",
        )
