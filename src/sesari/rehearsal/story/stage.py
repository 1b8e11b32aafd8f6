"""What a chapter works with: a copy of the product, the offline cloud, and the pipeline that the commands use."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from sesari.drivers.aws_session import AwsSession
from sesari.manifest import parse
from sesari.model.access import Access, Project, Purpose
from sesari.model.json import JsonObject
from sesari.model.manifest import Manifest
from sesari.model.progress import Progress
from sesari.model.review import Drift, Review
from sesari.model.story import Label, LabelledResource
from sesari.pipeline import wiring_synth
from sesari.pipeline.apply import Applied, apply_plan
from sesari.pipeline.bootstrap import Bootstrapped, bootstrap
from sesari.pipeline.manifest import read_sources
from sesari.pipeline.plan import Planned, make_plan
from sesari.pipeline.side_by_side import raise_failures, side_by_side
from sesari.pipeline.stop import Stop
from sesari.pipeline.tools import Tools
from sesari.pipeline.wiring import DELIVERY, Wiring
from sesari.rehearsal.cloud import Cloud
from sesari.rehearsal.story.clocked_engine import ClockedEngine
from sesari.release.records import read_state_version

T = TypeVar("T")

# What a product's folder may hold that is not the product: never copied into the rehearsal.
NOT_THE_PRODUCT = ("node_modules", ".next", ".git", ".venv", ".sesari", ".terraform", "__pycache__", ".pytest_cache")


def copied(product: Path, folder: Path) -> Project:
    """A fresh copy of the product in `folder`: the rehearsal edits it, never the product."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(product, folder, ignore=shutil.ignore_patterns(*NOT_THE_PRODUCT), symlinks=True)
    return Project(folder)


@dataclass(slots=True)
class Stage:
    """`environments` are those that are rehearsed, `machine` the variables of this process that children need.

    `terraform` is the plain command. `secrets` are the values that must lie nowhere in clear: those the chapters make.
    `states` are addresses and types as each state had them, `resources` the same with how true each is.
    """

    project: Project
    cloud: Cloud
    access: Access
    engine: ClockedEngine
    terraform: tuple[str, ...]
    machine: Mapping[str, str]
    environments: tuple[str, ...]
    report: Callable[[Progress], None]
    secrets: set[str] = field(default_factory=set)
    states: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    resources: dict[str, tuple[LabelledResource, ...]] = field(default_factory=dict)
    reviews: list[Review] = field(default_factory=list)
    drifts: list[Drift] = field(default_factory=list)

    def manifest(self) -> Manifest:
        """The manifest as it stands in the copy now."""
        return parse(read_sources(self.project.root, self.machine))

    def synthesize(self) -> None:
        """What `sesari synth` does."""
        wiring_synth.synthesize(self.project, self.machine)

    def edit(self, *edits: Callable[[str], str]) -> str:
        """Edits the copy's manifest and synthesizes anew; the text as it was, for `rewrite`."""
        before = text = self.project.manifest.read_text(encoding="utf-8")
        for edit in edits:
            text = edit(text)
        self.rewrite(text)
        return before

    def rewrite(self, text: str) -> None:
        """Writes the copy's manifest and synthesizes anew."""
        self.project.manifest.write_text(text, encoding="utf-8")
        self.synthesize()

    def queue(self) -> str:
        """The name of the product's first queue."""
        return next(iter(self.manifest().environments[self.environments[0]].queues))

    def secret(self) -> str:
        """The name of the product's first secret."""
        return next(iter(self.manifest().environments[self.environments[0]].secrets))

    def service(self, kind: str) -> str:
        """The name of the product's first service of a kind."""
        services = self.manifest().environments[self.environments[0]].services.values()
        return next(service.name for service in services if service.kind == kind)

    def prefix(self, environment: str) -> str:
        """What every AWS name of an environment begins with."""
        return f"{self.manifest().product.name}-{environment}"

    def wiring(self, access: Access | None = None) -> Wiring:
        """The pipeline's own wiring, on the manifest as it stands now."""
        return Wiring(self.project, self.manifest(), access or self.access, self.engine, self.machine)

    def tools(self, environment: str, purpose: Purpose, access: Access | None = None) -> Tools:
        """The tools with which the commands work in one environment."""
        return self.wiring(access).tools(environment, purpose, self.report)

    def plan(self, environment: str, destroy: bool = False) -> Planned:
        """What `sesari plan` does, under the plan role."""
        return make_plan(self.wiring().plan_tools(environment, self.report), destroy=destroy)

    def apply(self, environment: str, planned: Planned, access: Access | None = None) -> Applied:
        """What `sesari apply` does, under the deploy role."""
        return apply_plan(self.tools(environment, Purpose.DEPLOY, access), planned.saved.digest)

    def review(self, environment: str, planned: Planned) -> Review:
        """The review of a plan, kept for the report."""
        found = self.wiring().review(planned)
        self.reviews.append(found)
        return found

    def aws(self, environment: str, purpose: Purpose, service: str) -> Any:
        """A client with an environment's credentials, to ask the emulator itself."""
        reach = self.access.reach(environment, purpose)
        region = self.manifest().environments[environment].region
        return AwsSession(reach.variables, region).client(service)

    def bootstrap(self) -> dict[str, Bootstrapped]:
        """What `sesari bootstrap` does: every environment's account, and the delivery store's."""
        wiring = self.wiring()

        def work(name: str) -> Bootstrapped:
            tools = wiring.bootstrap_tools(name, self.report, Stop())
            return bootstrap(tools, wiring.local_copy(tools))

        return self.side_by_side(work, (DELIVERY,)) | self.side_by_side(work)

    def state_bucket(self, environment: str) -> str:
        """The name of an environment's state bucket."""
        manifest = self.manifest()
        return f"{manifest.product.name}-{environment}-state-{manifest.environments[environment].account}"

    def state_key(self, environment: str) -> str:
        """The key of an environment's state object."""
        return f"{environment}/terraform.tfstate"

    def serial(self, environment: str) -> int:
        """The serial of an environment's state as it lies in its bucket."""
        tools = self.tools(environment, Purpose.PLAN)
        stored = tools.state.get(tools.state_key)
        return read_state_version(stored.body if stored else None, tools.where).serial

    def account(self, environment: str) -> str:
        """The AWS account of an environment."""
        return self.manifest().environments[environment].account

    def take_stock(self) -> None:
        """Notes which resources each state has now, and how true each is."""
        labels = self.cloud.labels()
        for name in self.environments:
            tools = self.tools(name, Purpose.PLAN)
            stored = tools.state.get(tools.state_key)
            state: JsonObject = json.loads(stored.body) if stored else {"resources": []}
            self.states[name] = resources_of(state)
            self.secrets |= passwords_of(state)
            self.resources[name] = tuple(
                LabelledResource(address, kind, Label(labels[kind]))
                for address, kind in self.states[name]
                if kind in labels
            )

    def protected(self) -> str:
        """The environment that the manifest protects."""
        return next(name for name in self.environments if self.manifest().environments[name].protect)

    def side_by_side(self, work: Callable[[str], T], environments: Iterable[str] | None = None) -> dict[str, T]:
        """Does the work for several environments at once; the first error is raised when all have ended."""
        names = self.environments if environments is None else tuple(environments)
        outcomes = side_by_side(names, lambda name, stop: work(name), self.report)
        raise_failures(outcomes)
        return {outcome.name: outcome.value for outcome in outcomes if outcome.value is not None}


def resources_of(state: JsonObject) -> tuple[tuple[str, str], ...]:
    """Address and type of every managed resource in a Terraform state, version 4."""
    found: list[tuple[str, str]] = []
    for resource in cast(list[dict[str, Any]], state["resources"]):
        if resource["mode"] != "managed":
            continue
        address = ".".join(part for part in (resource.get("module"), resource["type"], resource["name"]) if part)
        for instance in resource["instances"]:
            key = instance.get("index_key")
            found.append((address if key is None else f"{address}[{json.dumps(key)}]", resource["type"]))
    return tuple(found)


def passwords_of(state: JsonObject) -> set[str]:
    """The database passwords in a Terraform state."""
    resources = cast(list[dict[str, Any]], state["resources"])
    attributes = [each["attributes"] for resource in resources for each in resource["instances"]]
    return {str(each["database_password"]) for each in attributes if each.get("database_password")}
