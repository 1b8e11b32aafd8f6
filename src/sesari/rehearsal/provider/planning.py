"""What an apply would make of a configuration: values in, planned values out. PURE."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from sesari.rehearsal.provider.conform import conform, same
from sesari.rehearsal.provider.correlation import correlate
from sesari.rehearsal.provider.equivalence import legacy_equivalent, without_zeros
from sesari.rehearsal.provider.replacement import Path, replace_paths
from sesari.rehearsal.provider.schema import Attribute, Block, Collection, Nesting, Shape
from sesari.rehearsal.provider.sidecar import Traits
from sesari.rehearsal.provider.tags import all_tags
from sesari.rehearsal.provider.values import UNKNOWN, Object, Unknown, Value, wholly_known


@dataclass(frozen=True, slots=True)
class Planned:
    """`state` has `UNKNOWN` for what only the apply tells; `replace` are the paths that force a replacement."""

    state: Object
    replace: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """Of one resource type. `legacy`: the type is served by SDKv2, which sees fewer differences (see equivalence)."""

    traits: Traits
    legacy: bool
    default_tags: Mapping[str, Value] | None = None


def plan_change(block: Block, prior: Object | None, config: Object, rules: Rules) -> Planned:
    """Plan a create (`prior` None) or an update. Both values are conformed to the block's shape.

    An update whose result equals the prior state returns exactly that state, so that Terraform sees no change.
    """
    state = _plan_block(block, prior, config, _Context(rules, create=prior is None, path=()))
    tagged = rules.default_tags is not None and {"tags", "tags_all"} <= block.attributes.keys()
    if tagged:
        state["tags_all"] = all_tags(rules.default_tags or {}, state["tags"])
    state = cast(Object, conform(state, block.shape))
    if prior is None:
        return Planned(state, ())
    if same(_without_write_only(block, prior), state, block.shape):
        return Planned(prior, ())
    for name in rules.traits.recomputed:
        if name in block.attributes and config[name] is None:
            state[name] = UNKNOWN
    return Planned(state, replace_paths(rules.traits.replace, prior, state, block.shape))


@dataclass(frozen=True, slots=True)
class _Context:
    rules: Rules
    create: bool
    path: tuple[str, ...]

    def inside(self, name: str) -> _Context:
        return _Context(self.rules, self.create, (*self.path, name))

    def created(self) -> _Context:
        return _Context(self.rules, True, self.path)


def _plan_block(block: Block, prior: Object | None, config: Object, context: _Context) -> Object:
    planned: Object = {}
    if prior is None:
        context = context.created()
    for name, attribute in block.attributes.items():
        before = None if prior is None else prior.get(name)
        planned[name] = _plan_attribute(attribute, before, config[name], context.inside(name))
    for name, nested in block.blocks.items():
        before = None if prior is None else prior.get(name)
        inner = context.inside(name)
        if name in context.rules.traits.computed_blocks and not config[name] and not context.path:
            planned[name] = UNKNOWN if prior is None else before
            continue
        planned[name] = _plan_nested(nested.nesting, nested.block, nested.shape, before, config[name], inner)
    return planned


def _plan_attribute(attribute: Attribute, prior: Value, config: Value, context: _Context) -> Value:
    if attribute.write_only:
        return None
    if config is None:
        return _plan_unset(attribute, prior, context)
    if context.rules.legacy and _unordered(attribute.shape) and not wholly_known(config):
        return UNKNOWN  # SDKv2 does not keep sets and maps of which a part is unknown
    if attribute.nested is not None:
        nested = attribute.nested
        return _plan_nested(nested.nesting, nested.block, attribute.shape, prior, config, context)
    if not context.create and context.rules.legacy and _equivalent(prior, config, attribute.shape):
        return prior
    if prior is not None and same(prior, config, attribute.shape):
        return prior
    return config


def _equivalent(prior: Value, config: Value, shape: Shape) -> bool:
    return legacy_equivalent(prior, config) or same(without_zeros(prior), without_zeros(config), shape)


def _unordered(shape: Shape) -> bool:
    return isinstance(shape, Collection) and shape.kind in ("set", "map")


def _plan_unset(attribute: Attribute, prior: Value, context: _Context) -> Value:
    path, defaults = ".".join(context.path), context.rules.traits.defaults
    if defaults.get(path) is not None:
        return conform(defaults[path], attribute.shape)
    if attribute.computed and context.create and path in defaults:
        return None  # optional and computed, but the provider plans it as null
    if attribute.computed:
        return UNKNOWN if context.create else prior
    if not context.create and context.rules.legacy and legacy_equivalent(prior, None):
        return prior
    return None


def _plan_nested(nesting: Nesting, block: Block, shape: Shape, prior: Value, config: Value, context: _Context) -> Value:
    if config is None or isinstance(config, Unknown):
        return config
    plan_one = _element_planner(block, context)
    if nesting in ("single", "group"):
        return plan_one(prior, config)
    if nesting == "map":
        before = prior if isinstance(prior, dict) else {}
        return {key: plan_one(before.get(key), item) for key, item in cast(Object, config).items()}
    items, former = cast(list[Value], config), prior if isinstance(prior, list) else []
    if nesting == "list":
        return [plan_one(former[i] if i < len(former) else None, item) for i, item in enumerate(items)]
    return _plan_set(block, former, items, plan_one, context.rules.legacy)


def _element_planner(block: Block, context: _Context) -> Callable[[Value, Value], Value]:
    def plan_one(prior: Value, config: Value) -> Value:
        if not isinstance(config, dict):
            return config  # null or unknown as a whole
        return _plan_block(block, prior if isinstance(prior, dict) else None, config, context)

    return plan_one


def _plan_set(
    block: Block, former: list[Value], items: list[Value], plan_one: Callable[[Value, Value], Value], legacy: bool
) -> list[Value]:
    return [
        plan_one(None if match is None else former[match], item)
        for item, match in zip(items, correlate(block, former, items, legacy), strict=True)
    ]


def _without_write_only(block: Block, state: Object) -> Object:
    return {name: None if name in block.attributes and block.attributes[name].write_only else value
            for name, value in state.items()}  # fmt: skip
