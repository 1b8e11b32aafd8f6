"""Listeners of load balancers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sesari.rehearsal.aws.resource import Aws, Resource
from sesari.rehearsal.aws.state import State, given, pairs, wanted_tags
from sesari.rehearsal.aws.types.balancing import retag_balancing, tags_balancing


def _actions(planned: State) -> list[dict[str, Any]]:
    return [_action_out(action) for action in planned.get("default_action") or []]


def _action_out(action: State) -> dict[str, Any]:
    out: dict[str, Any] = given(
        Type=action["type"], TargetGroupArn=action.get("target_group_arn"), Order=action.get("order")
    )
    for one in action.get("redirect") or []:
        out["RedirectConfig"] = given(
            Protocol=one.get("protocol"),
            Port=one.get("port"),
            Host=one.get("host"),
            Path=one.get("path"),
            Query=one.get("query"),
            StatusCode=one.get("status_code"),
        )
    for one in action.get("fixed_response") or []:
        out["FixedResponseConfig"] = given(
            ContentType=one.get("content_type"), MessageBody=one.get("message_body"), StatusCode=one.get("status_code")
        )
    return out


def _action_in(index: int, action: Mapping[str, Any]) -> State:
    seen: State = {
        "type": action["Type"],
        "order": action.get("Order") or index + 1,
        "target_group_arn": action.get("TargetGroupArn") or "",
        "redirect": [],
        "fixed_response": [],
    }
    if redirect := action.get("RedirectConfig"):
        seen["redirect"] = [
            {
                "protocol": redirect.get("Protocol", "#{protocol}"),
                "port": str(redirect.get("Port", "#{port}")),
                "host": redirect.get("Host") or "#{host}",
                "path": redirect.get("Path") or "/#{path}",
                "query": redirect.get("Query") or "#{query}",
                "status_code": redirect.get("StatusCode"),
            }
        ]
    if fixed := action.get("FixedResponseConfig"):
        seen["fixed_response"] = [
            {
                "content_type": fixed.get("ContentType"),
                "message_body": fixed.get("MessageBody", ""),
                "status_code": fixed.get("StatusCode"),
            }
        ]
    return seen


def _listener(planned: State) -> dict[str, Any]:
    certificate = planned.get("certificate_arn")
    return given(
        Port=planned.get("port"),
        Protocol=planned.get("protocol"),
        SslPolicy=planned.get("ssl_policy"),
        Certificates=[{"CertificateArn": certificate}] if certificate else None,
        DefaultActions=_actions(planned),
    )


def _create_listener(aws: Aws, planned: State) -> State:
    made = aws.elbv2.create_listener(
        LoadBalancerArn=planned["load_balancer_arn"], **_listener(planned), **given(Tags=pairs(wanted_tags(planned)))
    )["Listeners"][0]["ListenerArn"]
    return {"id": made, "tcp_idle_timeout_seconds": None}


def _read_listener(aws: Aws, state: State) -> State | None:
    found = aws.elbv2.describe_listeners(ListenerArns=[state["id"]])["Listeners"]
    if not found:
        return None
    listener = found[0]
    certificates = listener.get("Certificates") or [{}]
    return {
        "arn": state["id"],
        "load_balancer_arn": listener["LoadBalancerArn"],
        "port": listener["Port"],
        "protocol": listener["Protocol"],
        "ssl_policy": listener.get("SslPolicy") or "",
        "certificate_arn": certificates[0].get("CertificateArn", ""),
        "default_action": [_action_in(index, one) for index, one in enumerate(listener.get("DefaultActions", []))],
        "tags_all": tags_balancing(aws, state["id"]),
    }


def _update_listener(aws: Aws, prior: State, planned: State) -> None:
    aws.elbv2.modify_listener(ListenerArn=prior["id"], **_listener(planned))
    retag_balancing(aws, prior, planned)


def _delete_listener(aws: Aws, prior: State) -> None:
    aws.elbv2.delete_listener(ListenerArn=prior["id"])


RESOURCES = {
    "aws_lb_listener": Resource(
        title="ELBv2 Listener",
        service="elbv2",
        create=_create_listener,
        read=_read_listener,
        update=_update_listener,
        delete=_delete_listener,
        named_by="load_balancer_arn",
        defaults={"default_action": {"redirect": {"host": "#{host}", "path": "/#{path}", "query": "#{query}"}}},
    ),
}
