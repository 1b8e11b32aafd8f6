"""What the loopback balancer takes for healthy."""

from __future__ import annotations

import pytest

from sesari.rehearsal.tasks.health import Health, Streak, check_of, matches


@pytest.mark.parametrize(
    ("codes", "status", "fits"),
    [
        ("200", 200, True),
        ("200", 204, False),
        ("200,202", 202, True),
        ("200-299", 250, True),
        ("200-299", 300, False),
        ("200, 301-302", 302, True),
    ],
)
def test_codes_as_aws_writes_them(codes, status, fits):
    assert matches(codes, status) is fits


def test_one_good_check_is_healthy_and_several_bad_ones_in_a_row_are_not():
    streak = Streak(3)
    taken = [streak.take(passed=passed) for passed in (True, False, False, True, False, False, False)]
    assert taken == [Health.HEALTHY, None, None, Health.HEALTHY, None, None, Health.UNHEALTHY]


def test_a_check_is_the_target_groups_with_shorter_waits():
    group = {
        "HealthCheckPath": "/healthz",
        "HealthCheckIntervalSeconds": 15,
        "HealthCheckTimeoutSeconds": 5,
        "UnhealthyThresholdCount": 3,
        "Matcher": {"HttpCode": "200-299"},
    }
    check = check_of(group)
    assert (check.path, check.codes, check.timeout, check.unhealthy_after) == ("/healthz", "200-299", 5.0, 3)
    assert check.interval == 1.0
