"""A provider's schema as values: blocks, attributes, and the shape (type) that each value must have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

Nesting = Literal["single", "group", "list", "set", "map"]


@dataclass(frozen=True, slots=True)
class Scalar:
    kind: Literal["string", "number", "bool"]


@dataclass(frozen=True, slots=True)
class Collection:
    """`nested_block`: the value of nested blocks, empty and never null where there are none."""

    kind: Literal["list", "set", "map"]
    element: Shape
    nested_block: bool = False


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """`nested_block`: a group block, which is never null."""

    fields: Mapping[str, Shape]
    nested_block: bool = False


Shape: TypeAlias = Scalar | Collection | ObjectShape


@dataclass(frozen=True)
class Attribute:
    """`type` is the JSON form of Terraform's type, or None where `nested` describes it."""

    name: str
    type: Any
    nested: NestedAttributes | None
    required: bool
    optional: bool
    computed: bool
    sensitive: bool
    write_only: bool
    deprecated: bool

    @cached_property
    def shape(self) -> Shape:
        if self.nested is None:
            return parse_type(self.type)
        return nest(self.nested.nesting, self.nested.block.shape, nested_block=False)


@dataclass(frozen=True)
class NestedAttributes:
    nesting: Nesting
    block: Block


@dataclass(frozen=True)
class NestedBlock:
    """`max_items` 0 means any number."""

    name: str
    nesting: Nesting
    block: Block
    min_items: int
    max_items: int

    @cached_property
    def shape(self) -> Shape:
        return nest(self.nesting, self.block.shape, nested_block=True)


@dataclass(frozen=True)
class Block:
    attributes: Mapping[str, Attribute]
    blocks: Mapping[str, NestedBlock]

    @cached_property
    def shape(self) -> ObjectShape:
        fields: dict[str, Shape] = {name: attribute.shape for name, attribute in self.attributes.items()}
        fields.update({name: block.shape for name, block in self.blocks.items()})
        return ObjectShape(fields)


@dataclass(frozen=True, slots=True)
class Schema:
    version: int
    block: Block


@dataclass(frozen=True, slots=True)
class FunctionSignature:
    """Parameters by name with their types (JSON form), in order."""

    parameters: tuple[tuple[str, Any], ...]
    returns: Any
    summary: str


@dataclass(frozen=True, slots=True)
class ProviderSchema:
    """`address` is the full registry address; `name` its last part."""

    address: str
    name: str
    provider: Schema
    resources: Mapping[str, Schema]
    data_sources: Mapping[str, Schema]
    ephemerals: Mapping[str, Schema]
    functions: Mapping[str, FunctionSignature]


def parse_type(type_: Any) -> Shape:
    """The JSON form of a type, such as `["set", "string"]`, to its shape. Raises ValueError for what we lack."""
    if type_ in ("string", "number", "bool"):
        return Scalar(type_)
    if isinstance(type_, list) and type_[0] in ("list", "set", "map"):
        return Collection(type_[0], parse_type(type_[1]))
    if isinstance(type_, list) and type_[0] == "object":
        return ObjectShape({name: parse_type(inner) for name, inner in type_[1].items()})
    raise ValueError(f"the type {type_!r} is not supported by the double")


def nest(nesting: Nesting, inner: ObjectShape, *, nested_block: bool) -> Shape:
    """The shape of a nested block or nested attribute around its element."""
    if nesting == "single":
        return inner
    if nesting == "group":
        return ObjectShape(inner.fields, nested_block)
    return Collection(nesting, inner, nested_block)


def parse_provider(document: Mapping[str, Any]) -> ProviderSchema:
    """One provider's schema out of `terraform providers schema -json`'s document."""
    ((address, raw),) = document["provider_schemas"].items()
    return ProviderSchema(
        address=address,
        name=address.rsplit("/", 1)[1],
        provider=_schema(raw["provider"]),
        resources=_schemas(raw.get("resource_schemas", {})),
        data_sources=_schemas(raw.get("data_source_schemas", {})),
        ephemerals=_schemas(raw.get("ephemeral_resource_schemas", {})),
        functions={name: _function(function) for name, function in raw.get("functions", {}).items()},
    )


def _schemas(raw: Mapping[str, Any]) -> dict[str, Schema]:
    return {name: _schema(schema) for name, schema in raw.items()}


def _schema(raw: Mapping[str, Any]) -> Schema:
    return Schema(version=raw.get("version", 0), block=_block(raw["block"]))


def _block(raw: Mapping[str, Any]) -> Block:
    return Block(
        attributes={name: _attribute(name, attribute) for name, attribute in raw.get("attributes", {}).items()},
        blocks={name: _nested_block(name, block) for name, block in raw.get("block_types", {}).items()},
    )


def _attribute(name: str, raw: Mapping[str, Any]) -> Attribute:
    nested = raw.get("nested_type")
    return Attribute(
        name=name,
        type=raw.get("type"),
        nested=None if nested is None else NestedAttributes(nested["nesting_mode"], _block(nested)),
        required=raw.get("required", False),
        optional=raw.get("optional", False),
        computed=raw.get("computed", False),
        sensitive=raw.get("sensitive", False),
        write_only=raw.get("write_only", False),
        deprecated=raw.get("deprecated", False),
    )


def _nested_block(name: str, raw: Mapping[str, Any]) -> NestedBlock:
    return NestedBlock(
        name=name,
        nesting=raw["nesting_mode"],
        block=_block(raw["block"]),
        min_items=raw.get("min_items", 0),
        max_items=raw.get("max_items", 0),
    )


def _function(raw: Mapping[str, Any]) -> FunctionSignature:
    return FunctionSignature(
        parameters=tuple((parameter["name"], parameter["type"]) for parameter in raw.get("parameters", [])),
        returns=raw["return_type"],
        summary=raw.get("summary", ""),
    )
