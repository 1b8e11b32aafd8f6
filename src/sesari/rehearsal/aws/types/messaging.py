"""SQS queues and SNS topics."""

from __future__ import annotations

from functools import partial
from typing import Any

from sesari.rehearsal.aws.resource import Aws, Resource, unchanging
from sesari.rehearsal.aws.state import State, from_pairs, given, pairs, retag, wanted_tags

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
# Also written by resources of their own: read back only where the queue itself sets them.
_ALSO_SEPARATE = ("policy", "redrive_policy", "redrive_allow_policy")


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
    return {"id": url, "url": url, **dict.fromkeys(name for name in _ALSO_SEPARATE if not planned.get(name))}


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
        elif ours in _ALSO_SEPARATE:
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


# Terraform attribute, SNS attribute.
_TOPIC_FIELDS = (
    ("display_name", "DisplayName"),
    ("kms_master_key_id", "KmsMasterKeyId"),
    ("delivery_policy", "DeliveryPolicy"),
    ("policy", "Policy"),
)


def _create_topic(aws: Aws, planned: State) -> State:
    fields = {key: planned[ours] for ours, key in _TOPIC_FIELDS if planned.get(ours)}
    arn = aws.sns.create_topic(Name=planned["name"], Attributes=fields, Tags=pairs(wanted_tags(planned)))["TopicArn"]
    return {"id": arn, "arn": arn}


def _read_topic(aws: Aws, state: State) -> State | None:
    held = aws.sns.get_topic_attributes(TopicArn=state["id"])["Attributes"]
    seen: State = {ours: held.get(key, "") for ours, key in _TOPIC_FIELDS}
    if state.get("policy"):
        # A topic policy of its own may have replaced it: the state keeps the topic's, as does the default's drift.
        seen["policy"] = state["policy"]
    tags = aws.sns.list_tags_for_resource(ResourceArn=state["id"]).get("Tags")
    return {
        **seen,
        "arn": held["TopicArn"],
        "owner": held.get("Owner", aws.account),
        "name": state["id"].rsplit(":", 1)[-1],
        "tags_all": from_pairs(tags),
        "beginning_archive_time": "",
        "fifo_throughput_scope": "",
        "signature_version": 0,
        "tracing_config": "",
    }


def _update_topic(aws: Aws, prior: State, planned: State) -> None:
    for ours, key in _TOPIC_FIELDS:
        if prior.get(ours) != planned.get(ours) and not (ours == "policy" and not planned.get(ours)):
            aws.sns.set_topic_attributes(
                TopicArn=prior["id"], AttributeName=key, AttributeValue=planned.get(ours) or ""
            )
    gone, new = retag(prior, planned)
    if gone:
        aws.sns.untag_resource(ResourceArn=prior["id"], TagKeys=gone)
    if new:
        aws.sns.tag_resource(ResourceArn=prior["id"], Tags=pairs(new))


def _delete_topic(aws: Aws, prior: State) -> None:
    aws.sns.delete_topic(TopicArn=prior["id"])


def _put_topic_policy(aws: Aws, planned: State) -> State:
    aws.sns.set_topic_attributes(TopicArn=planned["arn"], AttributeName="Policy", AttributeValue=planned["policy"])
    return {"id": planned["arn"]}


def _read_topic_policy(aws: Aws, state: State) -> State | None:
    held = aws.sns.get_topic_attributes(TopicArn=state["id"])["Attributes"]
    policy = held.get("Policy")
    return {"arn": state["id"], "owner": held.get("Owner", aws.account), "policy": policy} if policy else None


def _update_topic_policy(aws: Aws, prior: State, planned: State) -> None:
    _put_topic_policy(aws, planned)


def _reset_topic_policy(aws: Aws, prior: State) -> None:
    statement = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},'
        '"Action":"sns:Publish","Resource":"%s"}]}' % (aws.account, prior["id"])
    )
    aws.sns.set_topic_attributes(TopicArn=prior["id"], AttributeName="Policy", AttributeValue=statement)


# Terraform attribute, SNS attribute.
_SUBSCRIPTION_FIELDS = (
    ("filter_policy", "FilterPolicy"),
    ("filter_policy_scope", "FilterPolicyScope"),
    ("delivery_policy", "DeliveryPolicy"),
    ("redrive_policy", "RedrivePolicy"),
)


def _subscribe(aws: Aws, planned: State) -> State:
    fields = {key: planned[ours] for ours, key in _SUBSCRIPTION_FIELDS if planned.get(ours)}
    if planned.get("raw_message_delivery"):
        fields["RawMessageDelivery"] = "true"
    arn = aws.sns.subscribe(
        TopicArn=planned["topic_arn"],
        Protocol=planned["protocol"],
        Endpoint=planned["endpoint"],
        Attributes=fields,
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    return {"id": arn, "arn": arn}


def _read_subscription(aws: Aws, state: State) -> State | None:
    held = aws.sns.get_subscription_attributes(SubscriptionArn=state["id"])["Attributes"]
    seen: State = {ours: held.get(key, "") for ours, key in _SUBSCRIPTION_FIELDS}
    return {
        **seen,
        "arn": state["id"],
        "topic_arn": held["TopicArn"],
        "protocol": held["Protocol"],
        "endpoint": held["Endpoint"],
        "owner_id": held.get("Owner", aws.account),
        "pending_confirmation": held.get("PendingConfirmation", "false") == "true",
        "confirmation_was_authenticated": held.get("ConfirmationWasAuthenticated", "false") == "true",
        "raw_message_delivery": held.get("RawMessageDelivery", "false") == "true",
    }


def _unsubscribe(aws: Aws, prior: State) -> None:
    aws.sns.unsubscribe(SubscriptionArn=prior["id"])


RESOURCES = {
    "aws_sqs_queue": Resource(
        title="SQS Queue",
        service="sqs",
        create=_create_queue,
        read=_read_queue,
        update=_update_queue,
        delete=_delete_queue,
        defaults=_QUEUE_DEFAULTS,
        documents=("policy", "redrive_policy", "redrive_allow_policy"),
    ),
    "aws_sqs_queue_policy": _queue_part("SQS Queue Policy", "policy", "Policy"),
    "aws_sqs_queue_redrive_policy": _queue_part("SQS Queue Redrive Policy", "redrive_policy", "RedrivePolicy"),
    "aws_sqs_queue_redrive_allow_policy": _queue_part(
        "SQS Queue Redrive Allow Policy", "redrive_allow_policy", "RedriveAllowPolicy"
    ),
    "aws_sns_topic": Resource(
        title="SNS Topic",
        service="sns",
        create=_create_topic,
        read=_read_topic,
        update=_update_topic,
        delete=_delete_topic,
        documents=("policy", "delivery_policy"),
    ),
    "aws_sns_topic_policy": Resource(
        title="SNS Topic Policy",
        service="sns",
        create=_put_topic_policy,
        read=_read_topic_policy,
        update=_update_topic_policy,
        delete=_reset_topic_policy,
        named_by="arn",
        documents=("policy",),
    ),
    "aws_sns_topic_subscription": Resource(
        title="SNS Topic Subscription",
        service="sns",
        create=_subscribe,
        read=_read_subscription,
        update=unchanging,
        delete=_unsubscribe,
        named_by="topic_arn",
        defaults={"confirmation_timeout_in_minutes": 1},
        documents=("filter_policy", "redrive_policy", "delivery_policy"),
    ),
}
