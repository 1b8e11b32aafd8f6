"""What every root has: provider pins, the backend, names and tags."""

from __future__ import annotations

from collections.abc import Iterable

from sesari.model.stack import Backend, ModuleCall, ProviderPin, Reference, Value

# Exact, because two runs of one commit must not differ; the modules themselves accept ranges.
AWS = ("hashicorp/aws", "5.100.0")
VERCEL = ("vercel/vercel", "5.10.0")
SUPABASE = ("supabase/supabase", "1.10.1")


def aws(product: str, environment: str, account: str, region: str) -> ProviderPin:
    """The AWS provider of one root: it acts in one account only, and tags everything that it makes."""
    tags: dict[str, Value] = {"product": product, "environment": environment, "managed-by": "terraform"}
    configuration: dict[str, Value] = {
        "region": region,
        "allowed_account_ids": (account,),
        "default_tags": {"tags": tags},
    }
    return ProviderPin("aws", *AWS, configuration)


def vercel(team: str | None) -> ProviderPin:
    """The Vercel provider, bound to one team."""
    return ProviderPin("vercel", *VERCEL, {"team": team} if team else {})


def supabase() -> ProviderPin:
    """The Supabase provider. Its organisation is an input of the database's module."""
    return ProviderPin("supabase", *SUPABASE)


def backend(product: str, environment: str, account: str, region: str, key: str) -> Backend:
    """The S3 backend whose bucket and key the bootstrap of that account makes."""
    alias = f"alias/{product}-{environment}-state"
    return Backend(
        bucket=f"{product}-{environment}-state-{account}",
        key=key,
        region=region,
        kms_key_id=f"arn:aws:kms:{region}:{account}:{alias}",
    )


def output_of(call: ModuleCall, *names: str) -> dict[str, Value]:
    """References to some outputs of a module call, by name."""
    return {name: Reference(f"module.{call.name}.{name}") for name in names}


def given(inputs: dict[str, Value]) -> dict[str, Value]:
    """The inputs without those that are None or empty: the module's own default says the same in fewer lines."""
    return {name: value for name, value in inputs.items() if value is not None and value != () and value != {}}


def strings(values: Iterable[str]) -> tuple[Value, ...]:
    """A list of strings as a value."""
    return tuple(values)
