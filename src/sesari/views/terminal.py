"""Results for a terminal, as rich renderables; `plain` gives the same as text without colour.

Meaning is never in the colour alone.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sesari.errors import Problem
from sesari.model.plan import Action, SavedPlan
from sesari.model.review import AttributeChange, Drift, DriftItem, Review, ReviewItem, Risk
from sesari.views import words

_ACTION_STYLES: Final = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.REPLACE: "bold red",
    Action.DELETE: "bold red",
}
_ONE_LINE: Final = 72
_RISK_STYLES: Final = {
    Risk.DATA_LOSS: "bold red",
    Risk.OUTAGE: "red",
    Risk.IDENTITY: "magenta",
    Risk.NETWORK: "magenta",
}


def plain(renderable: RenderableType, width: int = 80) -> str:
    """The renderable as text: no colour, no control sequence, no trailing blanks, `width` columns."""
    out = io.StringIO()
    # An unset terminal type keeps rich from asking the process's environment.
    console = Console(
        file=out,
        width=width,
        color_system=None,
        force_terminal=False,
        highlight=False,
        legacy_windows=False,
        _environ={},
    )
    console.print(renderable)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()).rstrip("\n") + "\n"


def review(shown: Review) -> RenderableType:
    """A plan's review: what it does in one line, then by service, dangerous first."""
    digest = f" · plan {words.short_digest(shown.plan)}" if shown.plan else ""
    head = Text.assemble(("Review of ", ""), (shown.environment, "bold"), digest)
    if shown.empty:
        return Group(head, Text(words.INCOMPLETE if not shown.complete else words.NO_CHANGE))
    danger = words.danger_text(shown)
    summary = Text(f"{words.counts_text(shown.counts)} · ")
    summary.append(danger, style="green" if danger == "nothing dangerous" else "bold red")
    parts: list[RenderableType] = [head, summary]
    if not shown.complete:
        parts.append(Text(words.INCOMPLETE, style="bold yellow"))
    for group in shown.groups:
        parts += [Text(), Text(words.service_text(group.service), style="bold")]
        parts += [part for item in group.items for part in _item(item)]
    return Group(*parts)


def drift(shown: Drift) -> RenderableType:
    """Drift, made by hand first; churn in one line each."""
    head = Text.assemble("Drift of ", (shown.environment, "bold"))
    if not shown.items:
        return Group(head, Text("None: reality is what the state says."))
    churn = [item for item in shown.items if item not in shown.hand_made]
    parts: list[RenderableType] = [
        head,
        Text(f"{len(shown.hand_made)} made by hand, {len(churn)} that move by themselves"),
    ]
    if shown.hand_made:
        parts += [Text(), Text("Made by hand", style="bold red")]
        parts += [part for item in shown.hand_made for part in _drift_item(item)]
    if churn:
        parts += [Text(), Text("Moves by itself", style="bold")]
        parts += [_indented(Text(f"{item.address}: {_paths(item)}", style="dim"), 2) for item in churn]
    return Group(*parts)


def saved_plan(shown: SavedPlan, path: str | None = None) -> RenderableType:
    """What a saved plan is, without opening it."""
    rows = [
        ("plan", shown.digest),
        ("environment", shown.environment),
        ("account", shown.account),
        ("does", ("removes everything: " if shown.destroy else "") + words.counts_text(shown.changes)),
        ("author", shown.author),
        ("created", shown.created.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")),
        ("state", f"serial {shown.state.serial}" if shown.state.lineage else "none yet"),
        ("sources", shown.sources),
        ("manifest", shown.manifest),
        *([("kept at", path)] if path else []),
    ]
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, Text(words.printable(value)))
    return table


def problems(shown: Iterable[Problem]) -> RenderableType:
    """Every problem in the one shape of an error: what, where, why, and the way out."""
    parts: list[RenderableType] = []
    for problem in shown:
        parts += [Text()] if parts else []
        parts.append(Text.assemble(("error: ", "bold red"), (words.printable(problem.what), "bold")))
        for name, told in (("at", problem.where), ("because", problem.why)):
            if told:
                parts.append(_indented(Text.assemble((f"{name}: ", "dim"), words.printable(told)), 2))
        if problem.hint:
            parts += [Text(), Text.assemble(("hint: ", "bold cyan"), words.printable(problem.hint))]
    return Group(*parts)


def _item(item: ReviewItem) -> Iterator[RenderableType]:
    action = Text(f"{words.SYMBOLS[item.action]:>3} {item.action.value}", style=_ACTION_STYLES.get(item.action, ""))
    address = Text(words.printable(words.address_text(item)), overflow="fold")
    if item.risk in words.DANGEROUS:
        address.append(f"  [{words.RISKS[item.risk]}]", style=_RISK_STYLES[item.risk])
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=11, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(action, address)
    yield grid
    yield from (_indented(Text(words.printable(reason), overflow="fold"), 6) for reason in item.reasons)
    yield from (_attribute(change) for change in item.attributes)


def _drift_item(item: DriftItem) -> Iterator[RenderableType]:
    yield _indented(
        Text.assemble(words.printable(item.address), (f"  {words.drift_text(item)}", "yellow"), overflow="fold"), 2
    )
    yield from (_indented(Text(words.printable(reason), overflow="fold"), 6) for reason in item.reasons)
    yield from (_attribute(change) for change in item.attributes)


def _attribute(change: AttributeChange) -> RenderableType:
    path, told = words.printable(words.path_text(change.path)), words.printable(words.change_text(change))
    if len(path) + len(told) <= _ONE_LINE or " -> " not in told:
        return _indented(Text.assemble((path, "cyan"), f": {told}", overflow="fold"), 6)
    # Long values one below the other, so that the eye finds where they differ.
    forces = " (forces replacement)" if change.forces_replacement else ""
    return Group(
        _indented(Text.assemble((path, "cyan"), f":{forces}", overflow="fold"), 6),
        _side("-", words.value_text(change.before)),
        _side("+", words.after_text(change)),
    )


def _side(sign: str, told: str) -> RenderableType:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=9, justify="right")
    grid.add_column(overflow="fold")
    grid.add_row(sign, Text(words.printable(told)))
    return grid


def _indented(text: Text, columns: int) -> Padding:
    return Padding(text, (0, 0, 0, columns), expand=False)


def _paths(item: DriftItem) -> str:
    return ", ".join(dict.fromkeys(str(change.path[0]) for change in item.attributes if change.path)) or "order only"
