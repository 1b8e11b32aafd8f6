"""Planned failures: which call they strike and what a client sees."""

import json

import pytest

from sesari.rehearsal.aws.faults import Fault, FaultBook, error_answer, fault_answer
from sesari.rehearsal.aws.requests import AwsCall

CALL = AwsCall("sqs", "CreateQueue", "111111111111", "json")


def struck(fault: Fault, calls: int, call: AwsCall = CALL, account: str = "111111111111") -> list[int]:
    book = FaultBook()
    book.replace([fault])
    return [number for number in range(1, calls + 1) if book.next(call, account) is not None]


def test_only_the_nth_call_is_struck() -> None:
    assert struck(Fault("sqs", "CreateQueue", "Throttling", nth=3), 5) == [3]


def test_several_times_and_for_ever() -> None:
    assert struck(Fault("sqs", "*", "Throttling", nth=2, times=2), 5) == [2, 3]
    assert struck(Fault("*", "*", "Throttling", nth=2, times=0), 5) == [2, 3, 4, 5]


def test_other_operations_services_and_accounts_pass_and_do_not_count() -> None:
    assert struck(Fault("sqs", "DeleteQueue", "drop"), 3) == []
    assert struck(Fault("kms", "*", "drop"), 3) == []
    assert struck(Fault("sqs", "*", "drop", account="222222222222"), 3) == []


@pytest.mark.parametrize(
    ("protocol", "kind", "code", "status"),
    [
        ("json", "AccessDenied", "AccessDeniedException", 403),
        ("query", "AccessDenied", "<Code>AccessDenied</Code>", 403),
        ("ec2", "InternalError", "<Code>InternalError</Code>", 500),
        ("s3", "Throttling", "<Code>SlowDown</Code>", 503),
        ("cbor", "Throttling", "ThrottlingException", 400),
    ],
)
def test_each_protocol_has_its_own_words(protocol: str, kind: str, code: str, status: int) -> None:
    call = AwsCall("any", "Operation", "", protocol)  # type: ignore[arg-type]
    answer = fault_answer(Fault("any", "*", kind), call)  # type: ignore[arg-type]
    assert answer.status == status
    assert code.encode() in answer.body


def test_errors_are_escaped() -> None:
    assert b"<b>" not in error_answer("query", "Code", 400, "<b>&").body
    assert json.loads(error_answer("json", "Code", 400, '"<b>').body)["message"] == '"<b>'


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        Fault.from_json({"service": "s3", "operation": "*", "kind": "meteor"})
    with pytest.raises(TypeError):
        Fault.from_json({"service": "s3", "operation": "*", "kind": "drop", "typo": 1})
