"""Errors in the words of the real provider."""

from sesari.rehearsal.aws.errors import is_gone, summary


def test_an_error_reads_as_the_real_provider_writes_it() -> None:
    response = {
        "Error": {"Code": "AccessDenied", "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": 403, "RequestId": "r"},
    }
    assert summary("creating", "SQS Queue", "jobs", "SQS", "CreateQueue", response) == (
        "creating SQS Queue (jobs): operation error SQS: CreateQueue, https response error StatusCode: 403, "
        "RequestID: r, api error AccessDenied: no"
    )


def test_what_gone_looks_like() -> None:
    codes = ["NoSuchBucket", "ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue", "404"]
    assert all(is_gone({"Error": {"Code": code}}) for code in [*codes, "InvalidVpcID.NotFound"])
    assert not is_gone({"Error": {"Code": "AccessDenied"}})
    assert not is_gone({})
