"""PURE: which resource a request is about, and with which condition keys, as IAM's reference documents it.

The emulator reads this from a request only for some operations, and takes `*` for the rest: policies that name ARNs, as
ours do, would then deny what AWS allows. Source: the Service Authorization Reference of each service.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Parameters = Mapping[str, Any]

# EC2: what an operation makes; a new thing has no id yet.
_EC2_MADE = {
    "AllocateAddress": "elastic-ip",
    "CreateInternetGateway": "internet-gateway",
    "CreateNatGateway": "natgateway",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "CreateVpcEndpoint": "vpc-endpoint",
}
# EC2: parameter that names what an operation changes, its kind; the first one present counts.
_EC2_CHANGED = (
    ("GroupId", "security-group"),
    ("RouteTableId", "route-table"),
    ("InternetGatewayId", "internet-gateway"),
    ("NatGatewayId", "natgateway"),
    ("AllocationId", "elastic-ip"),
    ("SubnetId", "subnet"),
    ("VpcEndpointId", "vpc-endpoint"),
    ("VpcEndpointId.1", "vpc-endpoint"),
    ("VpcId", "vpc"),
)
_EC2_KINDS = {
    "vpc": "vpc",
    "subnet": "subnet",
    "rtb": "route-table",
    "igw": "internet-gateway",
    "eipalloc": "elastic-ip",
    "nat": "natgateway",
    "vpce": "vpc-endpoint",
    "sg": "security-group",
    "sgr": "security-group-rule",
}
_EC2_TAG = re.compile(r"^TagSpecification\.\d+\.Tag\.\d+\.Key$")


def resource_of(service: str, operation: str, parameters: Parameters, at: str, account: str) -> str | None:
    """The ARN that IAM checks; None leaves it to the emulator. `at` is the region. `parameters` of a query API are
    flat (`AlarmNames.member.1`), of a JSON API nested."""
    find = _BY_SERVICE.get(service)
    return find(operation, parameters, at, account) if find else None


def conditions_of(service: str, operation: str, parameters: Parameters) -> dict[str, str]:
    """Condition keys that are in the request itself: EC2's tags, a new role's boundary, KMS's encryption context."""
    if service == "kms":
        context = parameters.get("EncryptionContext")
        pairs = context.items() if isinstance(context, Mapping) else ()
        return {f"kms:encryptioncontext:{name}".lower(): str(value) for name, value in pairs}
    if service == "ec2" and operation not in ("CreateTags", "DeleteTags"):
        return {
            f"aws:requesttag/{parameters[name]}".lower(): str(parameters.get(f"{name[: -len('.Key')]}.Value", ""))
            for name in parameters
            if _EC2_TAG.match(name)
        }
    boundary = parameters.get("PermissionsBoundary")
    if service == "iam" and boundary and operation in ("CreateRole", "PutRolePermissionsBoundary"):
        return {"iam:permissionsboundary": str(boundary)}
    return {}


def _ec2(operation: str, parameters: Parameters, at: str, account: str) -> str | None:
    prefix = f"arn:aws:ec2:{at}:{account}"
    if operation.startswith("Describe"):
        return "*"
    if made := _EC2_MADE.get(operation):
        return f"{prefix}:{made}/*"
    if tagged := parameters.get("ResourceId.1"):
        return f"{prefix}:{_EC2_KINDS.get(tagged.partition('-')[0], '*')}/{tagged}"
    for name, kind in _EC2_CHANGED:
        if identifier := parameters.get(name):
            return f"{prefix}:{kind}/{identifier}"
    return None


def _ecs(operation: str, parameters: Parameters, at: str, account: str) -> str | None:
    prefix = f"arn:aws:ecs:{at}:{account}"
    if operation in ("DescribeTaskDefinition", "DeregisterTaskDefinition"):
        return "*"
    if operation == "RegisterTaskDefinition":
        return f"{prefix}:task-definition/{parameters.get('family')}:*"
    if arn := parameters.get("resourceArn"):
        return str(arn)
    services = parameters.get("services") or [parameters.get("serviceName") or parameters.get("service")]
    cluster = _last(parameters.get("cluster") or parameters.get("clusterName") or _one(parameters.get("clusters")))
    if services[0]:
        return f"{prefix}:service/{cluster}/{_last(services[0])}"
    return f"{prefix}:cluster/{cluster}" if cluster else None


def _ecr(operation: str, parameters: Parameters, at: str, account: str) -> str | None:
    if arn := parameters.get("resourceArn"):
        return str(arn)
    name = _one(parameters.get("repositoryNames"))
    return f"arn:aws:ecr:{at}:{account}:repository/{name}" if name else None


def _kms(operation: str, parameters: Parameters, at: str, account: str) -> str | None:
    prefix = f"arn:aws:kms:{at}:{account}"
    if operation == "CreateAlias":  # checked on the key and on the alias; the key's tags tell whose it is
        target = str(parameters.get("TargetKeyId", ""))
        return target if target.startswith("arn:") else f"{prefix}:key/{target}"
    alias = parameters.get("AliasName")
    return f"{prefix}:{alias}" if alias else None


def _iam(operation: str, parameters: Parameters, at: str, account: str) -> str | None:
    if operation == "CreatePolicy":
        path = parameters.get("Path") or "/"
        return f"arn:aws:iam::{account}:policy{path}{parameters.get('PolicyName')}"
    provider = parameters.get("OpenIDConnectProviderArn")
    if operation == "CreateOpenIDConnectProvider":
        host = str(parameters.get("Url", "")).removeprefix("https://")
        return f"arn:aws:iam::{account}:oidc-provider/{host}"
    return str(provider) if provider else None


def _logs(operation: str, parameters: Parameters, at: str, account: str) -> str | None:
    if operation == "DescribeLogGroups":
        return f"arn:aws:logs:{at}:{account}:log-group::log-stream:"
    return None


def _monitoring(operation: str, parameters: Parameters, at: str, account: str) -> str | None:
    if arn := parameters.get("ResourceARN"):
        return str(arn)
    name = _one(parameters.get("AlarmNames")) or parameters.get("AlarmNames.member.1")
    return f"arn:aws:cloudwatch:{at}:{account}:alarm:{name}" if name else None


def _sns(operation: str, parameters: Parameters, at: str, account: str) -> str | None:
    if operation in ("GetSubscriptionAttributes", "Unsubscribe"):
        return "*"
    arn = parameters.get("ResourceArn")
    return str(arn) if arn else None


def _balancing(operation: str, parameters: Parameters, at: str, account: str) -> str | None:
    prefix = f"arn:aws:elasticloadbalancing:{at}:{account}"
    if operation.startswith("Describe"):
        return "*"
    if operation == "CreateLoadBalancer":
        return f"{prefix}:loadbalancer/app/{parameters.get('Name')}/*"
    if operation == "CreateTargetGroup":
        return f"{prefix}:targetgroup/{parameters.get('Name')}/*"
    for name in ("ResourceArns.member.1", "ListenerArn"):
        if arn := parameters.get(name):
            return str(arn)
    return None


def _acm(operation: str, parameters: Parameters, at: str, account: str) -> str | None:
    return f"arn:aws:acm:{at}:{account}:certificate/*" if operation == "RequestCertificate" else None


def _one(values: object) -> str | None:
    return str(values[0]) if isinstance(values, list) and values else None


def _last(name: object) -> str | None:
    return str(name).rsplit("/", 1)[-1] if name else None


_BY_SERVICE: Mapping[str, Callable[[str, Parameters, str, str], str | None]] = {
    "acm": _acm,
    "ec2": _ec2,
    "ecr": _ecr,
    "ecs": _ecs,
    "elasticloadbalancing": _balancing,
    "iam": _iam,
    "kms": _kms,
    "logs": _logs,
    "monitoring": _monitoring,
    "sns": _sns,
}
