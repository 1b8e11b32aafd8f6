"""Which element of a set was which before: sets have no order and their elements no names. PURE."""

from __future__ import annotations

from collections.abc import Sequence

from sesari.rehearsal.provider.conform import same
from sesari.rehearsal.provider.equivalence import legacy_equivalent
from sesari.rehearsal.provider.schema import Attribute, Block, Nesting
from sesari.rehearsal.provider.values import Object, Value


def correlate(block: Block, prior: Sequence[Value], config: Sequence[Value], legacy: bool) -> list[int | None]:
    """For each configured element the index of the prior element that differs from it in nothing but computed values.

    As many as possible are matched, each prior element at most once (augmenting paths: a null computed attribute fits
    any prior value, so the first fit is not always the right one).
    """
    fits = [
        [j for j, old in enumerate(prior) if isinstance(old, dict) and isinstance(new, dict) and
         _could_be(block, old, new, legacy)]
        for new in config
    ]  # fmt: skip
    taken: dict[int, int] = {}

    def place(i: int, tried: set[int]) -> bool:
        for j in fits[i]:
            if j not in tried:
                tried.add(j)
                if j not in taken or place(taken[j], tried):
                    taken[j] = i
                    return True
        return False

    for i in range(len(config)):
        place(i, set())
    matched: dict[int, int] = {i: j for j, i in taken.items()}
    return [matched.get(i) for i in range(len(config))]


def _could_be(block: Block, prior: Object, config: Object, legacy: bool) -> bool:
    return all(
        _attribute_could_be(attribute, prior.get(name), config[name], legacy)
        for name, attribute in block.attributes.items()
    ) and all(
        _nested_could_be(nested.nesting, nested.block, prior.get(name), config[name], legacy)
        for name, nested in block.blocks.items()
    )


def _attribute_could_be(attribute: Attribute, prior: Value, config: Value, legacy: bool) -> bool:
    if attribute.write_only or (config is None and attribute.computed):
        return True
    if legacy and legacy_equivalent(prior, config):
        return True
    if attribute.nested is not None:
        return _nested_could_be(attribute.nested.nesting, attribute.nested.block, prior, config, legacy)
    return same(prior, config, attribute.shape)


def _nested_could_be(nesting: Nesting, block: Block, prior: Value, config: Value, legacy: bool) -> bool:
    if isinstance(prior, dict) and isinstance(config, dict):
        if nesting != "map":
            return _could_be(block, prior, config, legacy)
        pairs = [(prior.get(key), config.get(key)) for key in prior.keys() | config.keys()]
    elif isinstance(prior, list) and isinstance(config, list) and len(prior) == len(config):
        if nesting == "set":
            return None not in correlate(block, prior, config, legacy)
        pairs = list(zip(prior, config, strict=True))
    else:
        return prior is None and config is None
    return all(isinstance(a, dict) and isinstance(b, dict) and _could_be(block, a, b, legacy) for a, b in pairs)
