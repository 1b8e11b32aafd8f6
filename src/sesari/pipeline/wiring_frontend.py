"""Joins frontends to the drivers: who builds, where builds are kept, which Vercel project they go to."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sesari.drivers.folder_store import FolderStore
from sesari.drivers.frontend_builder import FrontendBuilder
from sesari.drivers.git_tree import GitTree
from sesari.drivers.vercel import Vercel
from sesari.errors import Problem, SesariError
from sesari.model.access import Project, Reach
from sesari.model.manifest import Environment, Service
from sesari.model.progress import Reporter, silent
from sesari.pipeline.frontend import Patience, Target
from sesari.pipeline.frontend_build import VERCEL_CLI, FrontendTools
from sesari.release.vercel import mapped_files


def frontend_tools(project: Project, machine: Mapping[str, str], report: Reporter = silent) -> FrontendTools:
    """The tools for building this product's frontends; `machine` is the process environment. Raises SesariError."""
    cache = project.work.absolute() / "cache"
    return FrontendTools(
        tree=GitTree(project.root),
        frontends=FrontendBuilder(cache / "frontends", VERCEL_CLI, machine, mapped_files),
        records=FolderStore(cache / "records"),
        report=report,
        seconds=time.monotonic,
    )


@contextmanager
def vercel_target(
    reach: Reach, product: str, environment: Environment, service: Service, patience: Patience | None = None
) -> Iterator[Target]:
    """The service's Vercel project in an environment, named as the `web` module names it. Raises SesariError."""
    if environment.vercel_team is None:
        hint = f"Set environments.{environment.name}.vercel_team in sesari.toml"
        raise SesariError(Problem("vercel-team-missing", f"`{environment.name}` has no Vercel team", hint=hint))
    with Vercel(reach.variables, environment.vercel_team) as api:
        name = f"{product}-{environment.name}-{service.name}"
        yield Target(api, name, patience or Patience(time.monotonic, time.sleep))
