"""One error shape for everything a user can meet: what, where, why, how to fix it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

EXIT_DONE = 0
EXIT_ERROR = 1
EXIT_CHANGES = 2
EXIT_GATE_CLOSED = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    `code` is a stable slug (`plan-state-moved`) that tests, `--json` and people can name; `what` is one
    sentence; `where` a file:line, an address or an endpoint; `why` the cause; `hint` the way out, with the
    command where there is one.
    """

    code: str
    what: str
    where: str | None = None
    why: str | None = None
    hint: str | None = None


class SesariError(Exception):
    """Carries every problem found at once. The CLI prints them and exits with `exit_code`."""

    exit_code = EXIT_ERROR

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("; ".join(problem.what for problem in self.problems))

    @property
    def codes(self) -> tuple[str, ...]:
        """The slugs of the problems, in order."""
        return tuple(problem.code for problem in self.problems)


class Refused(SesariError):
    """A gate said no: nothing was changed. Exit code 3."""

    exit_code = EXIT_GATE_CLOSED
