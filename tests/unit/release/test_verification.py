"""A verdict from measurements: bad at once, good only when everything was seen for long enough."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesari.model.manifest import Service
from sesari.release.verification import (
    AlarmSample,
    Criteria,
    HttpCheck,
    HttpSample,
    Observations,
    QueueSample,
    Verdict,
    criteria_of,
    percentile,
    verdict,
)

HEALTH = HttpCheck("/healthz", contains="ok", latency=0.5, samples=3)


def answers(*seconds, status=200, body="ok"):
    return tuple(HttpSample(float(at), "/healthz", status, took, body) for at, took in enumerate(seconds))


def judged(criteria, now=10.0, **seen):
    return verdict(criteria, Observations(0.0, now, **seen))


def test_good_only_after_the_bake_time():
    criteria = Criteria((HEALTH,), bake=10.0)
    assert judged(criteria, 9.9, http=answers(0.1, 0.1, 0.1)).verdict is Verdict.PENDING
    assert judged(criteria, 10.0, http=answers(0.1, 0.1, 0.1)).verdict is Verdict.GOOD


@pytest.mark.parametrize(
    ("http", "told"),
    [
        (answers(0.1, status=503), "`/healthz`: answered 503, not 200 (1 of 1 answers)"),
        (answers(0.1, body="no"), "`/healthz`: answered without 'ok' (1 of 1 answers)"),
        ((HttpSample(0.0, "/healthz", None, 1.0, error="ConnectError"),), "no answer: ConnectError"),
        (answers(0.1, 0.1, 0.9), "`/healthz`: 95 % within 900 ms, not 500 ms"),
    ],
)
def test_bad_at_once(http, told):
    found = judged(Criteria((HEALTH,), bake=60.0), 1.0, http=http)
    assert found.verdict is Verdict.BAD and told in found.reasons[0]


def test_latency_is_not_judged_on_too_few():
    assert judged(Criteria((HEALTH,), bake=60.0), 1.0, http=answers(0.9)).verdict is Verdict.PENDING
    late = judged(Criteria((HEALTH,)), 10.0, http=answers(0.1))
    assert (late.verdict, late.reasons) == (Verdict.INCONCLUSIVE, ("`/healthz` was not asked often enough",))


@pytest.mark.parametrize(
    ("samples", "verdict_", "told"),
    [
        ([(-1, "OK"), (1, "OK")], Verdict.GOOD, None),
        ([(-1, "OK"), (1, "ALARM"), (2, "OK")], Verdict.BAD, "the alarm `a` fires"),
        ([(1, "ALARM")], Verdict.BAD, "the alarm `a` fires"),
        ([(-1, "ALARM"), (1, "ALARM")], Verdict.INCONCLUSIVE, "the alarm `a` fired before the release already"),
        ([(-1, "ALARM"), (1, "OK")], Verdict.GOOD, None),
        ([(-1, "OK"), (1, "INSUFFICIENT_DATA")], Verdict.INCONCLUSIVE, "the alarm `a` has no data"),
        ([(-1, "OK"), (1, None)], Verdict.INCONCLUSIVE, "the alarm `a` could not be read"),
        ([], Verdict.INCONCLUSIVE, "the alarm `a` could not be read"),
    ],
)
def test_alarms_without_data_are_not_quiet(samples, verdict_, told):
    alarms = tuple(AlarmSample(float(at), "a", state) for at, state in samples)
    found = judged(Criteria(alarms=("a",)), alarms=alarms)
    assert found.verdict is verdict_ and found.reasons == ((told,) if told else ())


@pytest.mark.parametrize(
    ("depths", "verdict_"),
    [
        ([5, 3], Verdict.GOOD),
        ([0, 0], Verdict.GOOD),
        ([5, 5], Verdict.GOOD),
        ([0, 4], Verdict.BAD),
        ([], Verdict.INCONCLUSIVE),
    ],
)
def test_a_queue_may_not_grow(depths, verdict_):
    queue = tuple(QueueSample(float(at), waiting, 0) for at, waiting in enumerate(depths))
    assert judged(Criteria(drains=True), queue=queue).verdict is verdict_


def test_criteria_come_from_the_manifest():
    api = Service("api", "api", "ecs", "p", 8080, "/healthz", None, None, None, {}, ())
    worker = dataclasses.replace(api, name="worker", kind="worker", port=None, health=None, queue="jobs")
    assert criteria_of(api, ("a",), 5.0) == Criteria((HttpCheck("/healthz"),), ("a",), False, 5.0)
    assert criteria_of(worker) == Criteria((), (), True)


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0.1, 100))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values, share):
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share / 100 * len(values) - 1e-9


@given(
    st.lists(st.tuples(st.floats(-5, 20), st.sampled_from(["OK", "ALARM", "INSUFFICIENT_DATA", None])), max_size=5),
    st.lists(st.integers(0, 5), max_size=4),
    st.floats(0, 20),
)
def test_good_is_never_said_of_what_was_not_seen(alarms, depths, now):
    seen = {
        "alarms": tuple(AlarmSample(at, "a", state) for at, state in sorted(alarms, key=lambda one: one[0])),
        "queue": tuple(QueueSample(float(at), waiting, 0) for at, waiting in enumerate(depths)),
    }
    found = judged(Criteria(alarms=("a",), drains=True), now, **seen)
    if found.verdict is Verdict.GOOD:
        assert now >= 10.0 and depths and any(at > 0 and state == "OK" for at, state in alarms)
    assert (found.reasons == ()) == (found.verdict in (Verdict.GOOD, Verdict.PENDING))
