"""From the texts to a manifest, or to every problem at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sesari.errors import Problem, SesariError
from sesari.manifest import resolve
from sesari.manifest.checks import check
from sesari.manifest.layers import Effective, Layer, Places, base, effective_schema, stacked
from sesari.manifest.schema import environment_schema, nearest, schema
from sesari.manifest.shape import Shaped, shape
from sesari.manifest.sources import Document, Sources, read_toml
from sesari.manifest.trees import KeyPath, Tree, table_at
from sesari.manifest.variables import Said, read_variables
from sesari.model.manifest import Environment, Manifest

_LINE = re.compile(r"^(?P<file>.*?):(?P<line>\d+)(:\d+)?$")


def parse(sources: Sources) -> Manifest:
    """The manifest with every environment resolved.

    Precedence, weakest first: defaults, `sesari.toml`, its `[environments.ENV]`, `sesari.ENV.toml`, environment
    variables. Raises SesariError with every problem of all sources.
    """
    return resolve.manifest(effectives(sources))


def select(manifest: Manifest, name: str) -> Environment:
    """The environment of that name. Raises SesariError naming the nearest one."""
    if name in manifest.environments:
        return manifest.environments[name]
    raise SesariError(unknown_environment(name, manifest.environments, "--env"))


def unknown_environment(name: str, known: Iterable[str], where: str) -> Problem:
    """What to say of an environment that the manifest does not declare."""
    near = nearest(name, list(known))
    listed = ", ".join(f"`{other}`" for other in known)
    hint = f"Did you mean `{near}`?" if near else f"Add `[environments.{name}]` to `sesari.toml`"
    return Problem(
        "manifest-unknown-environment", f"There is no environment `{name}`", where, f"there are {listed}", hint
    )


def effectives(sources: Sources) -> dict[str, Effective]:
    """Every environment's layers and effective tree. Raises SesariError with every problem."""
    places = Places()
    document = read_toml(sources.manifest)
    whole = shape(
        document.tree,
        schema(),
        lambda path: places.where(document.file, path),
        lenient=bool(document.problems),
    )
    problems = [*document.problems, *whole.problems]
    declared = table_at(whole.tree, ("environments",))
    overlays, found = _overlays(sources, declared, places)
    problems += found
    said, found = _variables(sources, declared, whole.tree)
    problems += found
    below, node = base(whole.tree, document.file), effective_schema()
    environments = {}
    for name in declared:
        section = Layer(table_at(declared, (name,)), document.file, ("environments", name))
        spoken = Layer(said[name].tree, None, variables=said[name].names)
        damaged = _damaged(whole.damaged, name) + _unread(document) + said[name].damaged
        layers: tuple[Layer, ...] = (below, section, spoken)
        if name in overlays:
            shaped, overlay = overlays[name]
            layers = (below, section, Layer(shaped.tree, overlay.file), spoken)
            damaged += shaped.damaged + _unread(overlay)
        environments[name] = Effective(name, layers, stacked(layers, node), places, damaged)
    problems += check(environments)
    if problems or not environments:
        raise SesariError(_in_order(problems, sources))
    return environments


def _unread(document: Document) -> tuple[KeyPath, ...]:
    """Where lines were set aside as unreadable, anything may be missing: the empty path stands for all."""
    return ((),) if document.problems else ()


def _overlays(
    sources: Sources, declared: Tree, places: Places
) -> tuple[dict[str, tuple[Shaped, Document]], list[Problem]]:
    """Each environment's own file, read and held to the schema of an environment."""
    shaped: dict[str, tuple[Shaped, Document]] = {}
    problems: list[Problem] = []
    for name, file in sources.overlays.items():
        if name not in declared:
            problems.append(unknown_environment(name, declared, file.name))
            continue
        document = read_toml(file)

        def where(path: KeyPath, document: Document = document) -> str:
            return places.where(document.file, path)

        shaped[name] = (shape(document.tree, environment_schema(), where), document)
        problems += [*document.problems, *shaped[name][0].problems]
    return shaped, problems


def _variables(sources: Sources, declared: Tree, tree: Tree) -> tuple[dict[str, Said], list[Problem]]:
    """What environment variables say, held to the schema of an environment."""
    said, problems = read_variables(sources.variables, declared, tree, environment_schema())
    for name, one in said.items():
        if one.tree:
            layer = Layer(one.tree, variables=one.names)
            places = Places()

            def where(path: KeyPath, layer: Layer = layer, places: Places = places) -> str:
                return layer.origin(path, places).source

            shaped = shape(one.tree, environment_schema(), where, toml=False)
            said[name] = Said(shaped.tree, one.names, shaped.damaged)
            problems += shaped.problems
    return said, problems


def _damaged(paths: tuple[KeyPath, ...], environment: str) -> tuple[KeyPath, ...]:
    """The damaged paths of `sesari.toml` as seen from one environment."""
    section = ("environments", environment)
    own = tuple(path[2:] for path in paths if path[:2] == section)
    return tuple(path for path in paths if path[:1] != section[:1]) + own


def _in_order(problems: list[Problem], sources: Sources) -> list[Problem]:
    """Each problem once, by file and line. Without environments and problems, the one that explains it."""
    files = [sources.manifest.name, *(file.name for file in sources.overlays.values())]
    unique: Mapping[tuple[str, str, str | None], Problem] = {
        (problem.code, problem.what, problem.where): problem for problem in reversed(problems)
    }

    def place(problem: Problem) -> tuple[int, int, str]:
        match = _LINE.match(problem.where or "")
        file = match["file"] if match else problem.where
        rank = files.index(file) if file in files else len(files)
        return rank, int(match["line"]) if match else 0, problem.what

    return sorted(unique.values(), key=place)
