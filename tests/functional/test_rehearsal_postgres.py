"""The offline cloud's Postgres: private, gone with its parent, the same after a restart."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from tests.functional.databases import a_server

from sesari.errors import SesariError
from sesari.model.secret import Secret
from sesari.rehearsal.postgres import PostgresServer, remove
from sesari.rehearsal.postgres_binaries import PACKAGES, find_postgres

HOLDS_A_SERVER = """
import sys, time
from pathlib import Path
from sesari.rehearsal.postgres import PostgresServer
server = PostgresServer.start(Path(sys.argv[1]))
print(server.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def server():
    with a_server() as running:
        yield running


def ask(url: Secret, query: str) -> object:
    with psycopg.connect(url.reveal(), autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else None


def postmaster(server: PostgresServer) -> int:
    return int((server.data / "postmaster.pid").read_text().splitlines()[0])


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that in 15 s"
        time.sleep(0.05)


def test_it_is_a_new_supabase_project_and_private(server):
    rows = ask(server.url, "select current_user::text, rolsuper from pg_roles where rolname = current_user")
    assert rows == [("postgres", False)]
    assert ask(server.url, "select auth.uid()") == [(None,)]
    roles = "select count(*) from pg_roles where rolname in ('anon', 'authenticated', 'service_role', 'authenticator')"
    assert ask(server.url, roles) == [(4,)]
    for file in (server.folder / "server.json", server.data):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0
    without = Secret(server.url.reveal().replace(server.url.reveal().split(":")[2].split("@")[0], "wrong"))
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        ask(without, "select 1")
    listening = ask(server.administrator, "show listen_addresses")
    assert listening == [("127.0.0.1",)]


def test_it_survives_a_restart_with_the_same_data_and_url(server):
    ask(server.url, "create table kept (id int)")
    server.stop()
    again = PostgresServer.start(server.folder)
    try:
        assert again.url == server.url
        assert ask(again.url, "select count(*) from kept") == [(0,)]
    finally:
        again.stop()


def test_only_one_runs_in_a_folder(server):
    before = postmaster(server)
    with pytest.raises(SesariError) as caught:
        PostgresServer.start(server.folder)
    assert caught.value.codes == ("rehearsal-part-failed",)
    assert "another Postgres server runs" in caught.value.problems[0].why
    assert postmaster(server) == before and ask(server.url, "select 1") == [(1,)]


def test_it_goes_when_the_process_around_it_is_killed(server):
    pid = postmaster(server)
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: not alive(pid))
    again = PostgresServer.start(server.folder)
    assert ask(again.url, "select 1") == [(1,)]
    again.stop()


def test_it_goes_with_its_parent_however_that_goes(server):
    folder = server.folder
    server.stop()
    parent = subprocess.Popen([sys.executable, "-c", HOLDS_A_SERVER, str(folder)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    pid = postmaster(server)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not alive(pid) and not alive(child))
    again = PostgresServer.start(folder)  # at once: it waits for whatever is still shutting down
    assert ask(again.url, "select 1") == [(1,)]
    again.stop()


def test_a_server_that_crashed_recovers(server):
    ask(server.url, "create table kept (id int); insert into kept values (1)")
    os.kill(postmaster(server), signal.SIGKILL)
    until(lambda: not alive(server.pid))
    server.stop()
    again = PostgresServer.start(server.folder)
    assert ask(again.url, "select id from kept") == [(1,)]
    again.stop()


def test_without_any_server_it_says_what_to_install(tmp_path):
    with pytest.raises(SesariError) as caught:
        find_postgres(str(tmp_path), (), ())
    assert caught.value.codes == ("no-postgres",) and "sesari[postgres]" in caught.value.problems[0].hint


def test_the_server_of_the_python_package_runs(tmp_path):
    with a_server(find_postgres(str(tmp_path), (), PACKAGES)) as packaged:
        assert packaged.version.startswith("PostgreSQL 18.")
        assert ask(packaged.url, "select auth.uid()") == [(None,)]


def test_as_root_the_data_is_where_the_servers_user_gets_at_it(tmp_path):
    """Below a folder that nobody else may enter (as anybody else, the data is in the server's own folder)."""
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    server = PostgresServer.start(hidden / "server")
    try:
        assert ask(server.url, "select 1") == [(1,)]
        assert (server.data.is_relative_to(hidden)) == (os.geteuid() != 0)
    finally:
        server.stop()
        remove(server.folder)
    assert not server.data.exists()
