"""PURE: botocore's errors in the words of the real Terraform provider."""

from __future__ import annotations

import re
from typing import Any

_GONE = re.compile(r"NotFound|NoSuch|DoesNotExist|NonExistent|^404$")


def is_gone(response: dict[str, Any]) -> bool:
    """True when an error says that the thing asked for does not exist."""
    return bool(_GONE.search(str(response.get("Error", {}).get("Code", ""))))


def summary(doing: str, title: str, name: str, service_id: str, operation: str, response: dict[str, Any]) -> str:
    """`creating SQS Queue (jobs): operation error SQS: CreateQueue, https response error StatusCode: 403, ...`."""
    meta = response.get("ResponseMetadata", {})
    error = response.get("Error", {})
    code = str(error.get("Code", "Unknown")).rsplit("#", 1)[-1]
    return (
        f"{doing} {title} ({name}): operation error {service_id}: {operation}, "
        f"https response error StatusCode: {meta.get('HTTPStatusCode', 0)}, RequestID: {meta.get('RequestId', '')}, "
        f"api error {code}: {error.get('Message', '')}"
    )


def unreachable(doing: str, title: str, name: str, service_id: str, cause: BaseException) -> str:
    """The same for a call that got no answer."""
    return f"{doing} {title} ({name}): operation error {service_id}: request send failed, {cause}"
