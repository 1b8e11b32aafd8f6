"""PURE: the arguments with which pip and npm fetch exactly what is pinned, for a named language version.

Sources: pip.pypa.io (`pip download`), docs.npmjs.com (`npm ci`), PEP 600 and PEP 656 (platform tags).
"""

from __future__ import annotations

import json
import re
from typing import Final

from sesari.errors import Problem, SesariError
from sesari.model.image import Runtime

# What glibc 2.31 runs, Debian 11 and later: an older base than that is out of support.
_GLIBC: Final = (31, 28, 27, 26, 24, 17, 12, 5)
_OLD_NAMES: Final = ("manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64")
_MUSL: Final = ("musllinux_1_2_x86_64", "musllinux_1_1_x86_64")


def pip_arguments(runtime: Runtime, base: str, requirements: str, folder: str, alone: bool) -> tuple[str, ...]:
    """`pip download` of wheels into `folder`; for the machine's own Python pip chooses by itself."""
    target: tuple[str, ...] = ()
    if not runtime.machine:
        tag = f"cp{runtime.version.replace('.', '')}"
        platforms = _MUSL if "alpine" in base else (*(f"manylinux_2_{minor}_x86_64" for minor in _GLIBC), *_OLD_NAMES)
        target = ("--python-version", runtime.version, "--implementation", "cp")
        target += tuple(word for abi in (tag, "abi3", "none") for word in ("--abi", abi))
        target += tuple(word for platform in platforms for word in ("--platform", platform))
    deps = ("--no-deps",) if alone else ()
    options = ("--quiet", "--disable-pip-version-check", "--no-input", "--only-binary", ":all:", *deps)
    return ("download", *options, *target, "--dest", folder, "--requirement", requirements)


def npm_arguments(cache: str) -> tuple[str, ...]:
    """`npm ci` of what the lock file pins, without running anything that it brings."""
    quiet = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    return ("ci", "--omit=dev", "--ignore-scripts", "--os=linux", "--cpu=x64", *quiet, f"--cache={cache}")


def checked_lock(text: str, where: str) -> None:
    """Raises SesariError for a lock file that cannot be read, or that pins a package which runs a script to install."""
    try:
        packages = json.loads(text)["packages"]
        scripted = [name for name, one in packages.items() if one.get("hasInstallScript") and not one.get("dev")]
        loose = [name for name, one in packages.items() if name and not one.get("link") and "integrity" not in one]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        hint = "Write it again with npm 7 or newer: `npm install --package-lock-only`"
        raise SesariError(
            Problem("lock-damaged", "The npm lock file cannot be read", where, str(error), hint)
        ) from error
    problems = [
        Problem(
            "builder-needed",
            f"`{_package(name)}` runs a script when it is installed, which needs an image builder",
            where,
            hint="Install buildah, podman or docker with a running engine",
        )
        for name in scripted
    ]
    problems += [
        Problem("requirement-not-pinned", f"`{_package(name)}` has no integrity in the lock file", where)
        for name in loose
        if not packages[name].get("inBundle")
    ]
    if problems:
        raise SesariError(problems)


def _package(path: str) -> str:
    return re.sub(r"^.*node_modules/", "", path)
