"""The questions that were put to the real aws provider, put to the double: the same attributes replace."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from sesari.rehearsal.provider.assembly import load_schema, load_table, load_traits
from sesari.rehearsal.provider.conform import conform
from sesari.rehearsal.provider.fabricate import Place, fabricate
from sesari.rehearsal.provider.planning import Planned, Rules, plan_change
from sesari.rehearsal.provider.sidecar import Traits, parse_traits
from sesari.rehearsal.provider.values import without_unknown

QUESTIONS: dict[str, Any] = json.loads((Path(__file__).parents[4] / "tools/replace_paths.json").read_text())
SCHEMA = load_schema("aws")
TRAITS = load_traits("aws")
TABLE = load_table("aws")
PLACE = Place("111122223333", "us-east-1")


def with_change(base: dict[str, Any], dotted: str, value: Any) -> dict[str, Any] | None:
    """The configuration with one attribute changed, at every element of the blocks on its way; None without them."""
    config = copy.deepcopy(base)
    nodes: list[dict[str, Any]] = [config]
    *way, last = dotted.split(".")
    for name in way:
        inner = [node.get(name) for node in nodes]
        nodes = [one for item in inner for one in (item if isinstance(item, list) else [item]) if isinstance(one, dict)]
    for node in nodes:
        node[last] = value
    return config if nodes else None


def plan(type: str, prior: Any, config: dict[str, Any]) -> Planned:
    block = SCHEMA.resources[type].block
    conformed: Any = conform(config, block.shape)
    return plan_change(block, prior, conformed, Rules(TRAITS.get(type, Traits()), legacy=True))


@pytest.mark.parametrize("type", sorted(QUESTIONS))
def test_what_replaced_at_the_real_provider_replaces_at_the_double(type: str) -> None:
    question, block = QUESTIONS[type], SCHEMA.resources[type].block
    created: Any = without_unknown(plan(type, None, question["base"]).state)
    prior: Any = conform(fabricate(type, created, block, TABLE.get(type, {}), PLACE, "seed/1"), block.shape)
    assert plan(type, prior, question["base"]).replace == ()
    asked = 0
    for dotted, value in question["change"].items():
        config = with_change(question["base"], dotted, value)
        if config is None:
            continue
        asked += 1
        replaces = any(path == dotted or path.startswith(f"{dotted}.") for path in TRAITS[type].replace)
        assert bool(plan(type, prior, config).replace) == replaces, f"{type}.{dotted}"
    assert asked


def test_missing_entries_and_types_are_no_error() -> None:
    traits = parse_traits({"aws_vpc": {"replace": ["cidr_block"]}, "note": "text"}, {"aws_lb": ["subnet_mapping"]})  # type: ignore[dict-item]
    assert traits["aws_vpc"].replace == ("cidr_block",)
    assert traits["aws_lb"].computed_blocks == ("subnet_mapping",)
    assert "note" not in traits


def test_every_path_of_a_sidecar_exists_in_the_schema() -> None:
    for provider in ("aws", "vercel", "supabase"):
        schema = load_schema(provider)
        for type, traits in load_traits(provider).items():
            for path in (*traits.replace, *traits.defaults, *traits.recomputed, *traits.computed_blocks):
                assert _exists(schema.resources[type].block, path.split(".")), f"{type}: {path}"


def _exists(block: Any, names: list[str]) -> bool:
    head, *rest = names
    if head in block.blocks:
        return not rest or _exists(block.blocks[head].block, rest)
    attribute = block.attributes.get(head)
    if attribute is None:
        return False
    return not rest or (attribute.nested is not None and _exists(attribute.nested.block, rest))
