"""The manifest becomes Terraform."""

from __future__ import annotations

import re
from pathlib import Path

from sesari.errors import SesariError
from sesari.manifest import parse
from sesari.manifest.sources import SourceFile, Sources
from sesari.pipeline import wiring_synth
from sesari.rehearsal.story import edits
from sesari.rehearsal.story.stage import Stage, copied
from sesari.rehearsal.story.telling import Evidence, Telling, refusal

# Four mistakes of four kinds, appended to a manifest that is right.
MISTAKES = """
[services.extra]
kind = "wroker"
path = "../outside"

[queus.more]
visibility = "120s"

[environments.mirror]
account = "12"
"""
_EXPECTED_WORDS = ("wroker", "services.extra.path", "queus", "mirror.account")
_ENDPOINT = re.compile(r"https?://|localhost|127\.0\.0\.1|endpoint", re.IGNORECASE)


def play(stage: Stage, telling: Telling) -> str:
    """Synthesizes the product twice, breaks its manifest in text only, lets it go stale and mends it."""
    with telling.proving("manifest.all-errors") as evidence:
        evidence.settle(*_all_errors(stage))
    with telling.proving("synth.repeatable") as evidence:
        stage.synthesize()
        first = infra_files(stage.project.infra)
        second = wiring_synth.synthesize(stage.project, stage.machine)
        same = not second.written and infra_files(stage.project.infra) == first and _elsewhere(stage, first)
        evidence.settle(same, f"{len(first)} files, written twice in two folders")
    with telling.proving("synth.plain") as evidence:
        named = _named(stage.project.infra)
        evidence.settle(not named, ", ".join(named) or "no endpoint, no provider of ours, no Sesari module source")
    with telling.proving("synth.stale") as evidence:
        evidence.settle(*_stale(stage))
    return f"{len(stage.environments)} environments, {len(first)} files of plain Terraform"


def infra_files(infra: Path) -> dict[str, bytes]:
    """Every file below a folder, by its relative path."""
    return {
        path.relative_to(infra).as_posix(): path.read_bytes() for path in sorted(infra.rglob("*")) if path.is_file()
    }


def _all_errors(stage: Stage) -> tuple[bool, str]:
    text = stage.project.manifest.read_text(encoding="utf-8") + MISTAKES
    before = infra_files(stage.project.root)
    try:
        parse(Sources(SourceFile("sesari.toml", text), {}, {}))
    except SesariError as error:
        told = " ".join(f"{problem.what} {problem.where} {problem.why}" for problem in error.problems)
        missing = [word for word in _EXPECTED_WORDS if word not in told]
        placed = all(problem.where for problem in error.problems)
        untouched = infra_files(stage.project.root) == before
        detail = f"{len(error.problems)} errors at once" + (f"; not told: {', '.join(missing)}" if missing else "")
        return not missing and placed and untouched, detail
    return False, "the wrong manifest was accepted"


def _elsewhere(stage: Stage, first: dict[str, bytes]) -> bool:
    """The same manifest in another folder gives the same bytes."""
    other = copied(stage.project.root, stage.project.root.parent / "second-copy")
    for path in sorted(other.infra.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    wiring_synth.synthesize(other, stage.machine)
    return infra_files(other.infra) == first


def _named(infra: Path) -> list[str]:
    """Lines of the generated roots, comments aside, that name an endpoint or need Sesari."""
    found = []
    for path in sorted(infra.rglob("*.tf")):
        if "modules" in path.relative_to(infra).parts:
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            code = line.split("#", 1)[0]
            if _ENDPOINT.search(code) or re.search(r'source\s*=\s*"(?!\.\./|hashicorp/|vercel/|supabase/)', code):
                found.append(f"{path.relative_to(infra)}: {line.strip()}")
    return found


def _stale(stage: Stage) -> tuple[bool, str]:
    path = stage.project.manifest
    text = path.read_text(encoding="utf-8")
    wiring_synth.check(stage.project, stage.machine)
    path.write_text(edits.more_retries(text), encoding="utf-8")
    try:
        evidence = Evidence()
        with refusal("synth-stale", evidence):
            wiring_synth.check(stage.project, stage.machine)
        return evidence.outcome, evidence.detail
    finally:
        path.write_text(text, encoding="utf-8")
