"""A real Postgres server for tests, and databases on it that are each a new Supabase project."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from sesari.errors import SesariError
from sesari.model.secret import Secret
from sesari.rehearsal.postgres import PostgresServer, remove

NONE = "no Postgres server on this machine, and none from PyPI: no migration ran against a real database"


@contextmanager
def a_server(binaries: Path | None = None) -> Iterator[PostgresServer]:
    """Says in words when there is none; a failure on CI, where there must be one."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        server = PostgresServer.start(folder, binaries)
    except SesariError as error:
        shutil.rmtree(folder)
        if "no-postgres" not in error.codes:
            raise
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(NONE)
    try:
        yield server
    finally:
        server.stop()
        remove(folder)


@contextmanager
def a_database(server: PostgresServer) -> Iterator[Secret]:
    """A database of the test's own, as role `postgres`."""
    name = f"test_{uuid.uuid4().hex}"
    administrator = server.administrator.reveal().removesuffix("/postgres") + "/template1"
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute(f"create database {name} template postgres owner postgres".encode())
        try:
            yield Secret(server.url.reveal().removesuffix("postgres") + name)
        finally:
            connection.execute(f"drop database {name} with (force)".encode())
