"""Nothing is written before the providers have said who we are."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sesari.errors import Refused, SesariError
from sesari.model.identity import Identities
from sesari.pipeline.tools import Tools
from sesari.release.admission import wrong_identities


def check_identities(tools: Tools) -> None:
    """Ask the providers now. Raises Refused with every one that is not this environment's."""
    _right(tools, tools.identify())


@contextmanager
def checked_identities(tools: Tools) -> Iterator[None]:
    """Ask while the block runs, which must write nothing; raise Refused at its end when one is the wrong one."""
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(tools.identify)
        try:
            yield
        except SesariError:
            # With the wrong credentials everything fails: the cause is told, not its consequences.
            _right(tools, answer.result())
            raise
        _right(tools, answer.result())


def _right(tools: Tools, identities: Identities) -> None:
    problems = wrong_identities(tools.environment, identities)
    if problems:
        raise Refused(problems)
