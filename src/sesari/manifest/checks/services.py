"""One service at a time: what fits its kind, sizes Fargate knows, scale, durations, folders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sesari.errors import Problem
from sesari.manifest.durations import days, seconds
from sesari.manifest.layers import Effective
from sesari.manifest.schema import at, schema, table
from sesari.manifest.trees import KeyPath, table_at
from sesari.manifest.wording import dotted

TARGETS: Final = {"web": "vercel", "api": "ecs", "worker": "ecs"}

FARGATE: Final[dict[int, tuple[int, ...]]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
    8192: tuple(range(16384, 61441, 4096)),
    16384: tuple(range(32768, 122881, 8192)),
}
"""CPU units -> the MiB of memory that Fargate offers with them (Amazon ECS developer guide, task size)."""


def service_problems(environment: Effective) -> Iterator[Problem]:
    """Everything that is wrong inside single services, queues and the database of one environment."""
    for name, service in environment.table("services").items():
        if isinstance(service, dict):
            yield from _target(environment, name, service)
            yield from _size(environment, name)
            yield from _scale(environment, name, service.get("kind"))
            yield from _folder(environment, ("services", name, "path"))
            yield from _duration(environment, ("services", name, "scale", "latency"))
    for name in environment.table("queues"):
        yield from _duration(environment, ("queues", name, "visibility"))
        yield from _duration(environment, ("queues", name, "retention"))
    for name in environment.table("secrets"):
        yield from _duration(environment, ("secrets", name, "rotate"))
    yield from _folder(environment, ("database", "migrations"))


def _target(environment: Effective, name: str, service: dict[str, object]) -> Iterator[Problem]:
    kind, target = service.get("kind"), service.get("target")
    wanted = TARGETS.get(str(kind))
    if wanted and isinstance(target, str) and target != wanted:
        where = environment.where("services", name, "target")
        what = f"`services.{name}` is of kind `{kind}` and cannot run on `{target}`"
        yield Problem("manifest-target", what, where, None, f'Write `target = "{wanted}"`')


def _size(environment: Effective, name: str) -> Iterator[Problem]:
    cpu, memory = environment.get("services", name, "size", "cpu"), environment.get("services", name, "size", "memory")
    if not isinstance(cpu, int) or not isinstance(memory, int) or memory in FARGATE.get(cpu, (memory,)):
        return
    offered = FARGATE[cpu]
    near = min(offered, key=lambda size: (abs(size - memory), size))
    step = offered[1] - offered[0]
    listed = f"{offered[0]} to {offered[-1]} MiB in steps of {step}" if len(offered) > 3 else "512, 1024 or 2048 MiB"
    key = "memory" if _said(environment, name, "memory") else "cpu"
    yield Problem(
        "manifest-size",
        f"`services.{name}.size` is no size that Fargate has: cpu {cpu} with memory {memory}",
        environment.where("services", name, "size", key),
        f"cpu {cpu} goes with {listed}",
        f"The nearest is `memory = {near}`",
    )


def _said(environment: Effective, name: str, key: str) -> bool:
    """Whether somebody wrote this part of the size, rather than leaving it to the default."""
    return any(key in table_at(layer.tree, ("services", name, "size")) for layer in environment.layers)


def _scale(environment: Effective, name: str, kind: object) -> Iterator[Problem]:
    scale = environment.table("services", name, "scale")
    least, most = scale.get("min"), scale.get("max")
    if not isinstance(least, int) or not isinstance(most, int):
        return
    if least > most:
        key = "min" if _from_above(environment, name) else "max"
        where = environment.where("services", name, "scale", key)
        what = f"`services.{name}.scale` has min {least} above max {most}"
        yield Problem("manifest-scale", what, where, None, "Raise `max` or lower `min`")
    if kind == "api" and least == 0:
        where = environment.where("services", name, "scale", "min")
        what = f"`services.{name}.scale.min` is 0, and an `api` with no task answers nobody"
        yield Problem("manifest-scale", what, where, "only a worker starts from zero", "Write `min = 1` or more")


def _from_above(environment: Effective, name: str) -> bool:
    """Whether `min` was said in a stronger layer than `max`: then it is the one to look at."""
    ranks = dict.fromkeys(("min", "max"), -1)
    for rank, layer in enumerate(environment.layers):
        for key in ranks:
            if key in table_at(layer.tree, ("services", name, "scale")):
                ranks[key] = rank
    return ranks["min"] > ranks["max"]


def _folder(environment: Effective, path: KeyPath) -> Iterator[Problem]:
    folder = environment.get(*path)
    if isinstance(folder, str) and ".." in folder.split("/"):
        what = f"`{dotted(path)}` leaves the product's folder"
        why = "a path with `..` in it can reach files of others"
        yield Problem("manifest-path", what, environment.where(*path), why, "Write a folder below the manifest's")


def _duration(environment: Effective, path: KeyPath) -> Iterator[Problem]:
    text = environment.get(*path)
    limits = table(at(schema(), path) or {}, "x-duration")
    if not isinstance(text, str) or not limits:
        return
    measure = days if limits["unit"] == "days" else seconds
    shortest, longest = str(limits["shortest"]), str(limits["longest"])
    if not measure(shortest) <= measure(text) <= measure(longest):
        what = f"`{dotted(path)}` is not a duration from `{shortest}` to `{longest}`"
        yield Problem("manifest-value", what, environment.where(*path), f"found `{text}`")
