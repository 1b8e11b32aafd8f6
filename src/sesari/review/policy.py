"""What an IAM policy document newly allows, and what it no longer does, statement by statement, in words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sesari.model.json import Json

_LONGEST: Final = 6


@dataclass(frozen=True, slots=True)
class Grant:
    """One statement, normalised: sorted lists, `not_` for NotAction and its like, the condition as canonical JSON."""

    allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    condition: str
    not_actions: bool = False
    not_resources: bool = False
    not_principals: bool = False

    @property
    def wild(self) -> bool:
        """True when it allows everything of a service on everything, or lets anybody in without a condition."""
        if not self.allow:
            return False
        broad = self.not_actions or any(action == "*" or action.endswith(":*") for action in self.actions)
        everywhere = "*" in self.resources or self.not_resources
        anybody = any(p in ("*", "AWS *") for p in self.principals) and not self.condition
        return (broad and everywhere and not self.principals) or anybody or self.not_principals


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """`gained` and `lost` are sentences; `widens` is true when somebody may do more than before."""

    gained: tuple[str, ...]
    lost: tuple[str, ...]
    widens: bool
    wild: bool


def compare(before: Json, after: Json, beside: Iterable[Json] = ()) -> PolicyChange | None:
    """The change between two policy texts (None: no policy). None when either is not a policy document.

    `beside` are policies that the same holder has from other resources: what they allow is not new.
    """
    old, new = grants(before), grants(after)
    if old is None or new is None:
        return None
    known = old + tuple(grant for document in beside for grant in grants(document) or ())
    gained = [(grant, part) for grant in new if (part := _beyond(grant, known)) is not None]
    lost = [part for grant in old if (part := _beyond(grant, new)) is not None]
    widens = any(part.allow for _, part in gained) or any(not part.allow for part in lost)
    return PolicyChange(
        gained=tuple(sentence(part, True) for _, part in gained),
        lost=tuple(sentence(part, False) for part in lost),
        widens=widens,
        wild=any(grant.wild for grant, _ in gained),
    )


def grants(document: Json) -> tuple[Grant, ...] | None:
    """The statements of a policy given as JSON text or decoded; () for none, None for another document."""
    if document is None or document == "":
        return ()
    if isinstance(document, list):  # inline policies: blocks with a name and a document
        inline = [grants(block.get("policy")) or () for block in document if isinstance(block, dict)]
        return tuple(grant for block in inline for grant in block)
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except (ValueError, RecursionError):
            return None
    if not isinstance(document, dict) or "Statement" not in document:
        return None
    statements = document["Statement"]
    entries = statements if isinstance(statements, list) else [statements]
    return tuple(_grant(entry) for entry in entries if isinstance(entry, dict))


def _grant(entry: Mapping[str, Json]) -> Grant:
    condition = entry.get("Condition")
    return Grant(
        allow=entry.get("Effect") != "Deny",
        actions=_texts(entry.get("Action", entry.get("NotAction"))),
        resources=_texts(entry.get("Resource", entry.get("NotResource"))),
        principals=tuple(sorted(_principals(entry.get("Principal", entry.get("NotPrincipal"))))),
        condition=json.dumps(condition, sort_keys=True) if condition else "",
        not_actions="NotAction" in entry,
        not_resources="NotResource" in entry,
        not_principals="NotPrincipal" in entry,
    )


def _texts(value: Json) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(sorted({entry if isinstance(entry, str) else json.dumps(entry, sort_keys=True) for entry in values}))


def _principals(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        for kind, names in value.items():
            yield from (f"{kind} {name}" for name in _texts(names))
    else:
        yield from _texts(value)


def _beyond(grant: Grant, others: tuple[Grant, ...]) -> Grant | None:
    """The part of a grant that none of the others covers, or None when all of it is covered."""
    if grant in others:
        return None
    peers = [other for other in others if _comparable(grant, other)]
    if grant.not_actions or grant.not_resources or grant.not_principals:
        return grant
    actions: set[str] = set()
    resources: set[str] = set()
    principals: set[str] = set()
    for action in grant.actions or ("",):
        near = [peer for peer in peers if _covers(peer.actions, action)]
        for resource in grant.resources or ("",):
            nearer = [peer for peer in near if _covers(peer.resources, resource)]
            for principal in grant.principals or ("",):
                if not any(_covers(peer.principals, principal) for peer in nearer):
                    actions.add(action)
                    resources.add(resource)
                    principals.add(principal)
    if not actions:
        return None
    return Grant(
        allow=grant.allow,
        actions=_kept(grant.actions, actions),
        resources=_kept(grant.resources, resources),
        principals=_kept(grant.principals, principals),
        condition=grant.condition,
    )


def _kept(names: tuple[str, ...], found: set[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in found)


def _comparable(grant: Grant, other: Grant) -> bool:
    """True when `other` is a plain statement of the same effect that holds at least whenever `grant` does."""
    plain = not (other.not_actions or other.not_resources or other.not_principals)
    return plain and other.allow == grant.allow and other.condition in ("", grant.condition)


def _covers(patterns: tuple[str, ...], value: str) -> bool:
    if not patterns:
        return value == ""
    return value in patterns or any(_pattern(p).fullmatch(value) for p in patterns if "*" in p or "?" in p)


@lru_cache(maxsize=2048)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), re.IGNORECASE | re.DOTALL)


def sentence(grant: Grant, now: bool) -> str:
    """A grant in words: `allows s3:GetObject on arn:... when ...`; `now` false tells that it is gone."""
    verb = (
        ("allows" if grant.allow else "denies") if now else ("no longer allows" if grant.allow else "no longer denies")
    )
    words = [verb]
    if grant.principals:
        words.append(("everybody but " if grant.not_principals else "") + _some(grant.principals) + " to")
    words.append(("everything but " if grant.not_actions else "") + _some(grant.actions))
    if grant.resources:
        words.append("on " + ("everything but " if grant.not_resources else "") + _some(grant.resources))
    if grant.condition:
        words.append("when " + " and ".join(_conditions(json.loads(grant.condition))))
    return " ".join(words)


def _conditions(condition: Json) -> Iterator[str]:
    if not isinstance(condition, dict):
        yield json.dumps(condition)
        return
    for operator, tests in sorted(condition.items()):
        if not isinstance(tests, dict):
            yield f"{operator} {json.dumps(tests)}"
            continue
        yield from (f"{key} {operator} {_some(_texts(value))}" for key, value in sorted(tests.items()))


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_LONGEST])
    return f"{shown} and {len(names) - _LONGEST} more" if len(names) > _LONGEST else shown
