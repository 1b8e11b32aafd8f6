"""Synth with its drivers: the product's folder, the package's modules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import sesari
from sesari.drivers.infra_folder import InfraFolder, module_files
from sesari.manifest import parse
from sesari.model.access import Project
from sesari.model.synthesis import Synthesis
from sesari.pipeline import synth
from sesari.pipeline.manifest import read_sources

MODULES = Path(sesari.__file__).parent / "modules"


def synthesize(project: Project, machine: Mapping[str, str], force: bool = False, modules: Path = MODULES) -> Synthesis:
    """Write `infra/` from the product's manifest; `machine` is the process environment. Raises SesariError."""
    manifest = parse(read_sources(project.root, machine))
    return synth.synthesize(manifest, _folder(project), lambda name: module_files(modules, name), force)


def check(project: Project, machine: Mapping[str, str], modules: Path = MODULES) -> Synthesis:
    """Refuse when `infra/` is stale. Writes nothing. Raises SesariError."""
    manifest = parse(read_sources(project.root, machine))
    return synth.check(manifest, _folder(project), lambda name: module_files(modules, name))


def _folder(project: Project) -> InfraFolder:
    return InfraFolder(project.infra, project.work / "synth.lock")
