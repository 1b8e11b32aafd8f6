"""Chooses the drivers. The only module of the pipeline that knows them."""

from __future__ import annotations

import getpass
import os
import socket
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sesari.drivers.aws_session import AwsSession
from sesari.drivers.clock import SystemClock
from sesari.drivers.holder_mark import HolderMark
from sesari.drivers.identity import aws_account, supabase_organization, vercel_team
from sesari.drivers.local_copy import LocalCopy
from sesari.drivers.lock_folder import LockFolder
from sesari.drivers.root_folder import RootFolder
from sesari.drivers.s3_store import S3Store
from sesari.drivers.scratch import scratch
from sesari.drivers.terraform import find_engine
from sesari.drivers.vault import KmsVault
from sesari.manifest import parse, select
from sesari.model.access import Access, Project, Purpose, Reach
from sesari.model.engine import Engine
from sesari.model.identity import Identities
from sesari.model.manifest import Environment, Manifest, Network
from sesari.model.progress import Reporter, silent
from sesari.model.review import Review
from sesari.pipeline.lock import lock_providers
from sesari.pipeline.manifest import read_sources
from sesari.pipeline.plan import Planned
from sesari.pipeline.recovery import recover, unrecorded
from sesari.pipeline.stop import Stop
from sesari.pipeline.synth import stacks
from sesari.pipeline.tools import Tools
from sesari.review.review import review
from sesari.stack import desired

DELIVERY = "delivery"
_DELIVERY = "SESARI_DELIVERY_"
_TAKEN = ("AWS_", "VERCEL_", "SUPABASE_", "SESARI_")


class RealAccess:
    """The caller's own credentials. A profile `<product>-<environment>` in the AWS configuration is preferred."""

    def __init__(self, product: str, machine: Mapping[str, str]) -> None:
        self._product = product
        self._machine = machine

    def reach(self, environment: str, purpose: Purpose) -> Reach:
        variables = {name: value for name, value in self._machine.items() if name.startswith(_TAKEN)}
        configuration = self._machine.get("TF_CLI_CONFIG_FILE")
        if configuration and Path(configuration).is_file():
            variables["TF_CLI_CONFIG_FILE"] = configuration
        profile = f"{self._product}-{environment}"
        if profile in _profiles(self._machine):
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
                variables.pop(name, None)
            variables["AWS_PROFILE"] = profile
        return Reach(variables)


def choose_access(product: str, machine: Mapping[str, str]) -> Access:
    """The offline cloud where SESARI_REHEARSAL names its folder, else the caller's own credentials."""
    folder = machine.get("SESARI_REHEARSAL")
    if folder:
        from sesari.rehearsal.cloud import attach

        access: Access = attach(Path(folder)).access()
        return access
    return RealAccess(product, machine)


@dataclass(frozen=True, slots=True)
class Wiring:
    """What all environments of one command share."""

    project: Project
    manifest: Manifest
    access: Access
    engine: Engine
    machine: Mapping[str, str]

    def tools(self, environment: str, purpose: Purpose, report: Reporter = silent, stop: Stop | None = None) -> Tools:
        """The tools for one environment. Raises SesariError when its credentials cannot be had."""
        found = select(self.manifest, environment)
        reach = self.access.reach(environment, purpose)
        return self._tools(environment, f"{environment}/terraform.tfstate", found, reach, report, stop or Stop())

    def plan_tools(self, environment: str, report: Reporter = silent, stop: Stop | None = None) -> Tools:
        """The plan role's tools, to plan or to look for drift.

        That role may take no lock, so what a killed apply left is put right first, by the deploy role; its credentials
        are asked for only then. Raises SesariError.
        """
        if unrecorded(RootFolder(self.project.infra, self.project.work, environment)):
            recover(self.tools(environment, Purpose.DEPLOY, report, stop))
        return self.tools(environment, Purpose.PLAN, report, stop)

    def bootstrap_tools(self, name: str, report: Reporter = silent, stop: Stop | None = None) -> Tools:
        """The tools for the bootstrap root of an environment, or of the delivery account (`delivery`)."""
        found = self._delivery_environment() if name == DELIVERY else select(self.manifest, name)
        reach = self.access.reach(name, Purpose.BOOTSTRAP)
        if name == DELIVERY:
            reach = Reach({**reach.variables, **delivery_variables(reach.variables)}, reach.rehearsal)
        return self._tools(f"bootstrap/{name}", f"bootstrap/{name}.tfstate", found, reach, report, stop or Stop())

    def local_copy(self, tools: Tools) -> LocalCopy:
        """The working copy in which a bootstrap root is made before its bucket exists."""
        return LocalCopy(self.project.infra, self.project.work, tools.name)

    def service_of_module(self, environment: str) -> dict[str, str | None]:
        """How a plan's addresses find their service."""
        return desired(self.manifest, environment).service_of_module

    def review(self, planned: Planned) -> Review:
        """A plan as a person reads it."""
        name = planned.saved.environment
        return review(planned.plan, name, self.service_of_module(name), planned.saved.digest)

    def lock(self) -> tuple[str, ...]:
        """Write every root's provider lock file; the directories whose file changed."""
        return lock_providers(self.engine, LockFolder(self.project.infra, self.project.work), stacks(self.manifest))

    def _tools(
        self, name: str, key: str, environment: Environment, reach: Reach, report: Reporter, stop: Stop
    ) -> Tools:
        product = self.manifest.product.name
        bucket = f"{product}-{environment.name}-state-{environment.account}"
        session = AwsSession(reach.variables, environment.region)
        root = RootFolder(self.project.infra, self.project.work, name)
        return Tools(
            name=name,
            environment=environment,
            holder=f"{author(self.machine)}/{os.getpid()}-{uuid.uuid4().hex[:8]}",
            author=author(self.machine),
            state_key=key,
            where=f"{bucket}/{key}",
            reach=reach,
            engine=self.engine,
            root=root,
            mark=HolderMark(self.project.work / "holders" / name),
            state=S3Store(partial(session.client, "s3"), bucket),
            delivery=self._delivery(reach),
            vault=KmsVault(partial(session.client, "kms"), f"alias/{product}-{environment.name}-state"),
            clock=SystemClock(),
            identify=_identify(session, reach, environment),
            scratch=scratch,
            provider_lock=lambda: reach.rehearsal or root.has_provider_lock(),
            report=report,
            stop=stop,
        )

    def _delivery(self, reach: Reach) -> S3Store:
        store = self.manifest.delivery
        session = AwsSession(delivery_variables(reach.variables), store.region)
        return S3Store(partial(session.client, "s3"), f"{self.manifest.product.name}-delivery-{store.account}")

    def _delivery_environment(self) -> Environment:
        """The delivery account as an environment that has nothing but its account."""
        store = self.manifest.delivery
        return Environment(
            name=DELIVERY,
            account=store.account,
            region=store.region,
            protect=True,
            network=Network("", "none"),
            vercel_team=None,
            supabase_organization=None,
            allow_destroy=(),
            alarm_emails=(),
            services={},
            queues={},
            database=None,
            secrets={},
        )


def open_project(project: Project, machine: Mapping[str, str]) -> Wiring:
    """Read the product's manifest and choose the drivers; `machine` is the process environment. Raises SesariError."""
    return wire(project, parse(read_sources(project.root, machine)), machine)


def wire(project: Project, manifest: Manifest, machine: Mapping[str, str], access: Access | None = None) -> Wiring:
    """Find the engine and the access. Raises SesariError."""
    return Wiring(
        project,
        manifest,
        access or choose_access(manifest.product.name, machine),
        find_engine(project.work.absolute(), machine),
        machine,
    )


def delivery_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """The delivery account's credentials: those with the prefix, else the environment's own."""
    own = {name.removeprefix(_DELIVERY): value for name, value in variables.items() if name.startswith(_DELIVERY)}
    shared = {name: value for name, value in variables.items() if name in ("AWS_ENDPOINT_URL", "AWS_REGION")}
    return {**shared, **own} if own else dict(variables)


def author(machine: Mapping[str, str]) -> str:
    """Who asks: on GitHub Actions its actor, else this user at this machine."""
    if machine.get("GITHUB_ACTOR"):
        return f"{machine['GITHUB_ACTOR']} (GitHub Actions)"
    return f"{getpass.getuser()}@{socket.gethostname()}"


def _identify(session: AwsSession, reach: Reach, environment: Environment) -> Callable[[], Identities]:
    team, organization = environment.vercel_team, environment.supabase_organization

    def ask() -> Identities:
        with ThreadPoolExecutor(3) as pool:
            account = pool.submit(lambda: aws_account(session.client("sts")))
            vercel = pool.submit(vercel_team, reach.variables, team) if team else None
            supabase = pool.submit(supabase_organization, reach.variables, organization) if organization else None
            # While Terraform works there is time to load what will be needed when it is done.
            for service in ("s3", "kms"):
                pool.submit(session.client, service)
            return Identities(
                account.result(), vercel.result() if vercel else None, supabase.result() if supabase else None
            )

    return ask


def _profiles(machine: Mapping[str, str]) -> frozenset[str]:
    import configparser

    home = Path(machine.get("HOME", "~")).expanduser()
    files = (
        Path(machine.get("AWS_CONFIG_FILE", home / ".aws" / "config")),
        Path(machine.get("AWS_SHARED_CREDENTIALS_FILE", home / ".aws" / "credentials")),
    )
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(files, "utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return frozenset()  # boto3 names the file and the fault when it needs it
    return frozenset(section.removeprefix("profile ") for section in parser.sections())
