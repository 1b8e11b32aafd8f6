"""Which call a request is."""

import pytest

from sesari.rehearsal.aws.requests import AwsCall, identify, s3_operation

SIGNED = "AWS4-HMAC-SHA256 Credential=111111111111/20261124/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"


def test_json_protocol_names_its_operation_in_the_target() -> None:
    headers = {"authorization": SIGNED.format("sqs"), "x-amz-target": "AmazonSQS.CreateQueue"}
    assert identify("POST", "/", "", headers, b"{}") == AwsCall("sqs", "CreateQueue", "111111111111", "json")


@pytest.mark.parametrize(("service", "protocol"), [("iam", "query"), ("ec2", "ec2")])
def test_query_protocol_names_it_in_the_form(service: str, protocol: str) -> None:
    headers = {"authorization": SIGNED.format(service), "content-type": "application/x-www-form-urlencoded"}
    call = identify("POST", "/", "", headers, b"Action=DescribeVpcs&Version=1")
    assert (call.operation, call.protocol) == ("DescribeVpcs", protocol)


def test_an_unsigned_form_is_the_token_service() -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    call = identify("POST", "/", "", headers, b"Action=AssumeRoleWithWebIdentity")
    assert (call.service, call.operation, call.key) == ("sts", "AssumeRoleWithWebIdentity", "")


def test_a_presigned_address_tells_key_and_service() -> None:
    query = "X-Amz-Credential=222222222222%2F20261124%2Fus-east-1%2Fs3%2Faws4_request"
    assert identify("GET", "/bucket/key", query, {}, b"") == AwsCall("s3", "GetObject", "222222222222", "s3")


@pytest.mark.parametrize(
    ("method", "path", "query", "operation"),
    [
        ("GET", "/", "", "ListBuckets"),
        ("PUT", "/b", "", "CreateBucket"),
        ("GET", "/b", "list-type=2&prefix=x", "ListObjectsV2"),
        ("GET", "/b", "versions", "ListObjectVersions"),
        ("PUT", "/b", "versioning=", "PutBucketVersioning"),
        ("PUT", "/b", "publicAccessBlock=", "PutPublicAccessBlock"),
        ("GET", "/b/k", "tagging", "GetObjectTagging"),
        ("PUT", "/b/a/b/c", "", "PutObject"),
        ("HEAD", "/b/k", "", "HeadObject"),
        ("POST", "/b", "delete", "DeleteObjects"),
    ],
)
def test_s3_operations(method: str, path: str, query: str, operation: str) -> None:
    assert s3_operation(method, path, query) == operation
