"""One provider's resources as Terraform's operations see them: plan, apply, read, import, over a router."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from sesari.rehearsal.provider.backend import Attributes, Operations, ProviderError
from sesari.rehearsal.provider.conform import conform
from sesari.rehearsal.provider.planning import Planned, Rules, plan_change
from sesari.rehearsal.provider.schema import Block, ProviderSchema, Schema
from sesari.rehearsal.provider.sidecar import Traits
from sesari.rehearsal.provider.tags import own_tags
from sesari.rehearsal.provider.values import UNKNOWN, Object, Value, wholly_known, without_unknown

NO_TRAITS = Traits()


@dataclass(frozen=True, slots=True)
class Resources:
    """`backend` is usually a router. Default tags are given per call: they belong to a Configure."""

    schema: ProviderSchema
    traits: Mapping[str, Traits]
    backend: Operations

    def legacy(self, type: str) -> bool:
        """Served by SDKv2: in the aws provider those types whose `id` may be set, a quirk of that framework."""
        id = self.schema.resources[type].block.attributes.get("id")
        return self.schema.name == "aws" and id is not None and id.optional

    def plan(self, type: str, prior: Value, config: Value, default_tags: Mapping[str, Value]) -> Planned:
        """`config` is not null: a destroy needs no plan from us."""
        block = self.schema.resources[type].block
        rules = Rules(self.traits.get(type, NO_TRAITS), self.legacy(type), self._default_tags(default_tags))
        before = None if prior is None else cast(Object, conform(prior, block.shape))
        return plan_change(block, before, cast(Object, conform(config, block.shape)), rules)

    def apply(self, type: str, prior: Value, planned: Value, config: Value) -> Value:
        """The new state; None after a destroy. Raises ProviderError."""
        block = self.schema.resources[type].block
        if planned is None:
            self.backend.delete(type, cast(Attributes, prior))
            return None
        wanted = cast(
            Attributes, without_unknown({**cast(Object, planned), **_write_only(block, cast(Object, config))})
        )
        if prior is None:
            result = self.backend.create(type, wanted)
        else:
            result = self.backend.update(type, cast(Attributes, prior), wanted)
        return self._state(block, result)

    def read(self, type: str, state: Value, default_tags: Mapping[str, Value]) -> Value:
        """The state as it is now; None when the resource is gone."""
        block = self.schema.resources[type].block
        before = cast(Attributes, conform(state, block.shape))
        found = self.backend.read(type, before)
        if found is None:
            return None
        if {"tags", "tags_all"} <= found.keys() and self._default_tags(default_tags) is not None:
            found = {**found, "tags": own_tags(default_tags, before["tags"], found["tags_all"])}
        return self._state(block, found)

    def find(self, type: str, id: str) -> Value:
        """The state to import; where there is none, one with nothing but the id, which a read then finds gone."""
        block = self.schema.resources[type].block
        found = self.backend.find(type, id)
        if found is None:
            found = {"id": id} if "id" in block.attributes else {}
        return self._state(block, found)

    def upgrade(self, type: str, stored: Value) -> Value:
        """A stored state without the attributes that this version of the schema does not have."""
        block = self.schema.resources[type].block
        known = {name: value for name, value in cast(Object, stored).items() if name in block.shape.fields}
        return conform(known, block.shape)

    def data(self, schema: Schema, type: str, config: Value) -> Value:
        """The result of a data source or an ephemeral resource."""
        asked = cast(Attributes, conform(config, schema.block.shape))
        found = self.backend.data(type, asked)
        # A resource that answers for its data source knows attributes which the data source does not have.
        return conform({name: found.get(name) for name in schema.block.shape.fields}, schema.block.shape)

    def open(self, type: str, config: Value) -> Value:
        """An ephemeral resource's result; while its configuration is unknown, so is everything it computes."""
        schema = self.schema.ephemerals[type]
        if wholly_known(config):
            return self.data(schema, type, config)
        asked = cast(Object, conform(config, schema.block.shape))
        computed = {name for name, attribute in schema.block.attributes.items() if attribute.computed}
        return {name: UNKNOWN if name in computed and value is None else value for name, value in asked.items()}

    def _default_tags(self, default_tags: Mapping[str, Value]) -> Mapping[str, Value] | None:
        return default_tags if self.schema.name == "aws" else None

    def _state(self, block: Block, result: Attributes) -> Value:
        state = {**result, **{name: None for name, attribute in block.attributes.items() if attribute.write_only}}
        try:
            return conform(cast(Value, state), block.shape)
        except ValueError as error:
            raise ProviderError(
                "the backend of the double answered with what the schema does not have", str(error)
            ) from error


def _write_only(block: Block, config: Object) -> Object:
    return {name: config.get(name) for name, attribute in block.attributes.items() if attribute.write_only}
