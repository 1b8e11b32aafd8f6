"""SQS: queues and their policies."""

from __future__ import annotations

from functools import partial
from typing import Any

from sesari.rehearsal.aws.resource import Aws, Resource
from sesari.rehearsal.aws.state import State, given, retag, wanted_tags

# Terraform attribute, SQS attribute, type.
_QUEUE_FIELDS: tuple[tuple[str, str, type], ...] = (
    ("visibility_timeout_seconds", "VisibilityTimeout", int),
    ("message_retention_seconds", "MessageRetentionPeriod", int),
    ("max_message_size", "MaximumMessageSize", int),
    ("delay_seconds", "DelaySeconds", int),
    ("receive_wait_time_seconds", "ReceiveMessageWaitTimeSeconds", int),
    ("kms_master_key_id", "KmsMasterKeyId", str),
    ("kms_data_key_reuse_period_seconds", "KmsDataKeyReusePeriodSeconds", int),
    ("sqs_managed_sse_enabled", "SqsManagedSseEnabled", bool),
    ("fifo_queue", "FifoQueue", bool),
    ("content_based_deduplication", "ContentBasedDeduplication", bool),
    ("deduplication_scope", "DeduplicationScope", str),
    ("fifo_throughput_limit", "FifoThroughputLimit", str),
    ("policy", "Policy", str),
    ("redrive_policy", "RedrivePolicy", str),
    ("redrive_allow_policy", "RedriveAllowPolicy", str),
)
_QUEUE_DEFAULTS: State = {
    "visibility_timeout_seconds": 30,
    "message_retention_seconds": 345600,
    "max_message_size": 262144,
    "delay_seconds": 0,
    "receive_wait_time_seconds": 0,
}
# Mostly written by a resource of its own: read back only where the queue itself sets it.
_ALSO_SEPARATE = ("redrive_allow_policy",)
_DOCUMENTS = ("policy", "redrive_policy", "redrive_allow_policy")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(int(value) if isinstance(value, float) else value)


def _value(text: str, kind: type) -> Any:
    return text.lower() == "true" if kind is bool else kind(text)


def queue_url(aws: Aws, name: str) -> str:
    """The URL AWS would give: the emulator's own holds its port, which a restart may change."""
    return f"https://sqs.{aws.region}.amazonaws.com/{aws.account}/{name}"


def _create_queue(aws: Aws, planned: State) -> State:
    name = planned["name"]
    # As the real provider does, its own defaults are always sent: the cloud's have changed meanwhile.
    planned = {**planned, **{ours: value for ours, value in _QUEUE_DEFAULTS.items() if planned.get(ours) is None}}
    fields = {key: _text(planned[ours]) for ours, key, _ in _QUEUE_FIELDS if planned.get(ours) not in (None, "")}
    if not planned.get("fifo_queue"):
        fields = {key: value for key, value in fields.items() if key not in ("FifoQueue", "ContentBasedDeduplication")}
    aws.sqs.create_queue(QueueName=name, Attributes=fields, **given(tags=wanted_tags(planned)))
    url = queue_url(aws, name)
    return {"id": url, "url": url, **dict.fromkeys(name for name in _DOCUMENTS if not planned.get(name))}


def _attributes(aws: Aws, url: str) -> dict[str, str]:
    answer = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    attributes: dict[str, str] = answer.get("Attributes", {})
    return attributes


def _read_queue(aws: Aws, state: State) -> State | None:
    url = state["id"]
    held = _attributes(aws, url)
    seen: State = {
        "url": url,
        "name": url.rsplit("/", 1)[-1],
        "arn": held["QueueArn"],
        "kms_data_key_reuse_period_seconds": 300,
        "sqs_managed_sse_enabled": False,
        "kms_master_key_id": "",
        "fifo_queue": False,
        "content_based_deduplication": False,
        "deduplication_scope": "",
        "fifo_throughput_limit": "",
        "tags_all": aws.sqs.list_queue_tags(QueueUrl=url).get("Tags", {}),
    }
    for ours, key, kind in _QUEUE_FIELDS:
        if ours in _ALSO_SEPARATE and not state.get(ours):
            seen[ours] = ""
        elif key in held:
            seen[ours] = _value(held[key], kind)
        elif ours in _DOCUMENTS:
            seen[ours] = ""
    return seen


def _update_queue(aws: Aws, prior: State, planned: State) -> None:
    url = prior["id"]
    fields = {
        key: "" if planned.get(ours) is None else _text(planned[ours])
        for ours, key, _ in _QUEUE_FIELDS
        if prior.get(ours) != planned.get(ours) and not (ours in _ALSO_SEPARATE and planned.get(ours) is None)
    }
    if fields:
        aws.sqs.set_queue_attributes(QueueUrl=url, Attributes=fields)
    gone, new = retag(prior, planned)
    if gone:
        aws.sqs.untag_queue(QueueUrl=url, TagKeys=gone)
    if new:
        aws.sqs.tag_queue(QueueUrl=url, Tags=new)


def _delete_queue(aws: Aws, prior: State) -> None:
    aws.sqs.delete_queue(QueueUrl=prior["id"])


def _create_part(ours: str, key: str, aws: Aws, planned: State) -> State:
    aws.sqs.set_queue_attributes(QueueUrl=planned["queue_url"], Attributes={key: planned[ours]})
    return {"id": planned["queue_url"]}


def _read_part(ours: str, key: str, aws: Aws, state: State) -> State | None:
    held = _attributes(aws, state["id"]).get(key)
    return {"queue_url": state["id"], ours: held} if held else None


def _update_part(ours: str, key: str, aws: Aws, prior: State, planned: State) -> None:
    _create_part(ours, key, aws, planned)


def _delete_part(key: str, aws: Aws, prior: State) -> None:
    aws.sqs.set_queue_attributes(QueueUrl=prior["id"], Attributes={key: ""})


def _queue_part(title: str, ours: str, key: str) -> Resource:
    """A type that is one attribute of a queue."""
    return Resource(
        title=title,
        service="sqs",
        create=partial(_create_part, ours, key),
        read=partial(_read_part, ours, key),
        update=partial(_update_part, ours, key),
        delete=partial(_delete_part, key),
        named_by="queue_url",
        documents=(ours,),
    )


RESOURCES = {
    "aws_sqs_queue": Resource(
        title="SQS Queue",
        service="sqs",
        create=_create_queue,
        read=_read_queue,
        update=_update_queue,
        delete=_delete_queue,
        defaults=_QUEUE_DEFAULTS,
        documents=_DOCUMENTS,
    ),
    "aws_sqs_queue_policy": _queue_part("SQS Queue Policy", "policy", "Policy"),
    "aws_sqs_queue_redrive_policy": _queue_part("SQS Queue Redrive Policy", "redrive_policy", "RedrivePolicy"),
    "aws_sqs_queue_redrive_allow_policy": _queue_part(
        "SQS Queue Redrive Allow Policy", "redrive_allow_policy", "RedriveAllowPolicy"
    ),
}
