"""Plays the rehearsal: the offline cloud is started, the chapters told in order, everything stopped again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from sesari.drivers.files import write_whole
from sesari.drivers.terraform import find_engine
from sesari.errors import Problem, SesariError
from sesari.manifest import parse, select
from sesari.model.access import Project
from sesari.model.progress import Reporter
from sesari.model.story import Chapter, Story, StoryReporter
from sesari.pipeline.manifest import read_sources
from sesari.rehearsal.cloud import Cloud
from sesari.rehearsal.story.asked import GROUND
from sesari.rehearsal.story.chapters import (
    afterwards,
    bootstrap,
    broken,
    destroy,
    drift,
    edit,
    environments,
    isolation,
    manifest,
    refused,
)
from sesari.rehearsal.story.claims import CLAIMS, TITLES
from sesari.rehearsal.story.clocked_engine import ClockedEngine
from sesari.rehearsal.story.sabotages import SABOTAGES
from sesari.rehearsal.story.stage import Stage, copied
from sesari.rehearsal.story.telling import Stopped, Telling, declared
from sesari.rehearsal.story.witness import WitnessedAccess

GROUND_PLAYED: Final = "ground"

Play: TypeAlias = Callable[[Stage, Telling], str]

PLAYS: Final[dict[str, Play]] = {
    "manifest": manifest.play,
    "bootstrap": bootstrap.play,
    "environments": environments.play,
    "isolation": isolation.play,
    "edit": edit.play,
    "refused": refused.play,
    "drift": drift.play,
    "broken": broken.play,
    "destroy": destroy.play,
    "afterwards": afterwards.play,
}


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked: the product's folder, where the rehearsal works, which chapters (with their ground), which
    environments (all when empty).

    `sabotage` only names the one that this package was broken with. `resume`: the ground was played in this folder by
    an earlier rehearsal, and is not played again.
    """

    product: Path
    folder: Path
    chapters: tuple[str, ...]
    environments: tuple[str, ...] = ()
    sabotage: str | None = None
    resume: bool = False


def rehearse(order: Order, machine: Mapping[str, str], listen: StoryReporter, report: Reporter) -> tuple[Story, Cloud]:
    """Tells the story on a fresh offline cloud. The caller stops the cloud. Raises SesariError when it cannot begin.

    The first claim that does not hold ends the story: what it met is in `Story.problems`, later claims stay untried.
    """
    began = time.monotonic()
    project = _resumed(order) if order.resume else _fresh(order)
    found = parse(read_sources(project.root, machine))
    names = tuple(select(found, name).name for name in order.environments or found.environments)
    terraform = find_engine(project.work.absolute(), machine)
    engine = ClockedEngine(terraform)
    cloud = Cloud.start(
        order.folder / "cloud", {name: found.environments[name] for name in names}, found.delivery, found.product
    )
    secrets: set[str] = set()
    access = WitnessedAccess(cloud.access(), secrets)
    stage = Stage(project, cloud, access, engine, terraform.command, machine, names, report, secrets)
    story = Story(found.product.name, str(order.product), names, engine.label, sabotage=order.sabotage)
    try:
        chapters, problems = _played(order, stage, listen)
    except BaseException:
        cloud.stop()
        raise
    told = replace(
        story,
        chapters=chapters,
        resources=stage.resources,
        reviews=tuple(stage.reviews),
        drifts=tuple(stage.drifts),
        seconds=time.monotonic() - began,
        engine_seconds=engine.seconds,
        problems=problems,
    )
    return told, cloud


def _fresh(order: Order) -> Project:
    shutil.rmtree(order.folder, ignore_errors=True)
    order.folder.mkdir(parents=True, mode=0o700)
    return copied(order.product, order.folder / "product")


def _resumed(order: Order) -> Project:
    """The copy of an earlier rehearsal. Raises SesariError when that one did not play the ground to its end."""
    if not (order.folder / GROUND_PLAYED).is_file():
        raise SesariError(
            Problem(
                "rehearsal-no-ground",
                "There is no rehearsal to continue",
                where=str(order.folder),
                why="no earlier one applied the environments there",
                hint="Leave out --continue",
            )
        )
    return Project(order.folder / "product")


def _played(order: Order, stage: Stage, listen: StoryReporter) -> tuple[tuple[Chapter, ...], tuple[Problem, ...]]:
    by_claim = {
        claim: tuple(s.name for s in SABOTAGES if s.claim == claim) for claims in CLAIMS.values() for claim in claims
    }
    chapters: list[Chapter] = []
    if order.resume:
        stage.take_stock()
    for name in order.chapters:
        if order.resume and name in GROUND:
            continue
        telling = Telling(Chapter(name, TITLES[name], declared(name, CLAIMS[name], by_claim)), listen)
        telling.open()
        try:
            chapters.append(telling.close(PLAYS[name](stage, telling)))
        except Stopped as stopped:
            return (*chapters, telling.close("")), stopped.problems
        except SesariError as error:
            return (*chapters, telling.close("")), error.problems
        if name == "environments":
            stage.take_stock()
            write_whole(order.folder / GROUND_PLAYED, b"")
    return tuple(chapters), ()
