"""Chooses the drivers. The only module of the pipeline that knows them."""

from __future__ import annotations

import getpass
import os
import socket
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sesari.drivers.aws_session import AwsSession
from sesari.drivers.clock import SystemClock
from sesari.drivers.holder_mark import HolderMark
from sesari.drivers.identity import aws_account, supabase_organization, vercel_team
from sesari.drivers.root_folder import RootFolder
from sesari.drivers.s3_store import S3Store
from sesari.drivers.scratch import scratch
from sesari.drivers.terraform import find_engine
from sesari.drivers.vault import KmsVault
from sesari.model.access import Access, Project, Purpose, Reach
from sesari.model.engine import Engine
from sesari.model.identity import Identities
from sesari.model.manifest import Environment, Manifest
from sesari.model.progress import Reporter, silent
from sesari.pipeline.stop import Stop
from sesari.pipeline.tools import Tools

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
        reach = self.access.reach(environment, purpose)
        found = self.manifest.environments[environment]
        product = self.manifest.product.name
        bucket = f"{product}-{environment}-state-{found.account}"
        session = AwsSession(reach.variables, found.region)
        root = RootFolder(self.project.infra, self.project.work, environment)
        key = f"{environment}/terraform.tfstate"
        return Tools(
            environment=found,
            holder=f"{author(self.machine)}/{os.getpid()}-{uuid.uuid4().hex[:8]}",
            author=author(self.machine),
            state_key=key,
            where=f"{bucket}/{key}",
            reach=reach,
            engine=self.engine,
            root=root,
            mark=HolderMark(self.project.work / "holders" / environment),
            state=S3Store(session.client("s3"), bucket),
            delivery=self._delivery(reach),
            vault=KmsVault(session.client("kms"), f"alias/{product}-{environment}-state"),
            clock=SystemClock(),
            identify=_identify(session, reach, found),
            scratch=scratch,
            provider_lock=lambda: reach.rehearsal or root.has_provider_lock(),
            report=report,
            stop=stop or Stop(),
        )

    def _delivery(self, reach: Reach) -> S3Store:
        store = self.manifest.delivery
        session = AwsSession(delivery_variables(reach.variables), store.region)
        return S3Store(session.client("s3"), f"{self.manifest.product.name}-delivery-{store.account}")


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
            account = pool.submit(aws_account, session.client("sts"))
            vercel = pool.submit(vercel_team, reach.variables, team) if team else None
            supabase = pool.submit(supabase_organization, reach.variables, organization) if organization else None
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
