"""CloudWatch: log groups and metric alarms."""

from __future__ import annotations

from typing import Any

from sesari.rehearsal.aws.resource import Aws, Resource
from sesari.rehearsal.aws.state import State, changed, from_pairs, given, pairs, retag, wanted_tags


def _create_group(aws: Aws, planned: State) -> State:
    name = planned["name"]
    aws.logs.create_log_group(
        logGroupName=name,
        **given(
            kmsKeyId=planned.get("kms_key_id"),
            logGroupClass=planned.get("log_group_class"),
            tags=wanted_tags(planned),
        ),
    )
    if planned.get("retention_in_days"):
        aws.logs.put_retention_policy(logGroupName=name, retentionInDays=int(planned["retention_in_days"]))
    return {"id": name}


def _read_group(aws: Aws, state: State) -> State | None:
    name = state["id"]
    for group in aws.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
        if group["logGroupName"] == name:
            arn = group["arn"].removesuffix(":*")
            return {
                "name": name,
                "arn": arn,
                "name_prefix": "",
                "retention_in_days": group.get("retentionInDays", 0),
                "kms_key_id": group.get("kmsKeyId", state.get("kms_key_id") or ""),
                "log_group_class": group.get("logGroupClass", "STANDARD"),
                "tags_all": aws.logs.list_tags_for_resource(resourceArn=arn).get("tags", {}),
            }
    return None


def _update_group(aws: Aws, prior: State, planned: State) -> None:
    name = prior["id"]
    if changed(prior, planned, "retention_in_days"):
        if planned.get("retention_in_days"):
            aws.logs.put_retention_policy(logGroupName=name, retentionInDays=int(planned["retention_in_days"]))
        else:
            aws.logs.delete_retention_policy(logGroupName=name)
    gone, new = retag(prior, planned)
    if gone:
        aws.logs.untag_resource(resourceArn=prior["arn"], tagKeys=gone)
    if new:
        aws.logs.tag_resource(resourceArn=prior["arn"], tags=new)


def _delete_group(aws: Aws, prior: State) -> None:
    if not prior.get("skip_destroy"):
        aws.logs.delete_log_group(logGroupName=prior["id"])


# Terraform attribute, CloudWatch field, its value where the cloud has none.
_ALARM_FIELDS: tuple[tuple[str, str, Any], ...] = (
    ("actions_enabled", "ActionsEnabled", True),
    ("alarm_actions", "AlarmActions", []),
    ("alarm_description", "AlarmDescription", ""),
    ("comparison_operator", "ComparisonOperator", None),
    ("datapoints_to_alarm", "DatapointsToAlarm", 0),
    ("evaluation_periods", "EvaluationPeriods", None),
    ("extended_statistic", "ExtendedStatistic", ""),
    ("evaluate_low_sample_count_percentiles", "EvaluateLowSampleCountPercentile", ""),
    ("insufficient_data_actions", "InsufficientDataActions", []),
    ("metric_name", "MetricName", ""),
    ("namespace", "Namespace", ""),
    ("ok_actions", "OKActions", []),
    ("period", "Period", 0),
    ("statistic", "Statistic", ""),
    ("threshold", "Threshold", 0),
    ("threshold_metric_id", "ThresholdMetricId", ""),
    ("treat_missing_data", "TreatMissingData", "missing"),
    ("unit", "Unit", ""),
)
_WHOLE = frozenset({"datapoints_to_alarm", "evaluation_periods", "period"})


def _put_alarm(aws: Aws, planned: State) -> State:
    fields = {key: planned.get(ours) for ours, key, _ in _ALARM_FIELDS if planned.get(ours) not in (None, "", [])}
    for ours, key, _ in _ALARM_FIELDS:
        if ours in _WHOLE and key in fields:
            fields[key] = int(fields[key] or 0)
    if not fields.get("DatapointsToAlarm"):
        fields.pop("DatapointsToAlarm", None)
    aws.cloudwatch.put_metric_alarm(
        AlarmName=planned["alarm_name"],
        **fields,
        **given(
            Dimensions=pairs(planned.get("dimensions") or {}, "Name", "Value"),
            Metrics=[_query_out(query) for query in planned.get("metric_query") or []],
            Tags=pairs(wanted_tags(planned)),
        ),
    )
    return {"id": planned["alarm_name"]}


def _query_out(query: State) -> dict[str, Any]:
    out: dict[str, Any] = {
        "Id": query["id"],
        "ReturnData": bool(query.get("return_data")),
        **given(Expression=query.get("expression"), Label=query.get("label"), Period=query.get("period")),
    }
    for metric in query.get("metric") or []:
        out["MetricStat"] = {
            "Metric": given(
                Namespace=metric.get("namespace"),
                MetricName=metric["metric_name"],
                Dimensions=pairs(metric.get("dimensions") or {}, "Name", "Value"),
            ),
            "Period": int(metric["period"]),
            "Stat": metric["stat"],
            **given(Unit=metric.get("unit")),
        }
    return out


def _query_in(query: dict[str, Any]) -> State:
    seen: State = {
        "id": query["Id"],
        "expression": query.get("Expression", ""),
        "label": query.get("Label", ""),
        "return_data": query.get("ReturnData", True),
        "metric": [],
    }
    if stat := query.get("MetricStat"):
        metric = stat["Metric"]
        seen["metric"] = [
            {
                "metric_name": metric["MetricName"],
                "namespace": metric.get("Namespace", ""),
                "period": stat["Period"],
                "stat": stat["Stat"],
                "unit": stat.get("Unit", ""),
                "dimensions": from_pairs(metric.get("Dimensions"), "Name", "Value"),
            }
        ]
    return seen


def _read_alarm(aws: Aws, state: State) -> State | None:
    found = aws.cloudwatch.describe_alarms(AlarmNames=[state["id"]]).get("MetricAlarms", [])
    if not found:
        return None
    alarm = found[0]
    seen: State = {ours: alarm.get(key, missing) for ours, key, missing in _ALARM_FIELDS}
    if seen["extended_statistic"]:
        seen["statistic"] = ""  # the emulator makes one up
    if alarm.get("Metrics"):
        seen["metric_query"] = [_query_in(query) for query in alarm["Metrics"]]
    if alarm.get("Metrics") or state.get("metric_query"):
        # An alarm on an expression has none of these; the emulator keeps no expression and makes them up.
        seen.update(period=0, statistic="", metric_name="", namespace="")
    tags = aws.cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"]).get("Tags")
    return {
        **seen,
        "alarm_name": alarm["AlarmName"],
        "arn": alarm["AlarmArn"],
        "dimensions": from_pairs(alarm.get("Dimensions"), "Name", "Value"),
        "tags_all": from_pairs(tags),
    }


def _update_alarm(aws: Aws, prior: State, planned: State) -> None:
    _put_alarm(aws, planned)
    gone, new = retag(prior, planned)
    if gone:
        aws.cloudwatch.untag_resource(ResourceARN=prior["arn"], TagKeys=gone)
    if new:
        aws.cloudwatch.tag_resource(ResourceARN=prior["arn"], Tags=pairs(new))


def _delete_alarm(aws: Aws, prior: State) -> None:
    aws.cloudwatch.delete_alarms(AlarmNames=[prior["id"]])


RESOURCES = {
    "aws_cloudwatch_log_group": Resource(
        title="CloudWatch Logs Log Group",
        service="logs",
        create=_create_group,
        read=_read_group,
        update=_update_group,
        delete=_delete_group,
        defaults={"retention_in_days": 0},
    ),
    "aws_cloudwatch_metric_alarm": Resource(
        title="CloudWatch Metric Alarm",
        service="cloudwatch",
        create=_put_alarm,
        read=_read_alarm,
        update=_update_alarm,
        delete=_delete_alarm,
        named_by="alarm_name",
        defaults={"actions_enabled": True, "treat_missing_data": "missing", "threshold": 0},
    ),
}
