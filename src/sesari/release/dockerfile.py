"""PURE: the Dockerfile of a plain service, read as a recipe that needs no builder; anything else names its line.

What is understood is little on purpose: one stage, files copied by name, dependencies from a file that pins them, a
user with a number. Every other instruction needs a builder that really runs it, and is never guessed at.
Source: docs.docker.com/reference/dockerfile.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sesari.errors import Problem, SesariError
from sesari.model.image import Language

CODE: Final = "builder-needed"
_PIP_FLAGS: Final = frozenset(
    {
        "--no-cache-dir",
        "--no-deps",
        "--require-hashes",
        "--no-compile",
        "--disable-pip-version-check",
        "--root-user-action=ignore",
        "--only-binary=:all:",
        "--quiet",
        "-q",
    }
)
_NPM_FLAGS: Final = frozenset({"--omit=dev", "--production", "--ignore-scripts", "--no-audit", "--no-fund"})
_PIP: Final = re.compile(r"(?:python3? -m )?pip3? install (?P<rest>.+)")
_IGNORED: Final = frozenset({"HEALTHCHECK", "LABEL", "MAINTAINER"})  # ECS looks at the task definition's, not at these


@dataclass(frozen=True, slots=True)
class Copy:
    """`sources` relative to the service's folder, `target` absolute in the image; `folder`: it ends as one."""

    sources: tuple[str, ...]
    target: str
    folder: bool


@dataclass(frozen=True, slots=True)
class Dependencies:
    """`file` is absolute in the image: `requirements.txt` or `package-lock.json`. `alone`: pip adds nothing to it."""

    language: Language
    file: str
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """A service's image without a builder. `entrypoint` and `command` are None where the base's hold."""

    base: str
    folder: str = "/"
    variables: tuple[tuple[str, str], ...] = ()
    copies: tuple[Copy, ...] = ()
    dependencies: Dependencies | None = None
    users: tuple[tuple[str, str], ...] = ()
    user: str | None = None
    ports: tuple[int, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    stop_signal: str | None = None


class _NotPlain(Exception):
    """Why a line needs a builder."""


def read_recipe(text: str, where: str) -> Recipe:
    """The recipe. Raises SesariError with one `builder-needed` problem per line that is not understood."""
    recipe, problems = Recipe(base=""), []
    for line, instruction, rest in _instructions(text):
        try:
            recipe = _read(recipe, instruction, rest)
        except _NotPlain as reason:
            hint = (
                "Install buildah, podman or docker with a running engine, or use only FROM, ENV, WORKDIR, COPY, USER, "
                "EXPOSE, CMD, `pip install -r` and `npm ci --omit=dev`"
            )
            what = f"`{instruction}` needs an image builder, and none that works was found"
            problems.append(Problem(CODE, what, f"{where}:{line}", str(reason), hint))
    if not recipe.base and not problems:
        problems.append(Problem("dockerfile-empty", "The Dockerfile has no FROM", where, hint="Name the base image"))
    if problems:
        raise SesariError(problems)
    return recipe


def base_of(text: str, where: str) -> str:
    """The last stage's base, for people. Raises SesariError when there is none."""
    found = [rest.split() for _, instruction, rest in _instructions(text) if instruction == "FROM"]
    words = [word for word in found[-1] if not word.startswith("--")] if found else []
    if not words:
        raise SesariError(Problem("dockerfile-empty", "The Dockerfile has no FROM", where, hint="Name the base image"))
    return words[0]


def _instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """Line of its beginning, upper-case name, the rest on one line."""
    begun, pieces = 0, []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        begun = begun or number
        pieces.append(line.removesuffix("\\").rstrip())
        if not line.endswith("\\"):
            name, _, rest = " ".join(pieces).partition(" ")
            yield begun, name.upper(), rest.strip()
            begun, pieces = 0, []
    if pieces:
        name, _, rest = " ".join(pieces).partition(" ")
        yield begun, name.upper(), rest.strip()


def _read(recipe: Recipe, instruction: str, rest: str) -> Recipe:
    if instruction in _IGNORED:
        return recipe
    reader = _READERS.get(instruction)
    if reader is None:
        raise _NotPlain("it is not one of those that are understood without a builder")
    if instruction not in ("RUN", "CMD", "ENTRYPOINT") and ("$" in rest or "<<" in rest):
        raise _NotPlain("variables and here-documents are expanded by a builder")
    if instruction != "FROM" and not recipe.base:
        raise _NotPlain("it comes before FROM")
    return reader(recipe, rest)


def _from(recipe: Recipe, rest: str) -> Recipe:
    words = rest.split()
    if recipe.base or len(words) not in (1, 3) or words[0].startswith("--"):
        raise _NotPlain("only one stage, without options, is built without a builder")
    return replace(recipe, base=words[0])


def _env(recipe: Recipe, rest: str) -> Recipe:
    words = _words(rest)
    pairs = [tuple(word.split("=", 1)) for word in words] if "=" in words[0] else [tuple(rest.split(None, 1))]
    if any(len(pair) != 2 for pair in pairs):
        raise _NotPlain("it is not NAME=value")
    given = {name: value for name, value in pairs}
    return replace(recipe, variables=tuple({**dict(recipe.variables), **given}.items()))


def _workdir(recipe: Recipe, rest: str) -> Recipe:
    return replace(recipe, folder=_absolute(recipe, rest))


def _copy(recipe: Recipe, rest: str) -> Recipe:
    words = _array(rest) or tuple(_words(rest))
    if any(word.startswith("--") for word in words) or len(words) < 2:
        raise _NotPlain("its options need a builder")
    *sources, target = words
    if any(set(source) & set("*?[") or source.startswith(("http:", "https:", "../")) for source in sources):
        raise _NotPlain("patterns and remote files need a builder")
    folder = target.endswith("/") or target in (".", "./") or len(sources) > 1
    named = tuple(posixpath.normpath(source.lstrip("/") or ".") for source in sources)
    return replace(recipe, copies=(*recipe.copies, Copy(named, _absolute(recipe, target), folder)))


def _run(recipe: Recipe, rest: str) -> Recipe:
    for command in re.split(r"\s*&&\s*", " ".join(rest.split())):
        recipe = _command(recipe, command)
    return recipe


def _command(recipe: Recipe, command: str) -> Recipe:
    words = _words(command)
    if found := _PIP.fullmatch(command):
        return _with(recipe, _pip(recipe, found["rest"].split()))
    if words[:2] == ["npm", "ci"] and set(words[2:]) <= _NPM_FLAGS and {"--omit=dev", "--production"} & set(words):
        return _with(recipe, Dependencies("node", posixpath.join(recipe.folder, "package-lock.json")))
    if words[0] in ("useradd", "adduser", "groupadd", "addgroup"):
        number = _option(words, "--uid", "-u")
        if words[0] in ("useradd", "adduser") and number is None:
            raise _NotPlain("the user's number is not given (--uid)")
        return replace(recipe, users=(*recipe.users, (words[-1], number))) if number else recipe
    raise _NotPlain(f"`{command}` is run by a builder only")


def _pip(recipe: Recipe, words: list[str]) -> Dependencies:
    file = _option(words, "--requirement", "-r")
    rest = [word for word in words if word not in ("-r", "--requirement", file) and word != f"--requirement={file}"]
    if file is None or not set(rest) <= _PIP_FLAGS:
        raise _NotPlain("only `pip install -r FILE` is done without a builder")
    return Dependencies("python", posixpath.normpath(posixpath.join(recipe.folder, file)), "--no-deps" in rest)


def _with(recipe: Recipe, dependencies: Dependencies) -> Recipe:
    if recipe.dependencies is not None:
        raise _NotPlain("dependencies are installed once without a builder")
    return replace(recipe, dependencies=dependencies)


def _user(recipe: Recipe, rest: str) -> Recipe:
    # The number is what counts: without its base the image has no /etc/passwd to look a name up in.
    return replace(recipe, user=dict(recipe.users).get(rest, rest))


def _expose(recipe: Recipe, rest: str) -> Recipe:
    try:
        ports = tuple(int(word.removesuffix("/tcp")) for word in rest.split())
    except ValueError as error:
        raise _NotPlain("only TCP ports by number are understood") from error
    return replace(recipe, ports=(*recipe.ports, *ports))


def _arguments(rest: str) -> tuple[str, ...]:
    return _array(rest) or ("/bin/sh", "-c", rest)


def _array(rest: str) -> tuple[str, ...]:
    try:
        words = json.loads(rest)
    except ValueError:
        return ()
    return tuple(words) if isinstance(words, list) and all(isinstance(word, str) for word in words) else ()


def _words(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise _NotPlain(f"it cannot be read: {error}") from error
    if not words:
        raise _NotPlain("it is empty")
    return words


def _option(words: list[str], *names: str) -> str | None:
    for index, word in enumerate(words):
        if word in names and index + 1 < len(words):
            return words[index + 1]
        for name in names:
            if word.startswith(f"{name}="):
                return word.removeprefix(f"{name}=")
    return None


def _absolute(recipe: Recipe, path: str) -> str:
    return posixpath.normpath(posixpath.join(recipe.folder, path))


_READERS: Final[Mapping[str, Callable[[Recipe, str], Recipe]]] = {
    "FROM": _from,
    "ENV": _env,
    "WORKDIR": _workdir,
    "COPY": _copy,
    "RUN": _run,
    "USER": _user,
    "EXPOSE": _expose,
    "ENTRYPOINT": lambda recipe, rest: replace(recipe, entrypoint=_arguments(rest), command=None),
    "CMD": lambda recipe, rest: replace(recipe, command=_arguments(rest)),
    "STOPSIGNAL": lambda recipe, rest: replace(recipe, stop_signal=rest),
}
