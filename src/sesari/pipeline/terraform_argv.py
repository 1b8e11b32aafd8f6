"""PURE: the arguments of every Terraform run.

`-lock=false` throughout: the state lock is ours, taken beforehand as Terraform's own lock object (see `state_lock`).
"""

from __future__ import annotations

PLATFORMS = ("linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64")


def init() -> tuple[str, ...]:
    """`-reconfigure`: the backend is taken as it is written; a state never moves by itself."""
    return ("init", "-input=false", "-json", "-reconfigure", "-lock=false")


def plan(out: str, *, destroy: bool = False, refresh_only: bool = False) -> tuple[str, ...]:
    """`-detailed-exitcode`: 0 no change, 2 changes."""
    kind = ("-destroy",) if destroy else ("-refresh-only",) if refresh_only else ()
    return ("plan", "-input=false", "-json", "-lock=false", "-detailed-exitcode", *kind, f"-out={out}")


def show(plan_file: str) -> tuple[str, ...]:
    return ("show", "-json", plan_file)


def apply(plan_file: str) -> tuple[str, ...]:
    return ("apply", "-input=false", "-json", "-lock=false", plan_file)


def push(state_file: str) -> tuple[str, ...]:
    """Terraform itself refuses a state of another lineage or with a lower serial."""
    return ("state", "push", "-lock=false", state_file)


def adopt(address: str, id: str) -> tuple[str, ...]:
    """Take into the state what is there already."""
    return ("import", "-input=false", "-lock=false", "-no-color", address, id)


def providers_lock(platforms: tuple[str, ...] = PLATFORMS) -> tuple[str, ...]:
    return ("providers", "lock", *(f"-platform={platform}" for platform in platforms))
