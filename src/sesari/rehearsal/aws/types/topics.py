"""SNS: topics, their policies and subscriptions."""

from __future__ import annotations

import json

from sesari.rehearsal.aws.resource import Aws, Resource, unchanging
from sesari.rehearsal.aws.state import State, from_pairs, pairs, retag, wanted_tags

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
    principal = {"AWS": f"arn:aws:iam::{aws.account}:root"}
    own = {"Effect": "Allow", "Principal": principal, "Action": "sns:Publish", "Resource": prior["id"]}
    statement = json.dumps({"Version": "2012-10-17", "Statement": [own]})
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
