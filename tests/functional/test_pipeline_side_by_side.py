"""Several environments at once: all results, no hidden failure, one Ctrl-C for all."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.functional.bench import Shop, data, emulator, prepare, write_root

from sesari.errors import Problem, Refused, SesariError
from sesari.model.access import Purpose
from sesari.model.progress import Phase, Progress, silent
from sesari.pipeline.apply import apply_plan
from sesari.pipeline.plan import make_plan
from sesari.pipeline.side_by_side import raise_failures, side_by_side
from sesari.pipeline.stop import Aborted, Stop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    (tmp_path / "emulator").mkdir()
    with emulator(tmp_path / "emulator") as url:
        prepare(url)
        yield Shop(tmp_path / "shop", url)


def test_one_failure_does_not_hide_the_others_result(shop: Shop) -> None:
    write_root(shop.project, "staging", data("a", "one"))
    write_root(shop.project, "production", 'resource "terraform_data" "a" {\n  input = var.missing\n}\n')
    wiring = shop.wiring()
    seen: list[Progress] = []

    def work(name: str, stop: Stop) -> str:
        digest = make_plan(wiring.tools(name, Purpose.PLAN, seen.append, stop)).saved.digest
        return apply_plan(wiring.tools(name, Purpose.DEPLOY, seen.append, stop), digest).saved.environment

    staging, production = side_by_side(("staging", "production"), work, seen.append)
    assert (staging.value, staging.error) == ("staging", None)
    assert production.error is not None
    assert production.error.codes == ("terraform-error",)
    assert (production.name, Phase.ERRORED) in [(progress.scope, progress.phase) for progress in seen]
    with pytest.raises(SesariError) as caught:
        raise_failures((staging, production))
    assert caught.value.exit_code == 1


def test_refusals_alone_close_the_gate_and_an_error_weighs_more() -> None:
    def work(name: str, stop: Stop) -> None:
        raise Refused(Problem("no", name)) if name != "broken" else SesariError(Problem("broken", name))

    with pytest.raises(Refused) as caught:
        raise_failures(side_by_side(("a", "b"), work, silent))
    assert [problem.what for problem in caught.value.problems] == ["a", "b"]
    with pytest.raises(SesariError) as broken:
        raise_failures(side_by_side(("a", "broken"), work, silent))
    assert broken.value.exit_code == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_gracefully_and_the_old_handlers_come_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    ended: list[str] = []

    def work(name: str, stop: Stop) -> None:
        assert stop.wait(10)
        time.sleep(0.1)
        ended.append(name)
        stop.check()

    timer = threading.Timer(0.2, lambda: os.kill(os.getpid(), number))
    timer.start()
    outcomes = side_by_side(("a", "b", "c"), work, silent)
    assert sorted(ended) == ["a", "b", "c"]
    assert signal.getsignal(number) is before
    with pytest.raises(Aborted) as caught:
        raise_failures(outcomes)
    assert caught.value.exit_code == 130
    assert caught.value.codes == ("aborted",)


def test_a_bug_in_one_is_raised_when_all_have_ended() -> None:
    ended = []

    def work(name: str, stop: Stop) -> None:
        if name == "bug":
            raise ZeroDivisionError
        time.sleep(0.2)
        ended.append(name)

    with pytest.raises(ZeroDivisionError):
        side_by_side(("bug", "fine"), work, silent)
    assert ended == ["fine"]
