"""Several environments at once: each has its own result, none hides another's, Ctrl-C stops all gracefully."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from types import FrameType
from typing import Generic, TypeVar

from sesari.errors import EXIT_ERROR, EXIT_GATE_CLOSED, Refused, SesariError
from sesari.model.progress import Phase, Progress, Reporter
from sesari.pipeline.stop import Aborted, Stop

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Result]):
    """What one environment gave: a value, or the error."""

    name: str
    value: Result | None
    error: SesariError | None


def side_by_side(
    names: Sequence[str], work: Callable[[str, Stop], Result], report: Reporter
) -> tuple[Outcome[Result], ...]:
    """Do `work` for every name at the same time; the outcomes in the order of the names.

    Ctrl-C and SIGTERM ask all to stop gracefully, a second one ends them at once; either way this returns only
    when every one has ended. An exception that is no SesariError is raised, after all have ended.
    """
    stops = {name: Stop() for name in names}
    # A signal handler may do no more than put: the queue is the only thing that it cannot deadlock with.
    events: SimpleQueue[bool] = SimpleQueue()
    with _signals(lambda: events.put(True)), ThreadPoolExecutor(max(1, len(names))) as pool:
        futures = [pool.submit(_one, name, stops[name], work, report) for name in names]
        for future in futures:
            future.add_done_callback(lambda done: events.put(False))
        left = len(futures)
        while left:
            if not events.get():
                left -= 1
                continue
            for stop in stops.values():
                stop.ask()
        return tuple(future.result() for future in futures)


def raise_failures(outcomes: Sequence[Outcome[Result]]) -> None:
    """Raise every outcome's problems as one error: Aborted when somebody stopped it, Refused when all of them were."""
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    if not errors:
        return
    problems = list(dict.fromkeys(problem for error in errors for problem in error.problems))
    if any(isinstance(error, Aborted) for error in errors):
        raise Aborted(problems)
    only_refusals = all(error.exit_code == EXIT_GATE_CLOSED for error in errors)
    raise Refused(problems) if only_refusals else SesariError(problems)


def _one(name: str, stop: Stop, work: Callable[[str, Stop], Result], report: Reporter) -> Outcome[Result]:
    try:
        return Outcome(name, work(name, stop), None)
    except SesariError as error:
        phase = Phase.FAILED if error.exit_code != EXIT_ERROR else Phase.ERRORED
        report(Progress(name, "", Phase.ABORTED if isinstance(error, Aborted) else phase, error.problems[0].what))
        return Outcome(name, None, error)


@contextmanager
def _signals(on_signal: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C, a closed terminal and a cancelled CI job (SIGTERM) all mean: stop gracefully."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def tell(number: int, frame: FrameType | None) -> None:
        on_signal()

    before = {number: signal.signal(number, tell) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
