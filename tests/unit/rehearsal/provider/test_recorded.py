from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sesari.rehearsal.provider.assembly import Habitat, load_schema, recorded_backend
from sesari.rehearsal.provider.backend import ProviderError
from sesari.rehearsal.provider.fabricate import Place
from sesari.rehearsal.provider.recorded import Recorded
from sesari.rehearsal.provider.store import RecordStore

PLACE = Place("111111111111", "eu-west-1")


def backend(folder: Path, provider: str = "aws", identity: str = "deploy") -> Recorded:
    habitat = Habitat(folder, "dev", PLACE)
    return recorded_backend(load_schema(provider), habitat, RecordStore(habitat.record_file(provider)), identity)


@pytest.mark.parametrize(
    ("type", "planned", "name", "expected"),
    [
        ("aws_sqs_queue", {"name": "jobs"}, "url", "https://sqs.eu-west-1.amazonaws.com/111111111111/jobs"),
        ("aws_iam_role", {"name": "r", "path": "/"}, "arn", "arn:aws:iam::111111111111:role/r"),
        ("aws_ecr_repository", {"name": "api"}, "repository_url", "111111111111.dkr.ecr.eu-west-1.amazonaws.com/api"),
        ("aws_ecs_task_definition", {"family": "f"}, "arn", "arn:aws:ecs:eu-west-1:111111111111:task-definition/f:1"),
        ("aws_s3_bucket_policy", {"bucket": "b", "policy": "{}"}, "id", "b"),
        (
            "aws_iam_openid_connect_provider",
            {"url": "https://h/p"},
            "id",
            "arn:aws:iam::111111111111:oidc-provider/h/p",
        ),
    ],
)
def test_computed_values_look_like_the_clouds(
    tmp_path: Path, type: str, planned: dict[str, str], name: str, expected: str
) -> None:
    assert backend(tmp_path).create(type, dict(planned))[name] == expected


def test_revisions_count_up_and_ids_are_the_same_in_every_run(tmp_path: Path) -> None:
    one, two = backend(tmp_path / "one"), backend(tmp_path / "two")
    assert one.create("aws_vpc", {"cidr_block": "10.0.0.0/16"}) == two.create("aws_vpc", {"cidr_block": "10.0.0.0/16"})
    first = one.create("aws_ecs_task_definition", {"family": "f"})
    one.delete("aws_ecs_task_definition", first)
    assert one.create("aws_ecs_task_definition", {"family": "f"})["revision"] == 2


def test_every_type_of_every_provider_can_be_made_read_and_removed(tmp_path: Path) -> None:
    for provider in ("aws", "vercel", "supabase"):
        made_by = backend(tmp_path, provider)
        for type, schema in made_by.schema.resources.items():
            required = {
                a.name: f"{a.name}-x" for a in schema.block.attributes.values() if a.required and a.type == "string"
            }
            state = made_by.create(type, required)
            assert made_by.key(type, state) not in ("None", ""), type
            assert made_by.read(type, state) == state
            made_by.delete(type, state)
            assert made_by.read(type, state) is None


def test_a_second_resource_of_one_name_is_refused_and_the_first_stays(tmp_path: Path) -> None:
    recorded = backend(tmp_path)
    first = recorded.create("aws_iam_role", {"name": "r", "description": "first"})
    with pytest.raises(ProviderError, match="already exists"):
        recorded.create("aws_iam_role", {"name": "r"})
    assert recorded.read("aws_iam_role", first) == first


def test_write_only_values_are_not_stored(tmp_path: Path) -> None:
    planned = {"secret_id": "s", "secret_string_wo": "MARKED"}
    assert backend(tmp_path).create("aws_secretsmanager_secret_version", planned)["secret_string_wo"] is None
    assert not any(b"MARKED" in path.read_bytes() for path in tmp_path.iterdir())


def test_records_are_private_and_survive_the_process_that_made_them(tmp_path: Path) -> None:
    state = backend(tmp_path).create("aws_vpc", {"cidr_block": "10.0.0.0/16"})
    assert backend(tmp_path).read("aws_vpc", state) == state
    assert stat.S_IMODE((tmp_path / "aws.sqlite").stat().st_mode) == 0o600


def test_a_change_by_hand_needs_something_to_change(tmp_path: Path) -> None:
    recorded = backend(tmp_path)
    with pytest.raises(KeyError, match="no aws_vpc vpc-1"):
        recorded.mutate("aws_vpc", "vpc-1", {"cidr_block": "x"})
    state = recorded.create("aws_vpc", {"cidr_block": "10.0.0.0/16"})
    recorded.mutate("aws_vpc", state["id"], {"cidr_block": "x"})
    assert (recorded.find("aws_vpc", state["id"]) or {})["cidr_block"] == "x"


def test_tags_changed_by_hand_are_changed_everywhere(tmp_path: Path) -> None:
    recorded = backend(tmp_path)
    tags = {"tags": {"Name": "n"}, "tags_all": {"Name": "n", "product": "shop"}}
    state = recorded.create("aws_vpc", {"cidr_block": "10.0.0.0/16", **tags})
    recorded.mutate("aws_vpc", state["id"], {"tags": {"Name": "m", "hand": "made"}})
    assert (recorded.read("aws_vpc", state) or {})["tags_all"] == {"Name": "m", "hand": "made", "product": "shop"}


def test_updating_what_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="not found"):
        backend(tmp_path).update("aws_vpc", {"id": "vpc-1"}, {"id": "vpc-1"})


def test_an_import_id_with_a_team_before_it_finds_the_project(tmp_path: Path) -> None:
    recorded = backend(tmp_path, "vercel")
    state = recorded.create("vercel_project", {"name": "web"})
    assert recorded.find("vercel_project", f"team_1/{state['id']}") == state
    assert recorded.find("vercel_project", "web") == state
    assert recorded.find("vercel_project", "other") is None


def test_numbers_of_a_sequence_never_repeat_between_threads_and_files(tmp_path: Path) -> None:
    stores = [RecordStore(tmp_path / "s.sqlite") for _ in range(2)]
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda i: stores[i % 2].next("n"), range(40)))
    assert sorted(numbers) == list(range(1, 41))


def test_a_reading_role_writes_nothing_and_says_so(tmp_path: Path) -> None:
    state = backend(tmp_path).create("aws_vpc", {"cidr_block": "10.0.0.0/16"})
    reader = backend(tmp_path, identity="plan")
    assert reader.read("aws_vpc", state) == state
    for write in (lambda: reader.create("aws_vpc", {}), lambda: reader.delete("aws_vpc", state)):
        with pytest.raises(ProviderError, match="AccessDenied"):
            write()
    assert reader.read("aws_vpc", state) == state


def test_a_data_source_finds_what_is_recorded_and_refuses_what_is_not(tmp_path: Path) -> None:
    recorded = backend(tmp_path)
    state = recorded.create("aws_ecs_cluster", {"name": "c"})
    found = recorded.data("aws_ecs_cluster", {"cluster_name": "c", "arn": None, "id": None, "status": None})
    assert (found["arn"], found["status"], found["cluster_name"]) == (state["arn"], "ACTIVE", "c")
    with pytest.raises(ProviderError, match="couldn't find resource"):
        recorded.data("aws_ecs_cluster", {"cluster_name": "other"})


def test_supabase_data_sources_know_recorded_projects_only(tmp_path: Path) -> None:
    recorded = backend(tmp_path, "supabase")
    ref = recorded.create("supabase_project", {"name": "db"})["id"]
    assert ref in recorded.data("supabase_apikeys", {"project_ref": ref})["anon_key"]
    assert ref in recorded.data("supabase_pooler", {"project_ref": ref})["url"]["transaction"]
    with pytest.raises(ProviderError, match="project none not found"):
        recorded.data("supabase_apikeys", {"project_ref": "none"})


@pytest.mark.parametrize(
    ("type", "config", "name", "expected"),
    [
        ("aws_region", {}, "name", "eu-west-1"),
        ("aws_partition", {}, "dns_suffix", "amazonaws.com"),
        ("aws_availability_zones", {}, "zone_ids", ["euw1-az1", "euw1-az2", "euw1-az3"]),
        ("aws_vpc_endpoint_service", {"service": "s3"}, "service_name", "com.amazonaws.eu-west-1.s3"),
        ("aws_prefix_list", {"name": "x"}, "cidr_blocks", ["198.51.100.0/24"]),
    ],
)
def test_facts_of_the_place(tmp_path: Path, type: str, config: dict[str, str], name: str, expected: object) -> None:
    assert backend(tmp_path).data(type, dict(config))[name] == expected


def test_a_random_password_keeps_its_rules(tmp_path: Path) -> None:
    rules = {"password_length": 40, "exclude_punctuation": True, "exclude_characters": "0O"}
    made = backend(tmp_path).data("aws_secretsmanager_random_password", dict(rules))["random_password"]
    assert len(made) == 40 and made.isalnum() and not set(made) & set("0O")
    with pytest.raises(ProviderError, match="nothing is left"):
        everything = ("lowercase", "uppercase", "numbers", "punctuation")
        recorded = backend(tmp_path)
        recorded.data("aws_secretsmanager_random_password", {f"exclude_{kind}": True for kind in everything})
