"""The Terraform that Sesari finds on this machine, for tests that run it themselves or look for its processes."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

from sesari.drivers.terraform import find_engine
from sesari.errors import SesariError

EMBEDDED = b"sesari.drivers.embedded_terraform"


@cache
def command() -> tuple[str, ...]:
    """How its argv begins. Raises SesariError, which says what was tried, where there is none."""
    with tempfile.TemporaryDirectory() as work:
        return find_engine(Path(work), {**os.environ, "SESARI_TERRAFORM": ""}).command


def only_with(choice: str) -> None:
    """Leave the test out, in words, where this machine lacks one of the two engines: `path` or `embedded`."""
    try:
        with tempfile.TemporaryDirectory() as work:
            find_engine(Path(work), {**os.environ, "SESARI_TERRAFORM": choice})
    except SesariError as error:
        pytest.skip(f"not tried with SESARI_TERRAFORM={choice}: {error.problems[0].why}")


def processes_in(folder: Path) -> list[int]:
    """The engines that work in a folder or below it; not what they started themselves."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            inside = entry.name.isdigit() and (entry / "cwd").readlink().is_relative_to(folder)
            if inside and (
                (entry / "exe").readlink().name == "terraform" or EMBEDDED in (entry / "cmdline").read_bytes()
            ):
                found.append(int(entry.name))
    return found
