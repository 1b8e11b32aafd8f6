"""PURE: the dependency lock file of a root.

Source of its form: https://developer.hashicorp.com/terraform/language/files/dependency-lock
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from sesari.model.stack import ProviderPin

_REGISTRY = "registry.terraform.io"
_BLOCK = re.compile(r'^provider "([^"]+)" \{\n.*?^\}\n', re.MULTILINE | re.DOTALL)


def requirements(pins: Iterable[ProviderPin]) -> str:
    """A root that requires exactly these providers and has nothing else."""
    entries = [f'    {pin.name} = {{ source = "{pin.source}", version = "{pin.version}" }}' for pin in pins]
    return "\n".join(["terraform {", "  required_providers {", *sorted(entries), "  }", "}", ""])


def only(text: str, sources: Collection[str]) -> str:
    """The lock file with the blocks of the given providers (`hashicorp/aws`) alone."""
    wanted = {f"{_REGISTRY}/{source}" for source in sources}
    head = text[: text.find("provider ")] if "provider " in text else text
    blocks = [match.group(0) for match in _BLOCK.finditer(text) if match.group(1) in wanted]
    return head + "\n".join(blocks)
