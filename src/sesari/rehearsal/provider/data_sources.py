"""Answers of the recorded backend's data sources: facts of the place, real computations, and recorded resources."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Mapping
from typing import Any

from sesari.rehearsal.provider.backend import Attributes, ProviderError
from sesari.rehearsal.provider.fabricate import EPOCH, Place
from sesari.rehearsal.provider.policy_document import policy_document
from sesari.rehearsal.provider.store import RecordStore

# What the data source calls an attribute of the resource it looks up.
RENAMED = {"cluster_name": "name", "secret_id": "id"}
STATEFUL_ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "aws_ecs_cluster": {"status": "ACTIVE", "pending_tasks_count": 0, "running_tasks_count": 0},
    "aws_kms_key": {"key_state": "Enabled", "enabled": True, "key_manager": "CUSTOMER", "creation_date": EPOCH},
    "aws_vpc": {"state": "available", "default": False},
    "aws_acm_certificate": {"status": "ISSUED"},
}


def answer(type: str, config: Attributes, place: Place, store: RecordStore, caller: str) -> Attributes:
    """A data source's result by its type. `caller` is the ARN that `aws_caller_identity` tells.

    Raises ProviderError when it looks for something that is not recorded.
    """
    if type == "aws_iam_policy_document":
        return policy_document(config)
    if type == "aws_secretsmanager_random_password":
        return {**config, "random_password": random_password(config)}
    fixed = _facts(type, config, place, caller)
    if fixed is not None:
        return {**config, **fixed}
    if type.startswith("supabase_"):
        return _supabase(type, config, store)
    if type == "aws_subnets":
        return _subnets(config, place, store)
    return _recorded(type, config, store)


def random_password(config: Attributes) -> str:
    """A password by the rules of Secrets Manager's generator; 32 characters unless told."""
    classes = {
        "exclude_lowercase": string.ascii_lowercase,
        "exclude_uppercase": string.ascii_uppercase,
        "exclude_numbers": string.digits,
        "exclude_punctuation": string.punctuation,
    }
    left_out = set(config.get("exclude_characters") or "")
    used = [
        "".join(c for c in letters if c not in left_out) for name, letters in classes.items() if not config.get(name)
    ]
    used = [letters for letters in used if letters]
    if not used:
        raise ProviderError("getting Secrets Manager Random Password", "InvalidParameterException: nothing is left")
    length = int(config.get("password_length") or 32)
    picked = [secrets.choice(letters) for letters in used]
    picked += [secrets.choice("".join(used)) for _ in range(length - len(picked))]
    secrets.SystemRandom().shuffle(picked)
    return "".join(picked[:length])


def _facts(type: str, config: Attributes, place: Place, caller: str) -> Attributes | None:
    region, zones = place.region, [f"{place.region}{letter}" for letter in "abc"]
    if type == "aws_caller_identity":
        return {"id": place.account, "account_id": place.account, "arn": caller, "user_id": "AROAREHEARSAL:rehearsal"}
    if type == "aws_region":
        name = config.get("name") or region
        return {"id": name, "name": name, "endpoint": f"ec2.{name}.amazonaws.com", "description": name}
    if type == "aws_partition":
        return {
            "id": place.partition,
            "partition": place.partition,
            "dns_suffix": "amazonaws.com",
            "reverse_dns_prefix": "com.amazonaws",
        }
    if type == "aws_availability_zones":
        zone_ids = [f"{_short(region)}-az{i}" for i in (1, 2, 3)]
        return {"id": region, "names": zones, "zone_ids": zone_ids, "group_names": [region]}
    if type in ("aws_prefix_list", "aws_ec2_managed_prefix_list"):
        return _prefix_list(type, config)
    if type == "aws_vpc_endpoint_service":
        name = config.get("service_name") or f"com.amazonaws.{region}.{config.get('service')}"
        return {"id": name, "service_name": name, "availability_zones": zones, "owner": "amazon", "region": region}
    return None


def _short(region: str) -> str:
    """How AWS shortens a region in zone ids: `use1` for us-east-1, `apse2` for ap-southeast-2."""
    area, direction, number = region.rsplit("-", 2)
    return area + "".join(word[0] for word in re.findall("north|south|east|west|central", direction)) + number


def _prefix_list(type: str, config: Attributes) -> Attributes:
    name = config.get("name") or "com.amazonaws.rehearsal"
    id = config.get("prefix_list_id") or config.get("id") or f"pl-{abs(hash_text(name)) % 16**8:08x}"
    blocks = ["198.51.100.0/24"]  # TEST-NET-2, which routes nowhere
    if type == "aws_prefix_list":
        return {"id": id, "name": name, "cidr_blocks": blocks}
    entries = [{"cidr": block, "description": ""} for block in blocks]
    return {"id": id, "name": name, "entries": entries, "address_family": "IPv4", "owner_id": "AWS", "max_entries": 1}


def hash_text(text: str) -> int:
    """A number that is the same for the same text in every process."""
    return int.from_bytes(text.encode()[-7:], "big")


def _subnets(config: Attributes, place: Place, store: RecordStore) -> Attributes:
    wanted = [f["values"] for f in config.get("filter") or [] if f["name"] == "vpc-id"]
    found = [id for id, state in store.all("aws_subnet") if all(state.get("vpc_id") in values for values in wanted)]
    return {**config, "id": place.region, "ids": found}


def _supabase(type: str, config: Attributes, store: RecordStore) -> Attributes:
    ref = str(config.get("project_ref") or config.get("parent_project_ref"))
    if store.get("supabase_project", ref) is None:
        raise ProviderError("Client Error", f"Unable to read {type}, got status 404: project {ref} not found")
    if type == "supabase_apikeys":
        keys = {"anon_key": "anon", "service_role_key": "service_role", "publishable_key": "publishable"}
        return {**config, **{name: f"rehearsal-{kind}-{ref}" for name, kind in keys.items()}, "secret_keys": []}
    if type == "supabase_pooler":
        host = f"aws-0-pooler.supabase.com:6543/postgres?project={ref}"
        return {**config, "url": {"transaction": f"postgresql://postgres.{ref}:[YOUR-PASSWORD]@{host}"}}
    branches = [state for _, state in store.all("supabase_branch") if state.get("parent_project_ref") == ref]
    listed = [{"id": one["id"], "git_branch": one["git_branch"], "project_ref": ref} for one in branches]
    return {**config, "branches": listed, "banned_ipv4_addresses": []}


def _recorded(type: str, config: Attributes, store: RecordStore) -> Attributes:
    asked = {
        RENAMED.get(name, name): value
        for name, value in config.items()
        if isinstance(value, str) and value and name not in ("statuses", "types")
    }
    for id, state in store.all(type):
        if all(value in (state.get(name), id, state.get("arn")) for name, value in asked.items()):
            extra = {name: state.get(RENAMED[name]) for name in config if name in RENAMED}
            known = {name: value for name, value in state.items() if name in config and value is not None}
            return {**config, **STATEFUL_ANSWERS.get(type, {}), **extra, **known}
    words = ", ".join(f"{name} {value!r}" for name, value in asked.items())
    raise ProviderError(f"reading {type}", f"no {type} with {words or 'any name'} was found: couldn't find resource")
