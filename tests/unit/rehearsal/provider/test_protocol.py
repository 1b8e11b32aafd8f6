from __future__ import annotations

import json
from typing import Any

import pytest

from sesari.rehearsal.provider.assembly import SCHEMA_FILES, load_schema
from sesari.rehearsal.provider.backend import ProviderError
from sesari.rehearsal.provider.configuration import configuration_check
from sesari.rehearsal.provider.conform import conform
from sesari.rehearsal.provider.functions import FunctionFailed, call_function
from sesari.rehearsal.provider.reattach import reattach_variable
from sesari.rehearsal.provider.schema import parse_type
from sesari.rehearsal.provider.schema_messages import encode_provider
from sesari.rehearsal.provider.tags import own_tags
from sesari.rehearsal.provider.validation import read_only_values
from sesari.rehearsal.provider.wire import load_protocol


@pytest.mark.parametrize("provider", sorted(SCHEMA_FILES))
def test_every_schema_becomes_a_message_that_says_the_same(provider: str) -> None:
    schema = load_schema(provider)
    response = encode_provider(schema, load_protocol())
    assert set(response.resource_schemas) == set(schema.resources)
    for type, message in response.resource_schemas.items():
        block = schema.resources[type].block
        assert {a.name for a in message.block.attributes} == set(block.attributes), type
        assert {b.type_name for b in message.block.block_types} == set(block.blocks), type
        for attribute in message.block.attributes:
            ours = block.attributes[attribute.name]
            assert (attribute.required, attribute.computed, attribute.write_only) == (
                ours.required, ours.computed, ours.write_only
            )  # fmt: skip


def test_the_reattach_variable_is_what_terraform_reads() -> None:
    value = json.loads(reattach_variable({"registry.terraform.io/hashicorp/aws": "/s/aws.sock"}, 7))
    assert value == {
        "registry.terraform.io/hashicorp/aws": {
            "Protocol": "grpc",
            "ProtocolVersion": 6,
            "Pid": 7,
            "Test": True,
            "Addr": {"Network": "unix", "String": "/s/aws.sock"},
        }
    }


def test_computed_only_values_are_found_at_every_depth() -> None:
    block = load_schema("vercel").resources["vercel_project"].block
    config: dict[str, Any] = {"name": "web", "id": "mine", "environment": [{"key": "A", "id": "mine"}]}
    assert set(read_only_values(block, config)) == {("id",), ("environment", 0, "id")}


@pytest.mark.parametrize(
    ("type", "value", "why"),
    [
        ("string", 1, "expected a str"),
        ("number", "text", "could not convert"),
        (["list", "string"], {"a": 1}, "expected a list"),
        (["object", {"a": "string"}], {"b": "x"}, "the schema has no b"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_place(type: Any, value: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        conform(value, parse_type(type))


def test_tags_that_are_only_defaults_are_not_the_resources_own() -> None:
    everything = {"product": "shop", "Name": "n", "hand": "made"}
    assert own_tags({"product": "shop"}, {"Name": "n"}, everything) == {"Name": "n", "hand": "made"}
    assert own_tags({"product": "shop"}, None, {"product": "shop"}) is None
    assert own_tags({"product": "shop"}, {"product": "shop"}, {"product": "shop"}) == {"product": "shop"}


def test_functions_tell_which_argument_is_wrong() -> None:
    with pytest.raises(FunctionFailed, match="not enough sections"):
        call_function("arn_parse", ["arn:aws"])
    with pytest.raises(FunctionFailed, match='service must be "iam"'):
        call_function("trim_iam_role_path", ["arn:aws:s3:::bucket"])


@pytest.mark.parametrize("config", [{"allowed_account_ids": ["2"]}, {"forbidden_account_ids": ["1"]}])
def test_an_account_that_the_configuration_does_not_allow_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ProviderError, match="AWS account ID not allowed: 1"):
        configuration_check("aws", "1")(config)
    configuration_check("aws", "2")({"allowed_account_ids": ["2"]})
