"""Names that point at other parts of the manifest, and keys that something else makes necessary."""

from __future__ import annotations

from collections.abc import Iterator

from sesari.errors import Problem
from sesari.manifest.layers import Effective, Layer
from sesari.manifest.schema import at, environment_schema, nearest, schema, table
from sesari.manifest.shape import missing_key, not_for_kind
from sesari.manifest.trees import KeyPath, leaves
from sesari.model.json import JsonObject


def needed_problems(environment: Effective) -> Iterator[Problem]:
    """Keys that every environment needs, in whichever layer; and those that its services make necessary."""
    node = environment_schema()
    for path in _needed(node):
        if environment.get(*path) is None and not _reported(environment, path):
            yield missing_key(("environments", environment.name, *path), at(node, path) or {}, environment.where(*path))
    kinds = {service.get("kind") for service in environment.table("services").values() if isinstance(service, dict)}
    wants = (
        ("vercel_team", "web" in kinds, "a web"),
        ("supabase_organization", "database" in environment.tree, "a database"),
    )
    for key, wanted, part in wants:
        if wanted and environment.get(key) is None and not _reported(environment, (key,)):
            what = f"Environment `{environment.name}` has no `{key}`"
            why = f"the product has {part}, and each environment's lives apart"
            yield Problem(
                "manifest-missing-key",
                what,
                environment.here(),
                why,
                f"Add `{key}` to `environments.{environment.name}`",
            )


def _reported(environment: Effective, path: KeyPath) -> bool:
    """Whether the key was already reported: as wrong, or as a misspelt neighbour."""
    around = [str(spot[-1]) for spot in environment.damaged if spot and spot[:-1] == path[:-1]]
    return environment.hurt(*path) or nearest(str(path[-1]), around) is not None


def _needed(node: JsonObject, path: KeyPath = ()) -> Iterator[KeyPath]:
    for name, child in table(node, "properties").items():
        if isinstance(child, dict) and child.get("x-needed"):
            below = list(_needed(child, (*path, name)))
            yield from below or [(*path, name)]


def override_problems(environment: Effective) -> Iterator[Problem]:
    """Overrides of services, queues or a database that the product does not have."""
    for layer in environment.overrides:
        for group in ("services", "queues"):
            for name in _names(layer, group):
                if not environment.hurt(group, name) and name not in _declared(environment, group):
                    yield _unknown(environment, (group, name), group, layer)
        for name in _names(layer, "domains"):
            if not environment.hurt("services", name) and name not in _declared(environment, "services"):
                yield _unknown(environment, ("domains", name), "services", layer)
        if (
            "database" in layer.tree
            and "database" not in environment.layers[0].tree
            and not environment.hurt("database")
        ):
            what = "The product has no database to override"
            yield Problem(
                "manifest-unknown-name", what, _at(environment, layer, ("database",)), None, "Add `[database]`"
            )
        yield from _kinds(environment, layer)


def _kinds(environment: Effective, layer: Layer) -> Iterator[Problem]:
    """Overridden keys that a service of this kind does not have, tables rather than what is in them."""
    node = at(schema(), ("services",)) or {}
    for name in _names(layer, "services"):
        kind = environment.get("services", name, "kind")
        said = layer.tree["services"]
        override = said.get(name) if isinstance(said, dict) else None
        if not isinstance(kind, str) or not isinstance(override, dict):
            continue
        paths = {path[:depth]: None for path, _ in leaves(override) for depth in (1, 2)}
        refused: list[KeyPath] = []
        for path in paths:
            kinds = (at(node, (name, *path)) or {}).get("x-kinds")
            if isinstance(kinds, list) and kind not in kinds and path[:1] not in refused:
                refused.append(path)
                full = ("services", name, *path)
                shown = ("environments", environment.name, *full)
                yield not_for_kind(shown, kind, kinds, _at(environment, layer, full))


def reference_problems(environment: Effective) -> Iterator[Problem]:
    """Workers and queues belong together one to one; what is declared of a secret needs a reader."""
    queues = environment.table("queues")
    takers: dict[str, list[str]] = {name: [] for name in queues}
    read: set[object] = set()
    for name, service in environment.table("services").items():
        if not isinstance(service, dict):
            continue
        secrets = service.get("secrets")
        read.update(secrets if isinstance(secrets, list) else ())
        queue = service.get("queue")
        if isinstance(queue, str) and queue in takers:
            takers[queue].append(name)
        elif isinstance(queue, str) and not environment.hurt("queues"):
            yield _unknown_queue(environment, name, queue, list(queues))
    if environment.hurt("services"):
        return
    yield from _takers(environment, takers)
    for name in environment.table("secrets"):
        if name not in read:
            what = f"No service reads the secret `{name}`"
            near = nearest(name, [str(other) for other in read])
            hint = f"Did you mean `{near}`?" if near else f"Add it to a service's `secrets`, or remove `secrets.{name}`"
            yield Problem("manifest-unread-secret", what, environment.where("secrets", name), None, hint)


def _takers(environment: Effective, takers: dict[str, list[str]]) -> Iterator[Problem]:
    for queue, workers in takers.items():
        if not workers:
            what = f"No worker takes the jobs of the queue `{queue}`"
            hint = f'Add `queue = "{queue}"` to a worker, or remove `queues.{queue}`'
            yield Problem("manifest-queue-without-worker", what, environment.where("queues", queue), None, hint)
        for name in workers[1:]:
            what = f"The queue `{queue}` has two workers, `{workers[0]}` and `{name}`"
            why = "a queue's jobs are one worker's: its scale follows the queue"
            where = environment.where("services", name, "queue")
            yield Problem("manifest-queue-shared", what, where, why, "Give each worker a queue of its own")


def _unknown_queue(environment: Effective, service: str, queue: str, known: list[str]) -> Problem:
    near = nearest(queue, known)
    what = f"`services.{service}.queue` names the queue `{queue}`, which does not exist"
    why = f"the queues are {', '.join(f'`{name}`' for name in known)}" if known else "the product has no queues"
    hint = f"Did you mean `{near}`?" if near else f"Add `[queues.{queue}]`"
    return Problem("manifest-unknown-name", what, environment.where("services", service, "queue"), why, hint)


def _unknown(environment: Effective, path: KeyPath, group: str, layer: Layer) -> Problem:
    known = _declared(environment, group)
    near = nearest(str(path[-1]), known)
    noun = {"services": "service", "queues": "queue"}[group]
    what = f"Environment `{environment.name}` speaks of the {noun} `{path[-1]}`, which does not exist"
    why = f"the {group} are {', '.join(f'`{name}`' for name in known)}" if known else f"the product has no {group}"
    hint = f"Did you mean `{near}`?" if near else f"Add `[{group}.{path[-1]}]`, or remove it here"
    return Problem("manifest-unknown-name", what, _at(environment, layer, path), why, hint)


def _at(environment: Effective, layer: Layer, path: KeyPath) -> str:
    origin = layer.origin(path, environment.places)
    return origin.source if origin.line is None else f"{origin.source}:{origin.line}"


def _declared(environment: Effective, group: str) -> list[str]:
    declared = environment.layers[0].tree.get(group)
    return list(declared) if isinstance(declared, dict) else []


def _names(layer: Layer, group: str) -> list[str]:
    said = layer.tree.get(group)
    return list(said) if isinstance(said, dict) else []
