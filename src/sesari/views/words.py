"""The words that every view uses for the same thing, so that they never say it in two ways."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

from sesari.model.json import Json
from sesari.model.plan import Action, AttributePath
from sesari.model.review import AttributeChange, DriftItem, Review, ReviewItem, Risk

SYMBOLS: Final[Mapping[Action, str]] = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.REPLACE: "-/+",
    Action.DELETE: "-",
    Action.FORGET: "x",
    Action.READ: "<=",
    Action.NOTHING: " ",
}
RISKS: Final[Mapping[Risk, str]] = {
    Risk.DATA_LOSS: "data loss",
    Risk.OUTAGE: "outage",
    Risk.IDENTITY: "identity",
    Risk.NETWORK: "network",
    Risk.CHANGE: "change",
    Risk.ADDITION: "addition",
}
NO_CHANGE: Final = "No change: what is there is what should be there."
INCOMPLETE: Final = "Incomplete: Terraform put off or failed on a part of this plan, which is not shown."
DANGEROUS: Final = (Risk.DATA_LOSS, Risk.OUTAGE, Risk.IDENTITY, Risk.NETWORK)
_VERBS: Final = {"create": "add", "update": "change", "replace": "replace", "delete": "delete", "forget": "forget"}
_KEY: Final = re.compile(r'\[(\d+|"(?:[^"\\]|\\.)*")\]')
_LONGEST: Final = 300


def counts_text(counts: Mapping[str, int]) -> str:
    """`2 to add, 1 to delete`, or `no change`."""
    told = [f"{counts[action]} to {verb}" for action, verb in _VERBS.items() if counts.get(action)]
    return ", ".join(told) or "no change"


def danger_text(review: Review) -> str:
    """`1 data loss, 2 network`, or `nothing dangerous`."""
    found = {risk: 0 for risk in DANGEROUS}
    for group in review.groups:
        for item in group.items:
            if item.risk in found:
                found[item.risk] += len(item.addresses)
    return ", ".join(f"{count} {RISKS[risk]}" for risk, count in found.items() if count) or "nothing dangerous"


def service_text(service: str | None) -> str:
    """A service's name, or the word for what belongs to none."""
    return service if service is not None else "shared"


def address_text(item: ReviewItem) -> str:
    """One address, or the address of several instances with what tells them apart."""
    first = item.addresses[0]
    if len(item.addresses) == 1:
        return first
    keys = [found[-1] if (found := _KEY.findall(address)) else address for address in item.addresses]
    if len(set(keys)) != len(keys):
        return f"{first} and {len(item.addresses) - 1} alike"
    return f"{_KEY.sub('[*]', first)} ({len(keys)}: {_some(keys)})"


def path_text(path: AttributePath) -> str:
    """`ingress[0].cidr_blocks`; keys that are not plain names are quoted."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.fullmatch(r"[\w-]+|\(sensitive\)", step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text or "(the whole)"


def value_text(value: Json) -> str:
    """One value on one line: texts as they are where that is clear, the rest as JSON, the empty parts left out."""
    if value is None:
        return "(none)"
    if isinstance(value, str):
        text = value if value and value.isprintable() and value == value.strip() else json.dumps(value)
    else:
        text = json.dumps(_dense(value), ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"


def after_text(change: AttributeChange) -> str:
    """What an attribute becomes."""
    return "(known after apply)" if change.unknown else value_text(change.after)


def change_text(change: AttributeChange) -> str:
    """`before -> after`, or one side alone for what comes or goes, with what the change forces."""
    if change.before is None and not change.unknown:
        told = f"+ {after_text(change)}"
    elif change.after is None and not change.unknown:
        told = f"- {value_text(change.before)}"
    else:
        told = f"{value_text(change.before)} -> {after_text(change)}"
    return told + (" (forces replacement)" if change.forces_replacement else "")


def drift_text(item: DriftItem) -> str:
    """What became of a drifted resource, and what an apply would do about it."""
    if item.gone:
        return "gone · an apply makes it again" if item.restores else "gone · an apply does not bring it back"
    if item.restores:
        return "changed · an apply puts it back"
    return "changed · an apply leaves it so"


def seconds_text(seconds: float) -> str:
    """`0.4 s`, `78 s`, `2 min 5 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def plural(count: int, noun: str, many: str | None = None) -> str:
    """`1 claim`, `2 claims`."""
    return f"{count} {noun if count == 1 else many or noun + 's'}"


def short_digest(digest: str) -> str:
    """The first twelve characters of a `sha256:` digest, as people compare it."""
    kind, _, rest = digest.partition(":")
    return f"{kind}:{rest[:12]}" if rest else digest[:12]


def printable(text: str) -> str:
    """The text with control characters written out: nothing that is shown can steer a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def _some(keys: Iterable[str]) -> str:
    shown = list(keys)
    return ", ".join(shown) if len(shown) <= 8 else f"{', '.join(shown[:8])} and {len(shown) - 8} more"


def _dense(value: Json) -> Json:
    """A block without the attributes that say nothing, and with the JSON inside its texts opened."""
    if isinstance(value, dict):
        return {key: _dense(child) for key, child in value.items() if child not in (None, "", [], {})}
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return _dense(json.loads(value))
        except (ValueError, RecursionError):
            return value
    return [_dense(child) for child in value] if isinstance(value, list) else value
