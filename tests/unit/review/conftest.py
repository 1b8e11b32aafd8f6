"""Plans made by Terraform 1.11.4 with the real hashicorp/aws 5.100.0, and a way to write small ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sesari.model.plan import Action, Plan, ResourceChange
from sesari.review.read import read_plan

CASES = Path(__file__).parents[2] / "cases" / "review"


@pytest.fixture
def case() -> Callable[[str], Plan]:
    return lambda name: read_plan(json.loads((CASES / f"{name}.json").read_text("utf-8")))


@pytest.fixture
def change() -> Callable[..., ResourceChange]:
    def make(type_: str = "aws_instance", action: Action = Action.UPDATE, **fields: Any) -> ResourceChange:
        address = fields.pop("address", f"module.api.{type_}.this")
        defaults: dict[str, Any] = {
            "module": "module.api",
            "name": "this",
            "provider": "p",
            "before": None if action is Action.CREATE else {},
            "after": None if action is Action.DELETE else {},
            "unknown": {},
            "before_sensitive": {},
            "after_sensitive": {},
        }
        return ResourceChange(address=address, type=type_, action=action, **{**defaults, **fields})

    return make


@pytest.fixture
def plan() -> Callable[..., Plan]:
    def make(*changes: ResourceChange, drift: tuple[ResourceChange, ...] = ()) -> Plan:
        return Plan("1.11.4", changes, drift, {}, True)

    return make
