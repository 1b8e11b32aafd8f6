"""What Terraform itself does not refuse, and a real provider does. PURE."""

from __future__ import annotations

from collections.abc import Iterator

from sesari.rehearsal.provider.replacement import Path
from sesari.rehearsal.provider.schema import Block
from sesari.rehearsal.provider.values import Object, Value


def read_only_values(block: Block, config: Object) -> tuple[Path, ...]:
    """The paths of computed-only attributes that the configuration sets."""
    return tuple(_read_only(block, config, ()))


def _read_only(block: Block, config: Object, at: Path) -> Iterator[Path]:
    for name, attribute in block.attributes.items():
        value = config.get(name)
        if value is None:
            continue
        if attribute.computed and not attribute.optional:
            yield (*at, name)
        elif attribute.nested is not None:
            yield from _inside(attribute.nested.block, value, (*at, name))
    for name, nested in block.blocks.items():
        yield from _inside(nested.block, config.get(name), (*at, name))


def _inside(block: Block, value: Value, at: Path) -> Iterator[Path]:
    if isinstance(value, list):
        for i, item in enumerate(value):
            if isinstance(item, dict):
                yield from _read_only(block, item, (*at, i))
    elif isinstance(value, dict) and value.keys() <= block.shape.fields.keys():
        yield from _read_only(block, value, at)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, dict):
                yield from _read_only(block, item, (*at, key))
