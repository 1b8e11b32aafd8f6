"""Fixtures of several files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.functional.doubles import Daemon, Root, make_root, start


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    started = start(tmp_path / "cloud")
    yield started
    started.stop()


@pytest.fixture
def root(daemon: Daemon, tmp_path: Path) -> Root:
    return make_root(tmp_path / "root", daemon)
