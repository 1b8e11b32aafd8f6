"""The database stage killed with SIGKILL: at every step, inside a statement, inside an index build."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from tests.functional.databases import a_database, a_server
from tests.functional.migrating import FILES, ONE, VALID, ask, assert_done, run

from sesari.drivers.postgres import Database, connect
from sesari.errors import SesariError
from sesari.model.secret import Secret
from sesari.pipeline.migrate_tools import Patience


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with a_server() as running:
        yield running


@pytest.fixture
def url(server) -> Iterator[Secret]:
    with a_database(server) as found:
        yield found


class Dying:
    """A session whose process is killed with SIGKILL before or after its `at`-th call; `calls` are counted."""

    def __init__(self, session: Database, calls: list[str], at: int | None, after: bool) -> None:
        self._session, self._calls, self._at, self._after = session, calls, at, after

    def __getattr__(self, name: str) -> Any:
        held = getattr(self._session, name)
        if not callable(held):
            return held

        def call(*arguments: Any, **named: Any) -> Any:
            self._calls.append(name)
            here = len(self._calls) == self._at
            if here and not self._after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = held(*arguments, **named)
            if here:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call


def dying(calls: list[str], at: int | None, after: bool) -> Callable[..., Any]:
    @contextmanager
    def opened(url: Secret, application: str) -> Iterator[Any]:
        with connect(url, application) as session:
            # The watcher's sessions are not counted: when they look is a matter of time.
            watcher = threading.current_thread() is not threading.main_thread()
            yield session if watcher else Dying(session, calls, at, after)

    return opened


def killed(work: Callable[[], object]) -> int:
    """Run it in a child process; the signal that ended it, 0 when it came to its end."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def test_killed_at_every_step_the_next_run_finishes_and_repeats_nothing(server):
    calls: list[str] = []
    with a_database(server) as url:
        run(url, FILES, connect=dying(calls, None, False))
    assert {"intend", "execute", "done", "record", "apply", "prepare", "history"} <= set(calls)
    points = [
        (at, after)
        for at, call in enumerate(calls, 1)
        for after in (False, True)
        if not _dull(call, after) and (call != "apply" or calls[: at - 1].count("apply") in (0, 3))
    ]
    assert len(points) >= 30
    for at, after in points:
        with a_database(server) as url:
            assert killed(lambda: run(url, FILES, connect=dying([], at, after))) == signal.SIGKILL, calls[at - 1]  # noqa: B023
            run(url, FILES)
            assert_done(url)


def _dull(call: str, after: bool) -> bool:
    """Points between which nothing happens in the database: only one of them is worth a database."""
    return call in ("settle", "holds", "index_state", "try_lock", "history") and not (call == "index_state" and after)


def test_killed_while_a_statement_runs_the_lock_is_soon_free(url):
    files = {"1_a.sql": "create schema app;", "2_slow.sql": "create table app.slow (a int);\nselect pg_sleep(60);"}
    child = os.fork()
    if child == 0:
        try:
            run(url, files)
        finally:
            os._exit(1)
    sleeping = "select count(*) from pg_stat_activity where query like '%pg_sleep(60)%' and wait_event = 'PgSleep'"
    _until(lambda: ask(url, sleeping) == [(1,)])
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    done = run(
        url, {**files, "2_slow.sql": "create table app.slow (a int);"}, patience=Patience(turn=10, table=2, lock=0.3)
    )
    assert (done.applied, done.already) == (("2",), 1)


def test_a_session_that_the_server_ends_is_told_and_the_next_run_goes_on(url):
    files = {"1_a.sql": "create schema app;", "2_slow.sql": "create table app.slow (a int);\nselect pg_sleep(60);"}
    ends = "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'"
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, url, files)
        _until(lambda: (True,) in ask(url, ends))
        with pytest.raises(SesariError) as caught:
            running.result()
    assert caught.value.codes == ("database-unreachable",)
    assert "terminating connection" in (caught.value.problems[0].why or "")
    assert run(url, {**files, "2_slow.sql": "create table app.slow (a int);"}).applied == ("2",)


def test_killed_while_an_index_is_built_the_next_run_builds_it_anew(url):
    base = {"1_a.sql": f"create schema app; {ONE}"}
    run(url, base)
    files = {**base, "2_i.sql": "create index concurrently by_name on app.runs (name);"}
    with psycopg.connect(url.reveal()) as writer:
        writer.execute("insert into app.runs values ('open')")
        child = os.fork()
        if child == 0:
            try:
                run(url, files, patience=Patience(turn=20, table=60, lock=0.3))
            finally:
                os._exit(1)
        _until(lambda: ask(url, VALID) == [(False,)])
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert run(url, files).applied == ("2",)
    assert ask(url, VALID) == [(True,)]


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that in 20 s"
        time.sleep(0.05)
