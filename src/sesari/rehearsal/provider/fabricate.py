"""Plausible values for what a cloud would compute, the same for the same seed. PURE."""

from __future__ import annotations

import hashlib
import ipaddress
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from sesari.rehearsal.provider.backend import Attributes
from sesari.rehearsal.provider.schema import Block, Collection, ObjectShape, Scalar, Shape

EPOCH = "2026-01-01T00:00:00Z"
LOWER = "abcdefghijklmnopqrstuvwxyz"
ALPHABETS = {
    "hex": "0123456789abcdef",
    "digits": "123456789",
    "letters": LOWER + LOWER.upper() + "0123456789",
    "upper": LOWER.upper() + "234567",
    "ref": LOWER,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a provider's resources are. Vercel and Supabase have neither account nor region."""

    account: str
    region: str
    partition: str = "aws"


def fabricate(
    type: str, planned: Attributes, block: Block, table: Mapping[str, Any], place: Place, seed: str
) -> Attributes:
    """The full state of a new resource: every computed attribute that is None gets a value.

    `table` gives the type's own values, in the order they are needed, with `{...}` naming attributes, the place, or
    random text by alphabet and length (`hex17`). What it does not name gets the generic value of its kind.
    """
    state = dict(planned)
    text = _Text(state, place, seed)
    for name in block.attributes:
        prefix = state.get(f"{name}_prefix")
        if f"{name}_prefix" in block.attributes and state.get(name) is None and (prefix or name not in table):
            state[name] = (prefix or "terraform-") + text.fill("{hex26}")
    for name, template in table.items():
        if name not in block.attributes:
            text.extra[name] = text.fill(template)
        elif state.get(name) is None:
            state[name] = text.fill(template)
    legacy = type.startswith("aws_")
    for name, attribute in block.attributes.items():
        if state.get(name) is None and attribute.computed and name not in table:
            state[name] = _generic(type, name, attribute.shape, state, place, text, legacy)
    return state


def _generic(type: str, name: str, shape: Shape, state: Attributes, place: Place, text: _Text, legacy: bool) -> Any:
    if isinstance(shape, Scalar) and shape.kind == "string":
        return _generic_text(type, name, state, place, text, legacy)
    if not legacy:
        return None
    if isinstance(shape, Collection):
        return {} if shape.kind == "map" else []
    if isinstance(shape, ObjectShape):
        return None
    return 0 if isinstance(shape, Scalar) and shape.kind == "number" else False


def _generic_text(type: str, name: str, state: Attributes, place: Place, text: _Text, legacy: bool) -> str | None:
    if name == "id":
        own = state.get("bucket") if type.startswith("aws_s3_bucket_") else state.get("name")
        return str(own) if own else text.fill(type.rsplit("_", 1)[-1] + "-{hex17}")
    if name == "arn":
        service, _, kind = type.removeprefix("aws_").partition("_")
        own = state.get("name") or text.fill("{hex17}")
        return f"arn:{place.partition}:{service}:{place.region}:{place.account}:{kind or service}/{own}"
    if name.endswith(("_date", "_time", "_at", "_timestamp")):
        return EPOCH
    return "" if legacy else None


class _Text(Formatter):
    """Fills templates. An attribute that is null or absent is empty text."""

    def __init__(self, state: Attributes, place: Place, seed: str) -> None:
        self.extra: dict[str, Any] = {}
        self._state = state
        self._place = place
        self._seed = seed

    def fill(self, template: Any) -> Any:
        if isinstance(template, str):
            return template if "${" in template else self.vformat(template, (), _Names(self._name))
        if isinstance(template, list):
            return [self.fill(item) for item in template]
        if isinstance(template, dict):
            return {name: self.fill(item) for name, item in template.items()}
        return template

    def _name(self, name: str) -> str:
        if name in self.extra:
            return str(self.extra[name])
        value = self._state.get(name)
        if value is not None:
            return str(value)
        if name in ("account", "region", "partition"):
            return str(getattr(self._place, name))
        return self._derived(name) or self._random(name)

    def _derived(self, name: str) -> str | None:
        if name == "path":  # IAM's default
            return "/"
        if name.endswith("_tail"):
            return self._name(name.removesuffix("_tail")).rsplit("/", 1)[-1]
        if name.endswith("_dashed"):
            return self._name(name.removesuffix("_dashed")).replace(".", "-")
        if name.endswith("_bare"):
            return self._name(name.removesuffix("_bare")).lstrip("/")
        if name.endswith("_host"):
            return self._name(name.removesuffix("_host")).removeprefix("https://")
        if name.endswith("_listener"):
            return self._name(name.removesuffix("_listener")).replace(":loadbalancer/", ":listener/")
        if name.endswith("_rule"):
            return self._name(name.removesuffix("_rule")).replace(":listener/", ":listener-rule/")
        return None

    def _random(self, name: str) -> str:
        digest = hashlib.sha256(f"{self._seed}/{name}".encode())
        if name == "uuid":
            return str(uuid.UUID(bytes=digest.digest()[:16], version=4))
        if name == "documentation_ip":  # TEST-NET-3, which routes nowhere
            return str(ipaddress.ip_address("203.0.113.0") + digest.digest()[0])
        if name == "sequence":
            return self._seed.rsplit("/", 1)[-1]
        kind, length = name.rstrip("0123456789"), name[len(name.rstrip("0123456789")) :]
        if kind not in ALPHABETS or not length:
            return ""
        alphabet, stream = ALPHABETS[kind], hashlib.shake_256(digest.digest()).digest(int(length))
        return "".join(alphabet[byte % len(alphabet)] for byte in stream)


class _Names(dict[str, str]):
    def __init__(self, resolve: Any) -> None:
        super().__init__()
        self._resolve = resolve

    def __missing__(self, name: str) -> str:
        return str(self._resolve(name))
