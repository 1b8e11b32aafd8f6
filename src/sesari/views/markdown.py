"""Reviews and drift as Markdown for a comment on a pull request: capped, and saying what was cut."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from sesari.errors import Problem
from sesari.model.review import AttributeChange, Drift, Review, ReviewItem
from sesari.views import words

LIMIT: Final = 60_000
"""Characters; GitHub refuses a comment of more than 65,536."""


def review(shown: Review, limit: int = LIMIT) -> str:
    """A plan's review. What does not fit below `limit` characters is cut at a whole change, and counted."""
    digest = f" · plan `{words.short_digest(shown.plan)}`" if shown.plan else ""
    head = f"## Review of {_code(shown.environment)}{digest}\n\n"
    if shown.empty:
        return head + f"{words.NO_CHANGE if shown.complete else words.INCOMPLETE}\n"
    head += f"**{words.counts_text(shown.counts)}** · {words.danger_text(shown)}\n"
    head += "" if shown.complete else f"\n**{words.INCOMPLETE}**\n"
    blocks = [
        (
            f"\n### {_prose(words.service_text(group.service))}\n" if number == 0 else "",
            _item(item),
            len(item.addresses),
        )
        for group in shown.groups
        for number, item in enumerate(group.items)
    ]
    return _fitted(head, blocks, limit, f"sesari plan -e {shown.environment}")


def drift(shown: Drift, limit: int = LIMIT) -> str:
    """The drift of one environment, made by hand first."""
    head = f"## Drift of {_code(shown.environment)}\n\n"
    if not shown.items:
        return head + "None: reality is what the state says.\n"
    hand_made = len(shown.hand_made)
    head += f"**{hand_made} made by hand**, {len(shown.items) - hand_made} that move by themselves\n"
    blocks = []
    for item in shown.items:
        lines = [f"\n- {_code(item.address)} {item.kind.name.lower().replace('_', '-')}: {words.drift_text(item)}\n"]
        lines += [f"  - {_prose(reason)}\n" for reason in item.reasons]
        lines += (
            [_fence([line for change in item.attributes for line in _lines(change)], "  ")] if item.attributes else []
        )
        blocks.append(("", "".join(lines), 1))
    return _fitted(head, blocks, limit, f"sesari drift -e {shown.environment}")


def problems(shown: Iterable[Problem]) -> str:
    """Problems as a list, each with its place, cause and way out."""
    parts = []
    for one in shown:
        told = [f"**error: {_prose(one.what)}**"]
        told += [f"  at: {_code(one.where)}"] if one.where else []
        told += [f"  because: {_prose(one.why)}"] if one.why else []
        told += [f"  hint: {_prose(one.hint)}"] if one.hint else []
        parts.append("- " + "\\\n".join(told) + "\n")
    return "".join(parts)


def _fitted(head: str, blocks: list[tuple[str, str, int]], limit: int, command: str) -> str:
    """Head and as many whole blocks as fit, in order; then, if some do not, how many were left out."""
    total = sum(count for _, _, count in blocks)
    room = limit - len(head) - len(_cut(total, total, command))
    kept: list[str] = []
    left = 0
    for number, (title, body, _) in enumerate(blocks):
        if len(title) + len(body) > room:
            left = sum(rest for _, _, rest in blocks[number:])
            break
        room -= len(title) + len(body)
        kept += [title, body]
    return head + "".join(kept) + (_cut(left, total, command) if left else "")


def _cut(left: int, total: int, command: str) -> str:
    told = f"{left} of {total} changes are not shown"
    return f"\n> **Cut here: {told}.** The most dangerous of each service come first. All of them: `{command}`\n"


def _item(item: ReviewItem) -> str:
    risk = f" **{words.RISKS[item.risk]}**" if item.risk in words.DANGEROUS else ""
    lines = [f"\n- `{words.SYMBOLS[item.action]} {item.action.value}` {_code(words.address_text(item))}{risk}\n"]
    lines += [f"  - {_prose(reason)}\n" for reason in item.reasons]
    if item.attributes:
        lines.append(_fence([line for change in item.attributes for line in _lines(change)], "  "))
    return "".join(lines)


def _lines(change: AttributeChange) -> Iterator[str]:
    path = words.path_text(change.path)
    forces = "  (forces replacement)" if change.forces_replacement else ""
    if change.before is not None or change.unknown:
        yield f"- {path} = {words.value_text(change.before)}{forces}"
    if change.after is not None or change.unknown or change.before is None:
        yield f"+ {path} = {words.after_text(change)}{forces if change.before is None and not change.unknown else ''}"


def _fence(lines: list[str], indent: str) -> str:
    """A code block that no line of it can end."""
    text = "\n".join(words.printable(line).replace("\n", "\\n") for line in lines)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join(indent + line for line in [f"{fence}diff", *text.split("\n"), fence]) + "\n"


def _code(text: str) -> str:
    """A code span that its text cannot end, on one line."""
    flat = words.printable(text).replace("\n", "\\n").replace("\t", " ")
    longest = max((len(run) for run in re.findall(r"`+", flat)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{ticks}{pad}{flat}{pad}{ticks}"


def _prose(text: str) -> str:
    """Text whose characters mean nothing to Markdown, and which mentions nobody."""
    flat = words.printable(text).replace("\n", " ")
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", flat).replace("@", "@\u200b")
