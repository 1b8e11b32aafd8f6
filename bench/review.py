"""The review of a plan of 1,000 and of 10,000 changes, in one run: seconds of CPU, and whether it stays linear."""

import copy
import json
import sys
import time
from pathlib import Path
from typing import Any

from sesari.review.read import read_plan
from sesari.review.review import review
from sesari.views import json as records
from sesari.views import markdown, terminal

CASE = Path(__file__).parents[1] / "tests" / "cases" / "review" / "edited.json"
SIZES = (1_000, 10_000)
LINEAR = 1.5


def document(size: int) -> Any:
    """That many changes of a real plan, over and over, each at its own address."""
    whole = json.loads(CASE.read_text("utf-8"))
    changes = [change for change in whole["resource_changes"] if change["change"]["actions"] != ["no-op"]]
    whole["resource_changes"] = []
    for number in range(size):
        change = copy.deepcopy(changes[number % len(changes)])
        change["address"] += f"_{number}"
        whole["resource_changes"].append(change)
    return whole


def measure(size: int) -> float:
    made = document(size)
    started = time.process_time()
    plan = read_plan(made)
    shown = review(plan, "staging", {"api": "api", "worker": "worker"})
    reviewed = time.process_time()
    print(f"{size:>6} changes: read and reviewed in {reviewed - started:.2f} s of CPU")
    for name, view in (
        ("terminal", lambda: terminal.plain(terminal.review(shown))),
        ("JSON", lambda: records.text(records.review(shown))),
        ("Markdown", lambda: markdown.review(shown)),
    ):
        began = time.process_time()
        size_of = len(view())
        print(f"        {name}: {time.process_time() - began:.2f} s, {size_of:,} characters")
    return reviewed - started


def main() -> int:
    small, large = (measure(size) for size in SIZES)
    ratio = (large / SIZES[1]) / (small / SIZES[0])
    print(f"time per change, 10,000 against 1,000: {ratio:.2f} (at most {LINEAR})")
    return 0 if ratio <= LINEAR else 1


if __name__ == "__main__":
    sys.exit(main())
