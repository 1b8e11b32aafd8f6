"""The layers that say something of one environment, weakest first, and the effective tree they make together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sesari.manifest.positions import positions
from sesari.manifest.schema import at, environment_schema, schema, table
from sesari.manifest.sources import SourceFile
from sesari.manifest.trees import ABSENT, KeyPath, Tree, find, merge, table_at, value_at
from sesari.model.json import Json, JsonObject
from sesari.model.manifest import Origin


@dataclass(slots=True)
class Places:
    """Finds lines in files; reads a file's positions once, when the first line is asked for."""

    known: dict[str, dict[KeyPath, int]] = field(default_factory=dict)

    def line(self, file: SourceFile, path: KeyPath) -> int:
        """The line of `path`, or of the nearest table around it; 1 when the file says nothing of it."""
        lines = self.known.get(file.name)
        if lines is None:
            lines = self.known[file.name] = positions(file.text)
        while path and path not in lines:
            path = path[:-1]
        return lines.get(path, 1)

    def where(self, file: SourceFile, path: KeyPath) -> str:
        """`file:line` of a path."""
        return f"{file.name}:{self.line(file, path)}"


@dataclass(frozen=True, slots=True)
class Layer:
    """What one place says of an environment: `tree` in the environment's own keys.

    A path of `tree` stands in `file` at `prefix` + path, or where `moved` says; or in the environment variable
    that `variables` names.
    """

    tree: Tree
    file: SourceFile | None = None
    prefix: KeyPath = ()
    moved: Mapping[KeyPath, KeyPath] = field(default_factory=dict)
    variables: Mapping[KeyPath, str] = field(default_factory=dict)

    def path_in_file(self, path: KeyPath) -> KeyPath:
        """Where `path` stands in the layer's file."""
        return self.moved.get(path, (*self.prefix, *path))

    def origin(self, path: KeyPath, places: Places) -> Origin:
        """The file and line, or the variable, that says the value at `path`."""
        if self.file is None:
            names = (name for said, name in self.variables.items() if said[: len(path)] == path)
            return Origin(next(names, "default"))
        return Origin(self.file.name, places.line(self.file, self.path_in_file(path)))


@dataclass(frozen=True, slots=True)
class Effective:
    """One environment: its layers, weakest first, and the `tree` they make with the defaults filled in.

    `damaged` are paths that were missing, misspelt or wrong: already reported, and absent from `tree`.
    """

    name: str
    layers: tuple[Layer, ...]
    tree: Tree
    places: Places
    damaged: tuple[KeyPath, ...] = ()

    @property
    def overrides(self) -> tuple[Layer, ...]:
        """The layers that speak of this environment alone."""
        return self.layers[1:]

    def hurt(self, *path: str | int) -> bool:
        """Whether something at, below or above a path was already reported: what is absent there proves nothing."""
        return any(spot[: len(path)] == path or path[: len(spot)] == spot for spot in self.damaged)

    def get(self, *path: str | int) -> object:
        """The effective value at a path, None when there is none."""
        return value_at(self.tree, path)

    def table(self, *path: str | int) -> Tree:
        """The effective table at a path, empty when there is none."""
        return table_at(self.tree, path)

    def where(self, *path: str | int) -> str:
        """`file:line` or the variable of the winning value at `path`; its table's place when nobody says it."""
        for depth in range(len(path), 0, -1):
            for layer in reversed(self.layers):
                if find(layer.tree, path[:depth]) is not ABSENT:
                    origin = layer.origin(path[:depth], self.places)
                    return origin.source if origin.line is None else f"{origin.source}:{origin.line}"
        return self.here()

    def here(self) -> str:
        """Where the environment itself is declared."""
        section = self.layers[1]
        return self.places.where(section.file, section.prefix) if section.file else self.name


def base(tree: Tree, file: SourceFile) -> Layer:
    """What `sesari.toml` says for every environment."""
    product, delivery = table_at(tree, ("product",)), table_at(tree, ("delivery",))
    said: Tree = {"product": product, "delivery": delivery}
    moved: dict[KeyPath, KeyPath] = {}
    if "region" in product:
        said["region"] = product["region"]
        moved["region",] = ("product", "region")
        if "region" not in delivery:
            said["delivery"] = delivery | {"region": product["region"]}
            moved["delivery", "region"] = ("product", "region")
    said |= {name: tree[name] for name in ("services", "database", "queues", "secrets") if name in tree}
    return Layer(said, file, moved=moved)


def stacked(layers: tuple[Layer, ...], node: JsonObject) -> Tree:
    """The layers of an environment merged, with the defaults of `node` (an `effective_schema`) filled in."""
    merged = layers[0].tree
    for layer in layers[1:]:
        merged = merge(merged, _declared(layer.tree, layers[0].tree))
    return filled(node, merged)


def _declared(tree: Tree, base: Tree) -> Tree:
    """An override without the services, queues and database that the product does not have."""
    kept = {name: value for name, value in tree.items() if name != "database" or name in base}
    for group in {"services", "queues"} & kept.keys():
        known = table_at(base, (group,))
        kept[group] = {name: value for name, value in table_at(tree, (group,)).items() if name in known}
    return kept


def effective_schema() -> JsonObject:
    """The schema of an environment with what it takes from the whole product."""
    whole = table(schema(), "properties")
    own = table(environment_schema(), "properties")
    first = {name: whole[name] for name in ("product", "delivery")}
    last = {name: node for name, node in whole.items() if name not in (*first, "environments")}
    alone = {name: node for name, node in own.items() if name not in last}
    return {"type": "object", "properties": {**first, **alone, **last}}


def filled(node: JsonObject, tree: Tree, kind: object = None) -> Tree:
    """The tree in the schema's order, every absent default put in; `kind` is the service's, whose keys alone are."""
    properties = table(node, "properties")
    result = {name: tree.get(name, ABSENT) for name in properties} | tree
    for name, child in properties.items():
        value = result[name]
        if not isinstance(child, dict) or not _fits(child, kind):
            continue
        if isinstance(value, dict):
            result[name] = filled(child, value, kind)
        elif value is ABSENT:
            _put_default(result, name, child, kind)
    entries = node.get("additionalProperties")
    if isinstance(entries, dict) and entries.get("type") == "object":
        for name, value in result.items():
            if isinstance(value, dict):
                result[name] = filled(entries, value, value.get("kind", kind))
    return {name: value for name, value in result.items() if value is not ABSENT}


def _put_default(result: Tree, name: str, child: JsonObject, kind: object) -> None:
    source = child.get("x-default-from")
    if isinstance(source, str):
        child = at(schema(), source.split(".")) or child
    if "default" in child:
        result[name] = child["default"]
    elif "properties" in child and "required" not in child:
        below = filled(child, {}, kind)
        if below:
            result[name] = below


def _fits(child: JsonObject, kind: object) -> bool:
    kinds: Json = child.get("x-kinds")
    return not isinstance(kinds, list) or kind is None or kind in kinds
