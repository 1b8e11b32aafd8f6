"""Who may take a lease, and when a holder must know that it has lost it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesari.errors import SesariError
from sesari.model.lease import Lease
from sesari.release.lease import BEAT, TTL, Held, Take, Wait, beat, decide, decode, encode, is_own_lock, lost, release

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def lease(token: int = 7, age: float = 0.0) -> Lease:
    decision = decide(None, NOW - timedelta(seconds=age), "staging", "them", "apply")
    assert isinstance(decision, Take)
    return replace(decision.lease, token=token)


def test_nobody_holds_it() -> None:
    decision = decide(None, NOW, "staging", "me", "apply")
    assert isinstance(decision, Take)
    assert (decision.lease.token, decision.lease.holder, decision.dead) == (1, "me", None)


def test_a_released_lease_is_taken_with_the_next_token() -> None:
    decision = decide(release(lease(7), NOW), NOW, "staging", "me", "apply")
    assert isinstance(decision, Take)
    assert (decision.lease.token, decision.dead) == (8, None)


def test_a_holder_that_gave_a_sign_of_life_while_watched_is_alive() -> None:
    assert isinstance(decide(lease(), NOW, "staging", "me", "apply", moved=True), Held)


def test_a_silent_holder_is_watched_before_it_is_called_dead() -> None:
    silent = lease(7, age=TTL + 1)
    assert decide(silent, NOW, "staging", "me", "apply") == Wait(silent, 2.0 * BEAT)
    decision = decide(silent, NOW, "staging", "me", "apply", watched=2.0 * BEAT)
    assert isinstance(decision, Take)
    assert (decision.lease.token, decision.dead) == (8, silent)


def test_another_machines_clock_is_not_trusted() -> None:
    ahead = lease(7, age=-300)
    assert isinstance(decide(ahead, NOW, "staging", "me", "apply"), Wait)
    assert isinstance(decide(ahead, NOW, "staging", "me", "apply", watched=TTL), Take)
    behind = lease(7, age=300)
    assert isinstance(decide(behind, NOW, "staging", "me", "apply", watched=BEAT - 1), Wait)
    assert isinstance(decide(behind, NOW, "staging", "me", "apply", watched=BEAT - 1, moved=True), Held)


def test_what_nobody_could_mistake_for_skew_and_what_the_kernel_knows_needs_no_watching() -> None:
    for decision in (
        decide(lease(7, age=7200), NOW, "staging", "me", "apply"),
        decide(lease(7), NOW, "staging", "me", "apply", known_dead=True),
    ):
        assert isinstance(decision, Take)
        assert decision.dead is not None


@given(st.floats(-1000, 100000), st.floats(0, 1000), st.booleans(), st.booleans())
def test_a_token_never_repeats_and_never_goes_back(age: float, watched: float, moved: bool, dead: bool) -> None:
    current = lease(7, age)
    decision = decide(current, NOW, "staging", "me", "apply", watched=watched, moved=moved, known_dead=dead)
    if isinstance(decision, Take):
        assert decision.lease.token == 8
        assert decision.lease.lock_id != current.lock_id
    if isinstance(decision, Wait):
        assert 0 <= decision.seconds <= TTL


def test_a_lease_is_lost_when_another_has_it_or_the_store_is_silent() -> None:
    mine = lease(7)
    assert lost(mine, beat(mine, NOW), 0) is None
    for current in (None, lease(8), replace(mine, holder="thief"), release(mine, NOW)):
        problem = lost(mine, current, 0)
        assert problem is not None
        assert problem.code == "lease-lost"
    assert lost(mine, mine, TTL * 2 / 3) is not None, "it gives up before anybody may think it dead"
    assert lost(mine, mine, TTL / 2) is None


def test_only_locks_of_this_and_earlier_holders_are_ones_own() -> None:
    third = replace(lease(), token=3)
    own = [decide(None, NOW, "staging", "x", "y")]
    assert isinstance(own[0], Take)
    assert is_own_lock(own[0].lease.lock_id, third)
    fourth = decide(third, NOW, "staging", "me", "apply", known_dead=True)
    assert isinstance(fourth, Take)
    assert is_own_lock(fourth.lease.lock_id, fourth.lease)
    assert not is_own_lock(fourth.lease.lock_id, third), "a later holder's lock is nobody else's"
    assert not is_own_lock("", third)
    assert not is_own_lock(own[0].lease.lock_id, replace(third, environment="production"))


def test_bytes_and_back() -> None:
    assert decode(encode(lease()), "key") == lease()
    for body in (b"", b"[]", b"{}", encode(lease())[:-5], b"\xff"):
        with pytest.raises(SesariError) as caught:
            decode(body, "key")
        assert caught.value.codes == ("lease-corrupt",)
