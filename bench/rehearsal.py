"""The rehearsal's wall time against Terraform's own share of it, in the same runs; the first run is the cold one.

    .venv/bin/python bench/rehearsal.py

Target: at most 60 s warm on two cores. Exits with 1 when the warm run takes longer.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

PRODUCT = Path(__file__).parents[1] / "examples" / "sesari"
TARGET = 60.0


def told(folder: Path) -> dict[str, object]:
    """One whole rehearsal as JSON."""
    command = [sys.executable, "-m", "sesari", "rehearse", str(PRODUCT), "--folder", str(folder / "work"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    story: dict[str, object] = json.loads(done.stdout)
    return story


def main() -> int:
    warm = 0.0
    for name in ("cold", "warm"):
        with tempfile.TemporaryDirectory() as folder:
            story = told(Path(folder))
        warm, engine = float(str(story["seconds"])), float(str(story["engine_seconds"]))
        print(
            f"{name:<5} {warm:6.1f} s, of which Terraform {engine:5.1f} s: {warm / engine:.2f} x Terraform's own share"
        )
    print(f"target {TARGET:.0f} s warm: {warm / TARGET:.2f} of it")
    return 0 if warm <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
