from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sesari.rehearsal.provider.assembly import SCHEMA_FILES, load_schema, load_table
from sesari.rehearsal.provider.conform import conform, same
from sesari.rehearsal.provider.fabricate import Place, fabricate
from sesari.rehearsal.provider.planning import Planned, Rules, plan_change
from sesari.rehearsal.provider.schema import Block, Collection, ObjectShape, Scalar, Shape
from sesari.rehearsal.provider.sidecar import Traits
from sesari.rehearsal.provider.values import UNKNOWN, Value, wholly_known, without_unknown

SCHEMAS = {name: load_schema(name) for name in SCHEMA_FILES}
TYPES = [(name, type) for name, schema in SCHEMAS.items() for type in schema.resources]
PLACE = Place("111111111111", "us-east-1")


def block_of(type: str) -> Block:
    return SCHEMAS[type.split("_")[0]].resources[type].block


def plan(type: str, prior: Any, config: dict[str, Any], rules: Rules | None = None) -> Planned:
    block = block_of(type)
    before: Any = None if prior is None else conform(prior, block.shape)
    after: Any = conform(config, block.shape)
    return plan_change(block, before, after, rules or Rules(Traits(), legacy=type.startswith("aws_")))


def test_computed_attributes_are_unknown_on_create_and_kept_on_update() -> None:
    created = plan("aws_vpc", None, {"cidr_block": "10.0.0.0/16"})
    assert created.state["id"] is UNKNOWN and created.state["cidr_block"] == "10.0.0.0/16"
    prior = {**created.state, "id": "vpc-1", "arn": "arn"}
    updated = plan("aws_vpc", without_unknown(prior), {"cidr_block": "10.0.0.0/16", "enable_dns_support": True})
    assert updated.state["id"] == "vpc-1"
    assert wholly_known(updated.state)


def test_a_replacing_attribute_is_named_and_others_are_not() -> None:
    rules = Rules(Traits(replace=("cidr_block", "instance_tenancy")), legacy=True)
    prior = {"cidr_block": "10.0.0.0/16", "id": "vpc-1"}
    assert plan("aws_vpc", prior, {"cidr_block": "10.1.0.0/16"}, rules).replace == (("cidr_block",),)
    assert plan("aws_vpc", prior, {"cidr_block": "10.0.0.0/16", "enable_dns_support": True}, rules).replace == ()


def test_a_replacing_attribute_that_becomes_unknown_replaces() -> None:
    rules = Rules(Traits(replace=("vpc_id",)), legacy=True)
    planned = plan("aws_subnet", {"vpc_id": "vpc-1", "id": "s"}, {"vpc_id": UNKNOWN}, rules)
    assert planned.replace == (("vpc_id",),)


def test_paths_through_lists_name_the_element_and_through_sets_the_set() -> None:
    rules = Rules(
        Traits(replace=("network_configuration.assign_public_ip", "load_balancer.container_port")), legacy=True
    )
    balancer = {"container_name": "a", "container_port": 80}
    prior = {"name": "s", "network_configuration": [{"subnets": ["x"]}], "load_balancer": [balancer]}
    config = {
        "name": "s",
        "network_configuration": [{"subnets": ["x"], "assign_public_ip": True}],
        "load_balancer": [{**balancer, "container_port": 81}],
    }
    replaced = plan("aws_ecs_service", prior, config, rules).replace
    assert set(replaced) == {("network_configuration", 0, "assign_public_ip"), ("load_balancer",)}


def test_a_default_of_the_sidecar_fills_what_the_configuration_leaves_out() -> None:
    rules = Rules(Traits(defaults={"description": "Managed by Terraform", "health_check.interval": 30}), legacy=True)
    assert plan("aws_security_group", None, {}, rules).state["description"] == "Managed by Terraform"
    group = plan("aws_lb_target_group", None, {"health_check": [{"path": "/"}]}, rules).state
    assert isinstance(group["health_check"], list)
    assert group["health_check"][0]["interval"] == 30


def test_write_only_values_are_not_planned() -> None:
    config = {"secret_id": "s", "secret_string_wo": "value", "secret_string_wo_version": 1}
    assert plan("aws_secretsmanager_secret_version", None, config).state["secret_string_wo"] is None


def test_two_spellings_of_one_policy_are_no_change_for_the_old_framework() -> None:
    prior = {"name": "r", "assume_role_policy": '{"Statement": [{"Action": ["a:b", "c:d"], "Effect": "Allow"}]}'}
    config = {"name": "r", "assume_role_policy": '{"Statement":{"Effect":"Allow","Action":["c:d","a:b"]}}'}
    planned = plan("aws_iam_role", prior, config)
    assert planned.state["assume_role_policy"] == prior["assume_role_policy"]


def test_zero_values_inside_a_set_of_objects_are_no_change_for_the_old_framework() -> None:
    rule = {"from_port": 80, "to_port": 80, "protocol": "tcp", "cidr_blocks": ["10.0.0.0/8"]}
    seen = {**rule, "description": "", "ipv6_cidr_blocks": [], "self": False}
    planned = plan("aws_security_group", {"name": "g", "id": "sg", "ingress": [seen]}, {"name": "g", "ingress": [rule]})
    assert planned.state["ingress"] == [{**seen, "prefix_list_ids": None, "security_groups": None}]


def test_an_element_of_a_set_keeps_its_computed_values_wherever_it_moves() -> None:
    def variable(key: str, id: str | None = None) -> dict[str, Any]:
        return {"key": key, "value": "v", "target": ["production"], "sensitive": False, "id": id}

    prior = {"project_id": "p", "id": "p", "variables": [variable("A", "1"), variable("B", "2")]}
    config = {"project_id": "p", "variables": [variable("C"), variable("B"), variable("A")]}
    planned: Any = plan("vercel_project_environment_variables", prior, config).state["variables"]
    assert {item["key"]: item["id"] for item in planned} == {"A": "1", "B": "2", "C": UNKNOWN}


def test_a_set_with_unknown_elements_keeps_them_apart_or_is_unknown_to_the_old_framework() -> None:
    config = {"subnets": [UNKNOWN, UNKNOWN]}
    assert plan("aws_lb", None, config, Rules(Traits(), legacy=False)).state["subnets"] == [UNKNOWN, UNKNOWN]
    assert plan("aws_lb", None, config, Rules(Traits(), legacy=True)).state["subnets"] is UNKNOWN


def test_a_block_that_the_cloud_fills_is_unknown_first_and_kept_later() -> None:
    rules = Rules(Traits(computed_blocks=("subnet_mapping",)), legacy=True)
    assert plan("aws_lb", None, {"name": "a"}, rules).state["subnet_mapping"] is UNKNOWN
    mapping = [{"subnet_id": "subnet-1"}]
    updated = plan("aws_lb", {"name": "a", "subnet_mapping": mapping}, {"name": "a", "idle_timeout": 61}, rules)
    assert isinstance(updated.state["subnet_mapping"], list)
    assert len(updated.state["subnet_mapping"]) == 1


def test_tags_and_defaults_make_tags_all() -> None:
    rules = Rules(Traits(), legacy=True, default_tags={"a": "1", "b": "2"})
    assert plan("aws_vpc", None, {"tags": {"b": "3"}}, rules).state["tags_all"] == {"a": "1", "b": "3"}
    assert plan("aws_vpc", None, {"tags": {"b": UNKNOWN}}, rules).state["tags_all"] is UNKNOWN


def config_of(draw: Any, shape: Shape) -> Value:
    if isinstance(shape, Scalar):
        kinds = {"string": st.sampled_from(["", "a", "b"]), "number": st.integers(0, 3), "bool": st.booleans()}
        return draw(kinds[shape.kind])
    if isinstance(shape, ObjectShape):
        return {name: config_of(draw, inner) for name, inner in shape.fields.items()}
    items = [config_of(draw, shape.element) for _ in range(draw(st.integers(0, 2)))]
    return {f"k{i}": item for i, item in enumerate(items)} if shape.kind == "map" else items


def block_config(draw: Any, block: Block) -> dict[str, Value]:
    config: dict[str, Value] = {}
    for name, attribute in block.attributes.items():
        settable = attribute.required or (attribute.optional and draw(st.integers(0, 3)) == 0)
        if settable and attribute.nested is None:
            config[name] = config_of(draw, attribute.shape)
        elif settable and attribute.nested is not None:
            config[name] = wrapped(draw, attribute.nested.nesting, attribute.nested.block)
        else:
            config[name] = None
    for name, nested in block.blocks.items():
        config[name] = wrapped(draw, nested.nesting, nested.block)
    return config


def wrapped(draw: Any, nesting: str, block: Block) -> Value:
    if nesting in ("single", "group"):
        return block_config(draw, block)
    elements = [block_config(draw, block) for _ in range(draw(st.integers(0, 2)))]
    return {f"k{i}": element for i, element in enumerate(elements)} if nesting == "map" else list(elements)


@st.composite
def configurations(draw: Any) -> tuple[str, str, Value]:
    provider, type = draw(st.sampled_from(TYPES))
    block = SCHEMAS[provider].resources[type].block
    return provider, type, conform(block_config(draw, block), block.shape)


def shuffled(value: Value, shape: Shape, seed: int) -> Value:
    """The same value with the elements of its sets in another order."""
    if isinstance(shape, ObjectShape) and isinstance(value, dict):
        return {name: shuffled(value[name], inner, seed) for name, inner in shape.fields.items()}
    if isinstance(shape, Collection) and isinstance(value, list):
        items = [shuffled(item, shape.element, seed) for item in value]
        return random.Random(seed).sample(items, len(items)) if shape.kind == "set" else items
    if isinstance(shape, Collection) and isinstance(value, dict):
        return {key: shuffled(item, shape.element, seed) for key, item in value.items()}
    return value


@pytest.mark.parametrize("legacy", [True, False])
@settings(max_examples=150, deadline=None)
@given(configurations(), st.integers(0, 9))
def test_the_plan_of_an_unchanged_configuration_is_empty(
    legacy: bool, drawn: tuple[str, str, dict[str, Value]], seed: int
) -> None:
    provider, type, config = drawn
    block = SCHEMAS[provider].resources[type].block
    rules = Rules(Traits(replace=tuple(block.attributes)), legacy)
    planned = plan_change(block, None, config, rules)
    known: Any = without_unknown(planned.state)
    made: Any = fabricate(type, known, block, load_table(provider).get(type, {}), PLACE, "seed/1")
    prior: Any = conform(made, block.shape)
    again = plan_change(block, prior, conform(shuffled(config, block.shape, seed), block.shape), rules)  # type: ignore[arg-type]
    assert again.replace == ()
    assert same(again.state, prior, block.shape)


@settings(max_examples=100, deadline=None)
@given(configurations())
def test_a_plan_says_what_the_configuration_says(drawn: tuple[str, str, dict[str, Value]]) -> None:
    provider, type, config = drawn
    block = SCHEMAS[provider].resources[type].block
    planned = plan_change(block, None, config, Rules(Traits(), legacy=False))
    for name, attribute in block.attributes.items():
        if config[name] is not None and attribute.nested is None and not attribute.write_only:
            assert same(planned.state[name], config[name], attribute.shape)
