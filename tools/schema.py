"""Holds schema.json to the annotated reference manifest it is derived from; `--write` derives it anew."""

import sys
from pathlib import Path

from sesari.manifest.reference import derive, render

FOLDER = Path(__file__).resolve().parent.parent / "src" / "sesari" / "manifest"


def main(argv: list[str]) -> int:
    schema = FOLDER / "schema.json"
    fresh = render(derive((FOLDER / "reference.toml").read_text(encoding="utf-8")))
    if argv == ["--write"]:
        schema.write_text(fresh, encoding="utf-8")
    elif fresh != schema.read_text(encoding="utf-8"):
        print(
            "schema.json is stale: run `python tools/schema.py --write` in the project's environment", file=sys.stderr
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
