"""Decides what is secret in a plan, and takes it out before anything is shown.

Three sources, each enough by itself: Terraform's own marks (`*_sensitive`), the name under which a value stands,
and the value's own looks. A text that is marked anywhere in the plan is secret everywhere in it.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sesari.model.json import Json
from sesari.model.plan import AttributePath, ResourceChange

REDACTED: Final = "(sensitive)"

_WORDS: Final = re.compile(
    r"pass(word|wd|phrase|code)|(^|_)(pwd|pat|dsn|auth|salt|jwt|pin|otp)(_|$)|secret|token|credential|authorization|cookie|bearer"
    r"|api_?key|access_?key|private_?key|(signing|encryption|session|service_role|anon|master|account|shared)_?key"
    r"|connection_?string|database_?url|webhook",
)
_HARMLESS: Final = re.compile(
    r"(^|_)(arns?|ids?|names?|version|versions|enabled|count|length|ttl|days?|seconds|expiry|type|path|prefix|rotate|rotation"
    r"|rotation_rules|key_id|description|require[ds]?|recovery_window_in_days|value_?from|policy|region|algorithm)$"
)
_PATTERNS: Final = re.compile(
    r"\b(AKIA|ASIA)[A-Z0-9]{12,}|\bgh[pousr]_\w{16,}|github_pat_\w{16,}|\bglpat-[\w-]{16,}|\b[sr]k[-_](live|test|proj|ant)?[-_]?\w{16,}"
    r"|\bxox[abeprs]-[\w-]{10,}|\bAIza[\w-]{30,}|\bnpm_\w{30,}|\bsb[ps]?_\w{16,}|\bsb_secret_\w+|\bwhsec_\w{16,}|\beyJ[\w-]{8,}\.[\w-]{8,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|://[^\s/:@]*:[^\s/@]+@"
    r"|(?i:(password|passwd|pwd|secret|token|api[_-]?key)\s*(=|:\s)\s*['\"]?[^\s'\"]{4,})"
)
_PUBLIC: Final = re.compile(
    r"^(arn:aws[\w-]*:[^:]*:[^:]*:[^:]*:.*|(\S+@)?sha(256|384|512):[0-9a-f]{32,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|([a-z]{1,12}-)?[0-9a-f]{8,17}|(prj|team|dpl|org|ecfg)_\w{8,32}|[0-9]+|[A-Za-z]+|[0-9a-f]{40})$"
)
_REFERENCE: Final = re.compile(r"(^|_)(value_?from|arns?)$")
_IDENTIFIER: Final = re.compile(
    r"(^|_)(arns?|ids?|etag|hash|digest|sha\d*|base64sha256|fingerprint|thumbprint|version)$"
)
_RUN: Final = re.compile(r"[A-Za-z0-9+/_=.-]{20,}")
_SHORTEST: Final = 8
_DEEPEST: Final = 64


@dataclass(frozen=True, slots=True)
class Redactor:
    """Knows the texts that are marked somewhere in one plan, by their first eight characters."""

    known: Mapping[str, tuple[str, ...]]

    def secret_text(self, text: str) -> bool:
        """True when the text itself is, or holds, something that should not be shown."""
        return self.named(text) or random(text)

    def named(self, text: str) -> bool:
        """True when the text holds a marked text, or a secret of a kind that shows in its form."""
        if len(text) >= _SHORTEST and patterned(text):
            return True
        if not self.known:
            return False
        # By their beginnings, so that the time does not grow with the number of secrets.
        for start in range(len(text) - _SHORTEST + 1):
            found = self.known.get(text[start : start + _SHORTEST])
            if found is not None and any(text.startswith(secret, start) for secret in found):
                return True
        return False

    def secret_value(self, value: Json, path: AttributePath) -> bool:
        """True for one value without children that is secret by its name or by its looks."""
        if value is None or isinstance(value, bool) or value == "":
            return False
        if secret_name(path):
            return True
        if not isinstance(value, str):
            return False
        identifier = bool(path) and isinstance(path[-1], str) and _IDENTIFIER.search(_lowered(path[-1])) is not None
        return self.named(value) or (not identifier and random(value))

    def clean(self, value: Json, mark: Json, path: AttributePath, depth: int = 0) -> Json:
        """The value with every secret in it replaced, wherever it stands; None and empty values stay."""
        if mark is True or depth > _DEEPEST:
            return value if value is None else REDACTED
        if isinstance(value, dict):
            label = label_of(value)
            return {
                self.text(key): self.clean(
                    child, inner(mark, key), (*path, *label, key) if key == "value" else (*path, key), depth + 1
                )
                for key, child in value.items()
            }
        if isinstance(value, list):
            return [self.clean(child, inner(mark, i), (*path, i), depth + 1) for i, child in enumerate(value)]
        if (parts := decoded(value)) is not None and not secret_name(path):
            cleaned = self.clean(parts, False, path, depth + 1)
            return value if cleaned == parts else json.dumps(cleaned, ensure_ascii=False)
        return REDACTED if self.secret_value(value, path) else value

    def text(self, text: str) -> str:
        """The text, or the word for a secret one."""
        return REDACTED if self.secret_text(text) else text

    def sentence(self, text: str) -> str:
        """A sentence with secret words taken out one by one, so that the rest stays readable."""
        if not self.secret_text(text):
            return text
        return self.text(" ".join(self.text(word) for word in text.split(" ")))

    def path(self, path: AttributePath) -> AttributePath:
        """The path with keys that are themselves secret taken out."""
        return tuple(self.text(step) if isinstance(step, str) else step for step in path)

    def address(self, address: str) -> str:
        """The address, with an instance key taken out when it is a secret; ordinary keys of any look stay."""
        if '["' not in address:
            return address
        return re.sub(r'\["((?:[^"\\]|\\.)*)"\]', self._instance, address)

    def _instance(self, match: re.Match[str]) -> str:
        key = match.group(1)
        return f'["{REDACTED}"]' if self.named(key) else match.group(0)


def redactor(changes: Iterable[ResourceChange]) -> Redactor:
    """A redactor that knows every text that Terraform marks as sensitive in these changes."""
    known: set[str] = set()
    for change in changes:
        for value, mark in ((change.before, change.before_sensitive), (change.after, change.after_sensitive)):
            if mark:
                known.update(text for text in _marked(value, mark) if _distinctive(text))
    by_beginning: dict[str, tuple[str, ...]] = {}
    for text in known:
        beginning = text[:_SHORTEST]
        by_beginning[beginning] = (*by_beginning.get(beginning, ()), text)
    return Redactor(by_beginning)


def inner(mark: Json, step: str | int) -> Json:
    """The mark of one child: marks mirror the shape of the value, and `true` covers everything below."""
    if mark is True:
        return True
    if isinstance(mark, dict) and isinstance(step, str):
        return mark.get(step, False)
    if isinstance(mark, list) and isinstance(step, int) and step < len(mark):
        return mark[step]
    return False


def either(one: Json, other: Json) -> Json:
    """The marks of two sides laid over each other: what one side hides is hidden on both."""
    if one is True or other is True:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: either(one.get(key, False), other.get(key, False)) for key in one.keys() | other.keys()}
    if isinstance(one, list) and isinstance(other, list):
        return [either(inner(one, i), inner(other, i)) for i in range(max(len(one), len(other)))]
    return one or other


def decoded(value: Json) -> Json:
    """The JSON object or list that a text holds, or None."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return None
    try:
        parts: Json = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return parts if isinstance(parts, dict | list) else None


def label_of(value: dict[str, Json]) -> AttributePath:
    """The name that a `{name = ..., value = ...}` pair gives to its value; empty for any other object."""
    if "value" not in value:
        return ()
    label = value.get("name", value.get("key"))
    return (label,) if isinstance(label, str) else ()


def secret_name(path: AttributePath) -> bool:
    """True when a value stands under a name that only secrets have."""
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return False
    last = names[-1]
    if _REFERENCE.search(_lowered(last)):
        return False
    if _harmless(last) and not any(_secret(name) for name in names[:-1] if name != "secrets"):
        return False
    return any(_secret(name) for name in names)


@lru_cache(maxsize=4096)
def _secret(name: str) -> bool:
    lowered = _lowered(name)
    # A colon makes it a condition key of a policy (`token.actions.githubusercontent.com:sub`).
    return ":" not in name and _WORDS.search(lowered) is not None and _HARMLESS.search(lowered) is None


@lru_cache(maxsize=4096)
def _harmless(name: str) -> bool:
    return _HARMLESS.search(_lowered(name)) is not None


def _lowered(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


@lru_cache(maxsize=8192)
def patterned(text: str) -> bool:
    """True for a text that holds a key of a known vendor, a private key, a URL's password or `password=...`."""
    return _PATTERNS.search(text) is not None


@lru_cache(maxsize=8192)
def random(text: str) -> bool:
    """True for a text that holds a run of letters and digits without pattern, as keys do and names do not."""
    if len(text) < _SHORTEST or _PUBLIC.match(text):
        return False
    return any(_random_run(run) for run in _RUN.findall(text))


def _random_run(run: str) -> bool:
    """Measured in bits per character (Shannon) over the longest unbroken piece.

    Names hold no digits there or stay below 3.4; random hexadecimal has about 3.6, base-62 about 4.
    """
    piece = max(re.split(r"[-_./=+]", run), key=len)
    if _PUBLIC.match(run) or _PUBLIC.match(piece):
        return False
    if len(piece) < 16:
        # base64 text breaks at its + and /: what is left whole is judged together.
        piece = re.sub(r"[+/=]", "", run)
        if (
            len(piece) < 20
            or not re.fullmatch(r"[A-Za-z0-9]+", piece)
            or not re.search(r"[A-Z].*[a-z]|[a-z].*[A-Z]", piece)
        ):
            return False
    if not re.search("[0-9]", piece) or not re.search("[A-Za-z]", piece):
        return False
    return _entropy(piece) >= (3.0 if len(piece) >= 32 else 3.4)


def _entropy(text: str) -> float:
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def _distinctive(text: str) -> bool:
    """False for marked texts that are words of every plan, such as `production` or `us-east-1`.

    To hide those wherever they stand would hide the review; in their own place the mark hides them.
    """
    if len(text) < _SHORTEST:
        return False
    mixed = re.search(r"[a-z]\d|\d[a-z]|[A-Z]\d|\d[A-Z]", text) or (
        re.search("[a-z]", text) and re.search("[A-Z]", text)
    )
    return mixed is not None or re.search(r"[^A-Za-z0-9_./: -]", text) is not None


def _marked(value: Json, mark: Json, depth: int = 0) -> Iterator[str]:
    if depth > _DEEPEST or not mark:
        return
    if isinstance(value, str):
        if mark is True:
            yield value
    elif isinstance(value, dict):
        # Most marks are empty: walk the marks where they are narrower than the value.
        for key in mark if isinstance(mark, dict) else value:
            yield from _marked(value.get(key), inner(mark, key), depth + 1)
    elif isinstance(value, list):
        for i, child in enumerate(value):
            yield from _marked(child, inner(mark, i), depth + 1)
