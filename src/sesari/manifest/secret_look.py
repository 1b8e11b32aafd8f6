"""Does a text look like a secret? Such a value does not belong in a manifest, nor in a message about one."""

from __future__ import annotations

import base64
import json
import math
import re
from collections import Counter
from typing import Final

_KNOWN: Final = (
    ("an AWS access key", r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("a private key", r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    ("a GitHub token", r"\b(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})"),
    ("a GitLab token", r"\bglpat-[A-Za-z0-9_-]{16,}"),
    ("a Slack token", r"\bxox[abeprs]-[A-Za-z0-9-]{10,}"),
    ("an API key", r"\bsk-[A-Za-z0-9_-]{16,}"),
    ("a Stripe key", r"\b[rs]k_(live|test)_[A-Za-z0-9]{10,}"),
    ("a webhook secret", r"\bwhsec_[A-Za-z0-9+/=]{16,}"),
    ("a Supabase key", r"\b(sbp_[a-f0-9]{20,}|sb_secret_[A-Za-z0-9_-]{10,})"),
    ("a Google API key", r"\bAIza[A-Za-z0-9_-]{30,}"),
    ("a SendGrid key", r"\bSG\.[A-Za-z0-9_-]{16,}\."),
    ("an npm token", r"\bnpm_[A-Za-z0-9]{30,}"),
    ("an address with a password in it", r"^[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@"),
)
_TOKEN: Final = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.(eyJ[A-Za-z0-9_-]{8,})\.[A-Za-z0-9_-]+")
_RANDOM: Final = re.compile(r"[A-Za-z0-9+/_=-]{24,}")
_HEX: Final = re.compile(r"[0-9a-fA-F]{32,}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_RANDOM_BITS: Final = 4.0
_HEX_BITS: Final = 3.0


def looks_secret(text: str, *, public: bool = False) -> str | None:
    """What kind of secret `text` looks like, None when it looks like none.

    `public` values (`NEXT_PUBLIC_`) are published on purpose: they may be random, and a token whose own role is
    `anon` is meant for browsers; what is known to be a secret still counts.
    """
    for kind, pattern in _KNOWN:
        if re.search(pattern, text):
            return kind
    token = _TOKEN.search(text)
    if token and not (public and _role(token[1]) == "anon"):
        return "a signed token"
    if public or token:
        return None
    return "random characters, as keys and passwords have" if _random(text) else None


def _role(payload: str) -> object:
    """The `role` claim of a token's payload: Supabase's publishable key carries `anon`."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return None
    return claims.get("role") if isinstance(claims, dict) else None


def _random(text: str) -> bool:
    if _UUID.fullmatch(text):
        return False
    if _HEX.fullmatch(text):
        return _entropy(text) >= _HEX_BITS
    mixed = re.search(r"[0-9]", text) and re.search(r"[A-Z]", text) and re.search(r"[a-z]", text)
    return bool(_RANDOM.fullmatch(text) and mixed and _entropy(text) >= _RANDOM_BITS)


def _entropy(text: str) -> float:
    """Shannon's, in bits a character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())
