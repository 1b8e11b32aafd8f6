"""Gives the tests a database; says in words when this machine has no Postgres."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

TESTS = Path(__file__).resolve().parent / "tests"
specification = importlib.util.spec_from_file_location("example_database", TESTS / "database.py")
assert specification is not None and specification.loader is not None
database = importlib.util.module_from_spec(specification)
sys.modules["example_database"] = database
specification.loader.exec_module(database)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A server with Supabase's roles; `postgres` is its connection string."""
    binaries = database.find_postgres()
    if binaries is None:
        pytest.skip("no Postgres on this machine (initdb, pg_ctl): nothing was tested against a real database")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: a socket's path has a limit of about 100 characters
    try:
        with database.postgres(binaries, folder) as url:
            yield url
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def migrated(server: str) -> str:
    """The name of a database with all migrations, to be copied."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("create database migrated")
    url = server.replace("dbname=postgres", "dbname=migrated")
    database.migrate(url, [TESTS / "supabase.sql"])
    database.migrate(url, database.migrations())
    return "migrated"


@pytest.fixture
def database_url(server: str, migrated: str) -> Iterator[str]:
    """A database of the test's own."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name} template {migrated}")  # type: ignore[arg-type]
        yield server.replace("dbname=postgres", f"dbname={name}")
        connection.execute(f"drop database {name} with (force)")  # type: ignore[arg-type]
