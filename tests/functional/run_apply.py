"""`python -m tests.functional.run_apply FOLDER URL`: plan and apply staging in an own process that a test can kill."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.functional.bench import Shop

from sesari.errors import SesariError
from sesari.model.access import Purpose
from sesari.model.progress import Progress
from sesari.pipeline.apply import apply_plan
from sesari.pipeline.plan import make_plan
from sesari.pipeline.side_by_side import raise_failures, side_by_side
from sesari.pipeline.stop import Stop


def main(folder: str, url: str) -> int:
    shop = Shop(Path(folder), url, {"SESARI_TERRAFORM": os.environ.get("SESARI_TERRAFORM", "")})
    wiring = shop.wiring()

    def told(progress: Progress) -> None:
        sys.stdout.write(f"{progress.step}: {progress.detail}\n")
        sys.stdout.flush()

    def work(name: str, stop: Stop) -> None:
        digest = make_plan(wiring.tools(name, Purpose.PLAN, told, stop)).saved.digest
        apply_plan(wiring.tools(name, Purpose.DEPLOY, told, stop), digest)

    try:
        raise_failures(side_by_side(("staging",), work, told))
    except SesariError as error:
        sys.stdout.write(json.dumps({"codes": error.codes}) + "\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
