"""What `synth` did, as text and as JSON."""

from __future__ import annotations

import json

from sesari.model.synthesis import Synthesis

SHOWN = 20


def as_text(done: Synthesis) -> str:
    """One line per file, at most 20, and a summary."""
    lines = [
        *(f"  written  infra/{path}" for path in done.written),
        *(f"  removed  infra/{path}" for path in done.removed),
    ]
    if len(lines) > SHOWN:
        lines = [*lines[:SHOWN], f"  … and {len(lines) - SHOWN} more"]
    counts = f"{len(done.written)} written, {len(done.removed)} removed, {done.unchanged} unchanged"
    summary = f"infra/ is what sesari.toml says: {counts}" if lines else f"infra/ is up to date: {counts}"
    return "\n".join([*lines, summary]) + "\n"


def as_json(done: Synthesis) -> str:
    """`{"written": [...], "removed": [...], "unchanged": N}`, paths relative to the product's folder."""
    fields = {
        "written": [f"infra/{path}" for path in done.written],
        "removed": [f"infra/{path}" for path in done.removed],
        "unchanged": done.unchanged,
    }
    return json.dumps(fields) + "\n"
