"""An S3 bucket as a store: `If-None-Match` and `If-Match` decide who wins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sesari.drivers.aws_session import aws_error
from sesari.errors import Problem, SesariError
from sesari.model.store import Conflict, Stored

Result = TypeVar("Result")

# 409 is S3's answer when two conditional writes of one key overlap: neither may be assumed to have won.
_LOST = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_GONE = {"NoSuchKey", "404"}


class S3Store:
    """Implements `Store` on one bucket. The version is the ETag; `connect` gives a boto3 S3 client."""

    def __init__(self, connect: Callable[[], Any], bucket: str) -> None:
        self._connect = connect
        self._bucket = bucket

    def get(self, key: str) -> Stored | None:
        def read() -> Stored:
            answer = self._connect().get_object(Bucket=self._bucket, Key=key)
            return Stored(key, answer["Body"].read(), answer["ETag"])

        try:
            return self._call(key, read)
        except KeyError:
            return None
        except SesariError as error:
            # To a role that may list only under a prefix S3 answers 403, not 404, for a key that is absent. The list
            # of that very key tells the two apart, and is itself denied to whoever may not know.
            if error.codes == ("aws-denied",) and key not in self.keys(key):
                return None
            raise

    def create(self, key: str, body: bytes) -> str:
        return self._put(key, body, {"IfNoneMatch": "*"})

    def replace(self, key: str, body: bytes, version: str) -> str:
        return self._put(key, body, {"IfMatch": version})

    def delete(self, key: str, version: str) -> None:
        try:
            self._call(key, lambda: self._connect().delete_object(Bucket=self._bucket, Key=key, IfMatch=version))
        except KeyError as error:
            raise Conflict(key) from error

    def keys(self, prefix: str) -> tuple[str, ...]:
        def read() -> tuple[str, ...]:
            pages = self._connect().get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            return tuple(sorted(entry["Key"] for page in pages for entry in page.get("Contents", ())))

        return self._call(prefix, read)

    def _put(self, key: str, body: bytes, condition: dict[str, str]) -> str:
        def write() -> str:
            return str(self._connect().put_object(Bucket=self._bucket, Key=key, Body=body, **condition)["ETag"])

        try:
            return self._call(key, write)
        except KeyError as error:  # If-Match on an object that is gone
            raise Conflict(key) from error

    def _call(self, key: str, act: Callable[[], Result]) -> Result:
        """Run `act`; raise Conflict when the condition failed, KeyError when the object is absent, else SesariError."""
        import botocore.exceptions

        where = f"s3://{self._bucket}/{key}"
        try:
            return act()
        except botocore.exceptions.ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _LOST:
                raise Conflict(key) from error
            if code in _GONE:
                raise KeyError(key) from error
            if code == "NoSuchBucket":
                raise SesariError(_no_bucket(self._bucket)) from error
            raise aws_error(error, where) from error
        except botocore.exceptions.BotoCoreError as error:
            raise aws_error(error, where) from error


def _no_bucket(bucket: str) -> Problem:
    return Problem(
        "bucket-missing",
        f"The bucket `{bucket}` does not exist",
        where=f"s3://{bucket}",
        why="this account has not been bootstrapped, or the credentials are another account's",
        hint="To prepare the account, run `sesari bootstrap`",
    )
