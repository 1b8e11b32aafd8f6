"""A provider's schema as the protocol's messages."""

from __future__ import annotations

import json
from typing import Any

from sesari.rehearsal.provider.schema import Attribute, Block, FunctionSignature, NestedBlock, ProviderSchema, Schema
from sesari.rehearsal.provider.wire import Protocol


def encode_provider(schema: ProviderSchema, protocol: Protocol) -> Any:
    """The `GetProviderSchema` response."""
    response = protocol.messages["ProviderSchemaResponse"]()
    response.provider.CopyFrom(_schema(schema.provider, protocol))
    for target, schemas in (
        (response.resource_schemas, schema.resources),
        (response.data_source_schemas, schema.data_sources),
        (response.ephemeral_resource_schemas, schema.ephemerals),
    ):
        for name, inner in schemas.items():
            target[name].CopyFrom(_schema(inner, protocol))
    encode_functions(schema, response.functions)
    response.server_capabilities.get_provider_schema_optional = True
    return response


def encode_functions(schema: ProviderSchema, target: Any) -> None:
    """Fill a response's map of functions."""
    for name, signature in schema.functions.items():
        _function(signature, target[name])


def _function(signature: FunctionSignature, target: Any) -> None:
    target.summary = signature.summary
    getattr(target, "return").type = _type(signature.returns)
    for name, type_ in signature.parameters:
        target.parameters.add(name=name, type=_type(type_))


def _schema(schema: Schema, protocol: Protocol) -> Any:
    message = protocol.messages["Schema"](version=schema.version)
    _block(schema.block, message.block)
    return message


def _block(block: Block, target: Any) -> None:
    for attribute in block.attributes.values():
        _attribute(attribute, target.attributes.add())
    for nested in block.blocks.values():
        _nested_block(nested, target.block_types.add())


def _attribute(attribute: Attribute, target: Any) -> None:
    target.name = attribute.name
    target.required = attribute.required
    target.optional = attribute.optional
    target.computed = attribute.computed
    target.sensitive = attribute.sensitive
    target.write_only = attribute.write_only
    target.deprecated = attribute.deprecated
    if attribute.nested is None:
        target.type = _type(attribute.type)
        return
    target.nested_type.nesting = attribute.nested.nesting.upper()
    for inner in attribute.nested.block.attributes.values():
        _attribute(inner, target.nested_type.attributes.add())


def _nested_block(nested: NestedBlock, target: Any) -> None:
    target.type_name = nested.name
    target.nesting = nested.nesting.upper()
    target.min_items = nested.min_items
    target.max_items = nested.max_items
    _block(nested.block, target.block)
    target.block.SetInParent()


def _type(type_: Any) -> bytes:
    return json.dumps(type_, separators=(",", ":")).encode()
