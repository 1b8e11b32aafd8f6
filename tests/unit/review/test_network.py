"""What a rule newly lets through."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sesari.review.network import widened


def told(change: Any) -> tuple[list[str], list[str]]:
    opened, closed = widened(change)
    return [str(one) for one in opened], [str(one) for one in closed]


def ingress(*cidrs: str, first: int = 80, last: int = 80, protocol: str = "tcp") -> dict[str, Any]:
    return {"ingress": [{"cidr_blocks": list(cidrs), "from_port": first, "to_port": last, "protocol": protocol}]}


@pytest.mark.parametrize(
    ("before", "after", "opened", "closed"),
    [
        (ingress("10.0.0.0/8"), ingress("10.1.0.0/16"), [], ["in tcp 80 from 10.0.0.0/8"]),
        (ingress("10.1.0.0/16"), ingress("10.0.0.0/8"), ["in tcp 80 from 10.0.0.0/8"], []),
        (ingress("10.0.0.0/8"), ingress("10.0.0.0/8", last=90), ["in tcp 80-90 from 10.0.0.0/8"], []),
        (ingress("10.0.0.0/8", protocol="-1"), ingress("10.0.0.0/8"), [], ["in everything from 10.0.0.0/8"]),
        (ingress("10.0.0.0/8"), ingress("::/0"), ["in tcp 80 from ::/0"], ["in tcp 80 from 10.0.0.0/8"]),
        (ingress("10.0.0.0/8"), ingress("not-a-cidr"), ["in tcp 80 from not-a-cidr"], ["in tcp 80 from 10.0.0.0/8"]),
    ],
)
def test_group_rules(change: Any, before: Any, after: Any, opened: list[str], closed: list[str]) -> None:
    assert told(change("aws_security_group", before=before, after=after)) == (opened, closed)


def test_other_types_of_rule(change: Any) -> None:
    rule = {"type": "ingress", "cidr_blocks": ["10.0.0.0/8"], "protocol": "udp", "from_port": 53, "to_port": 53}
    assert told(change("aws_security_group_rule", before={}, after=rule))[0] == ["in udp 53 from 10.0.0.0/8"]
    out = {"referenced_security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": 5432, "to_port": 5432}
    assert told(change("aws_vpc_security_group_egress_rule", before={}, after=out))[0] == ["out tcp 5432 to sg-1"]


def test_the_restrictions_of_a_database(change: Any) -> None:
    old, new = ({"network": json.dumps({"restrictions": [cidr]})} for cidr in ("10.0.0.0/16", "0.0.0.0/0"))
    assert told(change("supabase_settings", before=old, after=new))[0] == ["in postgres 5432-6543 from 0.0.0.0/0"]
