"""Reads the cases beside it: a wrong manifest each, with the words that Sesari must say of it.

Lines that begin with `#! ` at the top of a case are its other sources: `#! overlay ENV` begins the text of
`sesari.ENV.toml`, `#! variable NAME=VALUE` is an environment variable.

Run it to write what is said now: `python -m tests.cases.manifest.cases`, then read the difference.
"""

from __future__ import annotations

from pathlib import Path

from sesari.errors import Problem, SesariError
from sesari.manifest import SourceFile, Sources, parse

FOLDER = Path(__file__).parent
CASES = sorted(FOLDER.glob("*.toml"))


def sources(case: Path) -> Sources:
    text = case.read_text("utf-8")
    overlays: dict[str, list[str]] = {}
    variables: dict[str, str] = {}
    current: list[str] = []
    for line in (line.removeprefix("#! ") for line in text.splitlines() if line.startswith("#! ")):
        if line.startswith("overlay "):
            current = overlays.setdefault(line.removeprefix("overlay "), [])
        elif line.startswith("variable "):
            name, _, value = line.removeprefix("variable ").partition("=")
            variables[name] = value
        else:
            current.append(line)
    files = {name: SourceFile(f"sesari.{name}.toml", "\n".join(lines)) for name, lines in overlays.items()}
    return Sources(SourceFile("sesari.toml", text), files, variables)


def said(case: Path) -> str:
    try:
        parse(sources(case))
    except SesariError as error:
        return "\n".join(_words(problem) for problem in error.problems)
    return "nothing is wrong\n"


def _words(problem: Problem) -> str:
    lines = [f"{problem.code}: {problem.what}", f"  at: {problem.where}"]
    lines += [f"  because: {problem.why}"] if problem.why else []
    lines += [f"  hint: {problem.hint}"] if problem.hint else []
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for path in CASES:
        path.with_suffix(".txt").write_text(said(path), "utf-8")
