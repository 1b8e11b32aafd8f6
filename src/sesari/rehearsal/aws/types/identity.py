"""IAM: roles, policies, attachments, OIDC providers."""

from __future__ import annotations

import json
import secrets
from datetime import datetime

from sesari.rehearsal.aws.resource import Aws, Resource, unchanging
from sesari.rehearsal.aws.state import State, changed, from_pairs, given, pairs, retag, wanted_tags

_VERSIONS_KEPT = 5  # IAM's own limit


def _create_role(aws: Aws, planned: State) -> State:
    role = aws.iam.create_role(
        RoleName=planned["name"],
        AssumeRolePolicyDocument=planned["assume_role_policy"],
        **given(
            Path=planned.get("path"),
            Description=planned.get("description"),
            MaxSessionDuration=planned.get("max_session_duration"),
            PermissionsBoundary=planned.get("permissions_boundary"),
            Tags=pairs(wanted_tags(planned)),
        ),
    )["Role"]
    return {"id": role["RoleName"], "force_detach_policies": False}


def _read_role(aws: Aws, state: State) -> State | None:
    role = aws.iam.get_role(RoleName=state["id"])["Role"]
    created: datetime = role["CreateDate"]
    attached = aws.iam.list_attached_role_policies(RoleName=state["id"])["AttachedPolicies"]
    return {
        "name": role["RoleName"],
        "arn": role["Arn"],
        "path": role["Path"],
        "unique_id": role["RoleId"],
        "managed_policy_arns": [policy["PolicyArn"] for policy in attached],
        "create_date": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "description": role.get("Description", ""),
        "max_session_duration": role.get("MaxSessionDuration", 3600),
        "permissions_boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        "assume_role_policy": json.dumps(role["AssumeRolePolicyDocument"]),
        "tags_all": from_pairs(role.get("Tags")),
    }


def _update_role(aws: Aws, prior: State, planned: State) -> None:
    name = prior["id"]
    if changed(prior, planned, "assume_role_policy"):
        aws.iam.update_assume_role_policy(RoleName=name, PolicyDocument=planned["assume_role_policy"])
    if changed(prior, planned, "description", "max_session_duration"):
        aws.iam.update_role(
            RoleName=name,
            Description=planned.get("description") or "",
            MaxSessionDuration=int(planned.get("max_session_duration") or 3600),
        )
    if changed(prior, planned, "permissions_boundary"):
        if planned.get("permissions_boundary"):
            aws.iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=planned["permissions_boundary"])
        else:
            aws.iam.delete_role_permissions_boundary(RoleName=name)
    gone, new = retag(prior, planned)
    if gone:
        aws.iam.untag_role(RoleName=name, TagKeys=gone)
    if new:
        aws.iam.tag_role(RoleName=name, Tags=pairs(new))


def _delete_role(aws: Aws, prior: State) -> None:
    name = prior["id"]
    if prior.get("force_detach_policies"):
        for policy in aws.iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            aws.iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        for inline in aws.iam.list_role_policies(RoleName=name)["PolicyNames"]:
            aws.iam.delete_role_policy(RoleName=name, PolicyName=inline)
    aws.iam.delete_role(RoleName=name)


def _put_role_policy(aws: Aws, planned: State) -> State:
    aws.iam.put_role_policy(RoleName=planned["role"], PolicyName=planned["name"], PolicyDocument=planned["policy"])
    return {"id": f"{planned['role']}:{planned['name']}"}


def _read_role_policy(aws: Aws, state: State) -> State | None:
    role, _, name = state["id"].partition(":")
    found = aws.iam.get_role_policy(RoleName=role, PolicyName=name)
    return {"role": role, "name": name, "policy": json.dumps(found["PolicyDocument"])}


def _update_role_policy(aws: Aws, prior: State, planned: State) -> None:
    _put_role_policy(aws, planned)


def _delete_role_policy(aws: Aws, prior: State) -> None:
    aws.iam.delete_role_policy(RoleName=prior["role"], PolicyName=prior["name"])


def _create_policy(aws: Aws, planned: State) -> State:
    made = aws.iam.create_policy(
        PolicyName=planned["name"],
        PolicyDocument=planned["policy"],
        **given(
            Path=planned.get("path"),
            Description=planned.get("description"),
            Tags=pairs(wanted_tags(planned)),
        ),
    )["Policy"]
    return {"id": made["Arn"], "arn": made["Arn"], "attachment_count": 0}


def _read_policy(aws: Aws, state: State) -> State | None:
    found = aws.iam.get_policy(PolicyArn=state["id"])["Policy"]
    version = aws.iam.get_policy_version(PolicyArn=state["id"], VersionId=found["DefaultVersionId"])
    return {
        "arn": found["Arn"],
        "name": found["PolicyName"],
        "path": found["Path"],
        "policy_id": found["PolicyId"],
        "description": found.get("Description", ""),
        "policy": json.dumps(version["PolicyVersion"]["Document"]),
        "tags_all": from_pairs(found.get("Tags")),
    }


def _update_policy(aws: Aws, prior: State, planned: State) -> None:
    arn = prior["id"]
    if changed(prior, planned, "policy"):
        _make_room(aws, arn)
        aws.iam.create_policy_version(PolicyArn=arn, PolicyDocument=planned["policy"], SetAsDefault=True)
    gone, new = retag(prior, planned)
    if gone:
        aws.iam.untag_policy(PolicyArn=arn, TagKeys=gone)
    if new:
        aws.iam.tag_policy(PolicyArn=arn, Tags=pairs(new))


def _make_room(aws: Aws, arn: str) -> None:
    versions = aws.iam.list_policy_versions(PolicyArn=arn)["Versions"]
    old = sorted((one for one in versions if not one["IsDefaultVersion"]), key=lambda one: int(one["VersionId"][1:]))
    if len(versions) >= _VERSIONS_KEPT:
        aws.iam.delete_policy_version(PolicyArn=arn, VersionId=old[0]["VersionId"])


def _delete_policy(aws: Aws, prior: State) -> None:
    for version in aws.iam.list_policy_versions(PolicyArn=prior["id"])["Versions"]:
        if not version["IsDefaultVersion"]:
            aws.iam.delete_policy_version(PolicyArn=prior["id"], VersionId=version["VersionId"])
    aws.iam.delete_policy(PolicyArn=prior["id"])


def _attach(aws: Aws, planned: State) -> State:
    aws.iam.attach_role_policy(RoleName=planned["role"], PolicyArn=planned["policy_arn"])
    return {"id": f"{planned['role']}-{secrets.token_hex(13)}"}


def _read_attachment(aws: Aws, state: State) -> State | None:
    for policy in aws.iam.list_attached_role_policies(RoleName=state["role"])["AttachedPolicies"]:
        if policy["PolicyArn"] == state["policy_arn"]:
            return {"role": state["role"], "policy_arn": policy["PolicyArn"]}
    return None


def _detach(aws: Aws, prior: State) -> None:
    aws.iam.detach_role_policy(RoleName=prior["role"], PolicyArn=prior["policy_arn"])


def _locate_attachment(identifier: str) -> State:
    role, _, arn = identifier.partition("/")
    return {"id": f"{role}-{arn}", "role": role, "policy_arn": arn}


def _create_provider(aws: Aws, planned: State) -> State:
    arn = aws.iam.create_open_id_connect_provider(
        Url=planned["url"],
        ClientIDList=planned["client_id_list"],
        **given(ThumbprintList=planned.get("thumbprint_list"), Tags=pairs(wanted_tags(planned))),
    )["OpenIDConnectProviderArn"]
    return {"id": arn, "arn": arn}


def _read_provider(aws: Aws, state: State) -> State | None:
    found = aws.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=state["id"])
    host = found["Url"].removeprefix("https://")
    held = str(state.get("url") or "")
    return {
        "arn": state["id"],
        "url": held if held.removeprefix("https://") == host else f"https://{host}",
        "client_id_list": found["ClientIDList"],
        "thumbprint_list": found.get("ThumbprintList", []),
        "tags_all": from_pairs(found.get("Tags")),
    }


def _update_provider(aws: Aws, prior: State, planned: State) -> None:
    arn = prior["id"]
    before, after = set(prior.get("client_id_list") or ()), set(planned.get("client_id_list") or ())
    for client in after - before:
        aws.iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=client)
    for client in before - after:
        aws.iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=client)
    if changed(prior, planned, "thumbprint_list") and planned.get("thumbprint_list"):
        aws.iam.update_open_id_connect_provider_thumbprint(
            OpenIDConnectProviderArn=arn, ThumbprintList=planned["thumbprint_list"]
        )
    gone, new = retag(prior, planned)
    if gone:
        aws.iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=arn, TagKeys=gone)
    if new:
        aws.iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=pairs(new))


def _delete_provider(aws: Aws, prior: State) -> None:
    aws.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=prior["id"])


RESOURCES = {
    "aws_iam_role": Resource(
        title="IAM Role",
        service="iam",
        create=_create_role,
        read=_read_role,
        update=_update_role,
        delete=_delete_role,
        defaults={"path": "/", "max_session_duration": 3600},
        documents=("assume_role_policy",),
    ),
    "aws_iam_role_policy": Resource(
        title="IAM Role Policy",
        service="iam",
        create=_put_role_policy,
        read=_read_role_policy,
        update=_update_role_policy,
        delete=_delete_role_policy,
        documents=("policy",),
    ),
    "aws_iam_policy": Resource(
        title="IAM Policy",
        service="iam",
        create=_create_policy,
        read=_read_policy,
        update=_update_policy,
        delete=_delete_policy,
        defaults={"path": "/"},
        documents=("policy",),
    ),
    "aws_iam_role_policy_attachment": Resource(
        title="IAM Role Policy Attachment",
        service="iam",
        create=_attach,
        read=_read_attachment,
        update=unchanging,
        delete=_detach,
        locate=_locate_attachment,
        named_by="role",
    ),
    "aws_iam_openid_connect_provider": Resource(
        title="IAM OIDC Provider",
        service="iam",
        create=_create_provider,
        read=_read_provider,
        update=_update_provider,
        delete=_delete_provider,
        named_by="url",
    ),
}
