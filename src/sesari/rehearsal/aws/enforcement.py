"""Puts our reading of a request (`authorization`) before the emulator's own. Bound to the pinned version; contract
tests hold what it relies on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sesari.rehearsal.aws.authorization import conditions_of, resource_of


def install() -> None:
    """From now on the emulator's IAM sees the resources and condition keys that AWS would."""
    from ministack.core import iam_actions

    emulators_resource = iam_actions.extract_resource_arn
    emulators_conditions = iam_actions.request_tag_context

    def resource(
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> str:
        parameters = _parameters(body, query_params)
        operation = headers.get("x-amz-target", "").rsplit(".", 1)[-1] or str(parameters.get("Action", ""))
        if service == "kms" and "alias/" in str(parameters.get("KeyId", "")):
            return _key_of(str(parameters["KeyId"]))
        found = resource_of(service, operation, parameters, region, account_id)
        if found is None:
            theirs: str = emulators_resource(service, method, path, headers, body, query_params, region, account_id)
            return theirs
        return found

    def conditions(service: str, iam_action: str, body: bytes, params: dict[str, Any]) -> dict[str, Any]:
        parameters = _parameters(body, params)
        operation = iam_action.split(":", 1)[-1]
        return {
            **emulators_conditions(service, iam_action, body, params),
            **conditions_of(service, operation, parameters),
            **_kept(service, operation, parameters),
        }

    iam_actions.extract_resource_arn = resource
    iam_actions.request_tag_context = conditions


def _parameters(body: bytes, query: Mapping[str, Any]) -> dict[str, Any]:
    if body[:1] == b"{":
        try:
            found = json.loads(body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}
    flat = {name: value[0] if isinstance(value, list) and value else value for name, value in query.items()}
    if link := flat.get("AssociationId"):
        flat["RouteTableId"] = _table_of(str(link))  # IAM checks the table that an association belongs to
    return flat


def _key_of(alias: str) -> str:
    """IAM checks the key that an alias stands for: https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html"""
    from ministack.services import kms

    key = kms._resolve_key(alias)
    return str(key["Arn"]) if key else alias


def _table_of(association: str) -> str:
    from ministack.services import ec2

    for identifier, table in ec2._route_tables.items():
        if any(link.get("RouteTableAssociationId") == association for link in table.get("Associations", [])):
            return str(identifier)
    return "unknown"


def _kept(service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, str]:
    """Condition keys that are in what the emulator keeps: EC2's tags, and an existing role's boundary."""
    from ministack.core.responses import get_account_id, get_region

    if service == "ec2":
        from ministack.services import ec2

        arn = resource_of(service, operation, parameters, get_region(), get_account_id()) or ""
        tags = ec2._tags.get(arn.rpartition("/")[2]) or []
        return {f"aws:resourcetag/{tag['Key']}".lower(): str(tag["Value"]) for tag in tags}
    if service == "acm" and parameters.get("CertificateArn"):
        from ministack.services import acm

        certificate = acm._certificates.get(parameters["CertificateArn"]) or {}
        return {f"aws:resourcetag/{tag['Key']}".lower(): str(tag["Value"]) for tag in certificate.get("Tags", [])}
    if service == "iam" and parameters.get("RoleName") and operation != "CreateRole":
        from ministack.services import iam

        role = iam._roles.get(parameters["RoleName"]) or {}
        boundary = role.get("PermissionsBoundary")
        held = boundary.get("PermissionsBoundaryArn") if isinstance(boundary, dict) else boundary
        return {"iam:permissionsboundary": str(held)} if held and operation != "PutRolePermissionsBoundary" else {}
    return {}
