"""PURE: which service and operation an AWS request is for, and whose access key signed it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, parse_qsl

Protocol = Literal["json", "query", "ec2", "s3", "cbor", "rest"]

# The emulator's load balancer service signs as `elasticloadbalancing`, and so on: the signing name is the service.
_SCOPE = re.compile(r"Credential=(?P<key>[^/,]+)/\d{8}/[^/]*/(?P<service>[^/]+)/aws4_request")
_CBOR = re.compile(r"^/service/[^/]+/operation/(?P<operation>[A-Za-z]+)$")
_OBJECT = {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
_BUCKET = {"GET": "ListObjects", "HEAD": "HeadBucket", "PUT": "CreateBucket", "DELETE": "DeleteBucket"}
_VERBS = {"GET": "Get", "PUT": "Put", "DELETE": "Delete", "POST": "Post"}
_SUBRESOURCES = {
    "acl": "Acl",
    "encryption": "Encryption",
    "lifecycle": "Lifecycle",
    "location": "Location",
    "logging": "Logging",
    "notification": "Notification",
    "object-lock": "ObjectLockConfiguration",
    "ownershipControls": "OwnershipControls",
    "policy": "Policy",
    "publicAccessBlock": "PublicAccessBlock",
    "tagging": "Tagging",
    "versioning": "Versioning",
}


@dataclass(frozen=True, slots=True)
class AwsCall:
    """One request as it is logged and matched: `key` is the access key, empty when the call is unsigned."""

    service: str
    operation: str
    key: str
    protocol: Protocol


def identify(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> AwsCall:
    """The call behind a request. `headers` have lower-case names; `body` is only looked at for form posts."""
    scope = _SCOPE.search(headers.get("authorization", ""))
    key, service = (scope["key"], scope["service"]) if scope else _presigned(query)
    target = headers.get("x-amz-target", "")
    if target:
        return AwsCall(service, target.rsplit(".", 1)[-1], key, "json")
    if cbor := _CBOR.match(path):
        return AwsCall(service, cbor["operation"], key, "cbor")
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        action = dict(parse_qsl(body.decode("utf-8", "replace"))).get("Action", "")
        return AwsCall(service or "sts", action, key, "ec2" if service == "ec2" else "query")
    if service == "s3":
        return AwsCall(service, s3_operation(method, path, query), key, "s3")
    return AwsCall(service, f"{method} {path}", key, "rest")


def _presigned(query: str) -> tuple[str, str]:
    credential = parse_qs(query).get("X-Amz-Credential", [""])[0].split("/")
    return (credential[0], credential[3]) if len(credential) == 5 else ("", "")


def s3_operation(method: str, path: str, query: str) -> str:
    """The S3 API's name of a path-style request, such as `PutBucketVersioning`."""
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    bucket, _, key = path.lstrip("/").partition("/")
    if not bucket:
        return "ListBuckets"
    level = "Object" if key else "Bucket"
    for name, noun in _SUBRESOURCES.items():
        if name in parameters:
            middle = "" if name in ("publicAccessBlock", "object-lock") else level
            return f"{_VERBS.get(method, method)}{middle}{noun}"
    if method == "POST":
        return "DeleteObjects" if "delete" in parameters else "MultipartUpload"
    if "versions" in parameters:
        return "ListObjectVersions"
    if parameters.get("list-type") == "2":
        return "ListObjectsV2"
    if method == "PUT" and "uploadId" in parameters:
        return "UploadPart"
    return (_OBJECT if key else _BUCKET).get(method, method)
