"""The offline cloud: emulated AWS, stand-ins for Vercel and Supabase, and each environment's provider doubles."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from sesari.errors import Problem, SesariError
from sesari.model.json import JsonObject
from sesari.model.manifest import DeliveryStore, Environment, Product
from sesari.rehearsal.aws.paths import FAULTS_PATH, HEALTH_PATH
from sesari.rehearsal.cloud_access import RehearsalAccess, root_credentials
from sesari.rehearsal.cloud_child import Child
from sesari.rehearsal.cloud_folder import CloudFolder, Record, Site, write_private

if TYPE_CHECKING:
    from sesari.rehearsal.aws.faults import Fault
    from sesari.rehearsal.provider.backend import Label

DELIVERY = "delivery"


class Cloud:
    """A running offline cloud. `start` owns its processes until `stop`; `attach` uses one that another process owns."""

    def __init__(self, folder: CloudFolder, record: Record, children: list[Child], lock: TextIO | None) -> None:
        self._folder = folder
        self._record = record
        self._children = children
        self._lock = lock

    @classmethod
    def start(
        cls, folder: Path, environments: Mapping[str, Environment], delivery: DeliveryStore, product: Product
    ) -> Cloud:
        """Start everything side by side, on the state that the folder holds. Raises SesariError; then nothing runs."""
        place = CloudFolder(folder.absolute())
        lock = place.lock()
        children: list[Child] = []
        try:
            record = _start(place, _sites(environments, delivery), product, children)
            place.write(record)
        except BaseException:
            _stop(children)
            lock.close()
            raise
        return cls(place, record, children, lock)

    @property
    def folder(self) -> Path:
        return self._folder.root

    def access(self) -> RehearsalAccess:
        """Credentials and endpoints, the way CI would get them. See `model.access.Access`."""
        return RehearsalAccess(
            product=self._record.product,
            repository=self._record.repository,
            emulator=self._record.emulator,
            standins=self._record.standins,
            sites=self._record.sites,
            tokens=self._folder.read_tokens(),
            credentials=self._folder.credentials,
        )

    def labels(self) -> dict[str, Label]:
        """Every Terraform type that the doubles know, with how much of reality is behind it."""
        # Every command attaches to a cloud, few ask this: what it needs is imported here.
        from sesari.rehearsal.aws.types import emulated_types
        from sesari.rehearsal.provider.assembly import SCHEMA_FILES, load_schema

        known = [name for provider in SCHEMA_FILES for name in load_schema(provider).resources]
        emulated = emulated_types()
        return {name: "emulated" if name in emulated else "recorded only" for name in known}

    def plan_faults(self, faults: Iterable[Fault]) -> None:
        """Replace the emulated AWS's planned failures; counting starts anew."""
        body = json.dumps([fault.to_json() for fault in faults])
        status, text = _ask(self._record.emulator, "PUT", FAULTS_PATH, body)
        if status != 200:
            raise SesariError(Problem("fault-refused", "The offline cloud refused the faults", why=text))

    def calls(self) -> list[JsonObject]:
        """The call log of the emulated AWS, oldest first: account, service, operation, status, ms."""
        log = self._folder.aws / "calls.jsonl"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return [json.loads(line) for line in lines if line.endswith("}")]

    def stop(self) -> None:
        """Stop every process in order, so that all state is on disk. An attached cloud is left running."""
        if self._lock is not None:
            _stop(self._children)
            self._children.clear()
            self._folder.record_file.unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Cloud:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def attach(folder: Path) -> Cloud:
    """The cloud that runs in the folder, started by another process. Raises SesariError when none answers."""
    place = CloudFolder(folder.absolute())
    record = place.read()
    for name, port in (("AWS emulator", record.emulator), ("stand-ins", record.standins)):
        status, _ = _ask(port, "GET", HEALTH_PATH)
        if status != 200:
            raise SesariError(Problem("rehearsal-not-running", f"The offline cloud's {name} is unwell", str(folder)))
    return Cloud(place, record, [], None)


def _sites(environments: Mapping[str, Environment], delivery: DeliveryStore) -> list[Site]:
    sites = [
        Site(one.name, one.account, one.region, one.vercel_team, one.supabase_organization, {})
        for one in environments.values()
    ]
    return [*sites, Site(DELIVERY, delivery.account, delivery.region, None, None, {})]


def _start(place: CloudFolder, sites: list[Site], product: Product, children: list[Child]) -> Record:
    """Start the servers, then the doubles that need their ports, and wait for all."""
    for site in sites:
        _prepare_credentials(place, site)
    place.tokens(
        [site.vercel_team for site in sites if site.vercel_team],
        [site.supabase_organization for site in sites if site.supabase_organization],
    )
    wanted = _earlier_ports(place)
    emulator = _child(
        place, children, "aws", "sesari.rehearsal.aws.server", "--folder", place.aws, "--port", wanted["emulator"]
    )
    standins = _child(
        place,
        children,
        "standins",
        "sesari.rehearsal.standins.server",
        "--tokens",
        place.tokens_file,
        "--port",
        wanted["standins"],
    )
    emulator_port = _port(emulator)
    doubles = {site.name: _double(place, children, site, emulator_port) for site in sites}
    standins_port = _port(standins)
    _remember_ports(place, emulator_port, standins_port)
    ready = {name: double.ready() for name, double in doubles.items()}
    _wait_healthy(emulator_port)
    return Record(
        product=product.name,
        repository=product.repository,
        emulator=emulator_port,
        standins=standins_port,
        pids={child.name: child.pid for child in children},
        sites={site.name: _reattached(site, ready[site.name]) for site in sites},
    )


def _child(place: CloudFolder, children: list[Child], name: str, module: str, *arguments: object) -> Child:
    child = Child(name, module, [str(argument) for argument in arguments], place.log(name))
    children.append(child)
    return child


def _double(place: CloudFolder, children: list[Child], site: Site, emulator: int) -> Child:
    arguments = {
        "--folder": place.environment(site.name),
        "--environment": site.name,
        "--account": site.account,
        "--region": site.region,
        "--emulator": f"http://127.0.0.1:{emulator}",
        "--credentials": place.credentials / site.name,
    }
    flat = [part for pair in arguments.items() for part in pair]
    return _child(place, children, f"doubles of {site.name}", "sesari.rehearsal.provider", *flat)


def _prepare_credentials(place: CloudFolder, site: Site) -> None:
    """The root's key for bootstrap is known at once; the roles' come with `access`."""
    write_private(place.credentials / site.name / "bootstrap.json", json.dumps(root_credentials(site.account)).encode())


def _reattached(site: Site, ready: JsonObject) -> Site:
    reattach = ready["reattach"]
    if not isinstance(reattach, dict):
        raise TypeError("the doubles announced no `reattach`")
    return Site(site.name, site.account, site.region, site.vercel_team, site.supabase_organization, dict(reattach))


def _port(child: Child) -> int:
    port = child.ready()["port"]
    if not isinstance(port, int):
        raise TypeError(f"{child.name} announced no port")
    return port


def _earlier_ports(place: CloudFolder) -> dict[str, int]:
    """A restart asks for the ports it had, so that addresses written down meanwhile stay true."""
    with suppress(OSError, ValueError, KeyError):
        held = json.loads((place.root / "ports.json").read_text(encoding="utf-8"))
        return {"emulator": int(held["emulator"]), "standins": int(held["standins"])}
    return {"emulator": 0, "standins": 0}


def _remember_ports(place: CloudFolder, emulator: int, standins: int) -> None:
    write_private(place.root / "ports.json", json.dumps({"emulator": emulator, "standins": standins}).encode())


def _wait_healthy(port: int) -> None:
    status, text = _ask(port, "GET", HEALTH_PATH)
    if status != 200:
        raise SesariError(Problem("rehearsal-part-failed", "The AWS emulator is unwell", f"127.0.0.1:{port}", text))


def _ask(port: int, method: str, path: str, body: str | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    except OSError as problem:
        raise SesariError(
            Problem(
                "rehearsal-not-running",
                "The offline cloud does not answer",
                where=f"127.0.0.1:{port}",
                why=str(problem),
                hint="`sesari rehearse --keep` starts one and leaves it running",
            )
        ) from problem
    finally:
        connection.close()


def _stop(children: list[Child]) -> None:
    """The doubles first, then what they call."""
    for child in reversed(children):
        child.ask_to_stop()
    for child in reversed(children):
        child.wait()
