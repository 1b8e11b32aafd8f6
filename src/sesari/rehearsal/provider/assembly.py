"""Puts the providers of one environment together: schemas, tables, stores, backends, routers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sesari.rehearsal.provider.backend import Backend
from sesari.rehearsal.provider.call_log import CallLog, FaultFile
from sesari.rehearsal.provider.configuration import configuration_check
from sesari.rehearsal.provider.data_sources import answer
from sesari.rehearsal.provider.fabricate import Place
from sesari.rehearsal.provider.faults import fault_error
from sesari.rehearsal.provider.recorded import Denial, Recorded
from sesari.rehearsal.provider.resources import Resources
from sesari.rehearsal.provider.router import Router
from sesari.rehearsal.provider.schema import ProviderSchema, parse_provider
from sesari.rehearsal.provider.servicer import Servicer
from sesari.rehearsal.provider.sidecar import Traits, parse_traits
from sesari.rehearsal.provider.store import RecordStore
from sesari.rehearsal.provider.wire import Protocol

HERE = Path(__file__).parent
SCHEMA_FILES = {"aws": "aws-5.100.0.json", "vercel": "vercel-5.10.0.json", "supabase": "supabase-1.10.1.json"}
IDENTITIES = ("plan", "deploy", "bootstrap")


@dataclass(frozen=True, slots=True)
class Habitat:
    """Where an environment's doubles live. Files below `folder`: `<provider>.sqlite`, `faults.json`, `calls.jsonl`."""

    folder: Path
    environment: str
    place: Place

    @property
    def calls(self) -> Path:
        return self.folder / "calls.jsonl"

    @property
    def fault_file(self) -> Path:
        return self.folder / "faults.json"

    def record_file(self, provider: str) -> Path:
        return self.folder / f"{provider}.sqlite"


def load_schema(provider: str) -> ProviderSchema:
    """A provider's schema from the package. Raises KeyError for a provider there is no double of."""
    return parse_provider(json.loads((HERE / "schemas" / SCHEMA_FILES[provider]).read_text(encoding="utf-8")))


def load_traits(provider: str) -> dict[str, Traits]:
    """What a provider's schema does not say, by type; little when the package has no sidecar for it."""
    path = HERE / "sidecar" / f"{provider}.json"
    sidecar = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    blocks = json.loads((HERE / "computed_blocks.json").read_text(encoding="utf-8"))
    return parse_traits(sidecar, {type: names for type, names in blocks.items() if type.startswith(f"{provider}_")})


def load_table(provider: str) -> Mapping[str, Mapping[str, Any]]:
    """How a provider's computed values are made up."""
    table: Mapping[str, Mapping[str, Any]] = json.loads(
        (HERE / "fabricated" / f"{provider}.json").read_text(encoding="utf-8")
    )
    return table


def recorded_backend(
    schema: ProviderSchema, habitat: Habitat, store: RecordStore, identity: str = "deploy"
) -> Recorded:
    """The recorded backend of one provider; the story also uses it to alter resources by hand."""
    caller = caller_arn(habitat, identity)
    return Recorded(
        store=store,
        schema=schema,
        table=load_table(schema.name),
        place=habitat.place,
        data_source=lambda type, config: answer(type, config, habitat.place, store, caller),
        denied=_denial(caller) if identity == "plan" else None,
    )


def caller_arn(habitat: Habitat, identity: str) -> str:
    """The ARN that an identity's errors and `aws_caller_identity` name."""
    place = habitat.place
    return f"arn:{place.partition}:sts::{place.account}:assumed-role/{habitat.environment}-{identity}/rehearsal"


def _denial(caller: str) -> Denial:
    return lambda type, operation: fault_error("AccessDenied", type, operation, caller)


def servicers(
    provider: str, habitat: Habitat, protocol: Protocol, emulated: Mapping[str, Mapping[str, Backend]]
) -> dict[str, Servicer]:
    """One servicer per identity of one provider, over one record store. `emulated` maps identity to type to backend."""
    schema, traits = load_schema(provider), load_traits(provider)
    store = RecordStore(habitat.record_file(provider))
    faults = FaultFile(habitat.fault_file, store)
    made: dict[str, Servicer] = {}
    for identity in IDENTITIES:
        router = Router(
            fallback=recorded_backend(schema, habitat, store, identity),
            routes=emulated.get(identity, {}) if provider == "aws" else {},
            faults=faults,
            log=CallLog(habitat.calls, provider, habitat.environment, identity),
            caller=caller_arn(habitat, identity),
        )
        check = configuration_check(provider, habitat.place.account)
        made[identity] = Servicer(Resources(schema, traits, router), protocol, check)
    return made
