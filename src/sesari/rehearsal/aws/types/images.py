"""ECR: image repositories."""

from __future__ import annotations

from sesari.rehearsal.aws.resource import Aws, Resource
from sesari.rehearsal.aws.state import State, changed, from_pairs, given, pairs, retag, wanted_tags


def _create_repository(aws: Aws, planned: State) -> State:
    encryption = [
        given(encryptionType=one.get("encryption_type"), kmsKey=one.get("kms_key"))
        for one in planned.get("encryption_configuration") or []
    ]
    made = aws.ecr.create_repository(
        repositoryName=planned["name"],
        **given(
            imageTagMutability=planned.get("image_tag_mutability"),
            imageScanningConfiguration=_scanning(planned),
            encryptionConfiguration=encryption[0] if encryption else None,
            tags=pairs(wanted_tags(planned)),
        ),
    )["repository"]
    return {"id": made["repositoryName"], "arn": made["repositoryArn"]}


def _scanning(planned: State) -> dict[str, bool]:
    return {"scanOnPush": any(one.get("scan_on_push") for one in planned.get("image_scanning_configuration") or [])}


def _read_repository(aws: Aws, state: State) -> State | None:
    found = aws.ecr.describe_repositories(repositoryNames=[state["id"]])["repositories"][0]
    encryption = found.get("encryptionConfiguration", {"encryptionType": "AES256"})
    registry = found["registryId"]
    return {
        "name": found["repositoryName"],
        "arn": found["repositoryArn"],
        "registry_id": registry,
        "repository_url": f"{registry}.dkr.ecr.{aws.region}.amazonaws.com/{found['repositoryName']}",
        "image_tag_mutability": found.get("imageTagMutability", "MUTABLE"),
        "image_scanning_configuration": [
            {"scan_on_push": found.get("imageScanningConfiguration", {}).get("scanOnPush", False)}
        ],
        "encryption_configuration": [
            {"encryption_type": encryption.get("encryptionType"), "kms_key": encryption.get("kmsKey", "")}
        ],
        "tags_all": from_pairs(aws.ecr.list_tags_for_resource(resourceArn=found["repositoryArn"]).get("tags")),
    }


def _update_repository(aws: Aws, prior: State, planned: State) -> None:
    name, arn = prior["id"], prior["arn"]
    if changed(prior, planned, "image_tag_mutability"):
        mutability = planned.get("image_tag_mutability") or "MUTABLE"
        aws.ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability=mutability)
    if changed(prior, planned, "image_scanning_configuration"):
        aws.ecr.put_image_scanning_configuration(repositoryName=name, imageScanningConfiguration=_scanning(planned))
    gone, new = retag(prior, planned)
    if gone:
        aws.ecr.untag_resource(resourceArn=arn, tagKeys=gone)
    if new:
        aws.ecr.tag_resource(resourceArn=arn, tags=pairs(new))


def _delete_repository(aws: Aws, prior: State) -> None:
    aws.ecr.delete_repository(repositoryName=prior["id"], force=bool(prior.get("force_delete")))


def _put_lifecycle(aws: Aws, planned: State) -> State:
    name = planned["repository"]
    aws.ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=planned["policy"])
    return {"id": name}


def _read_lifecycle(aws: Aws, state: State) -> State | None:
    found = aws.ecr.get_lifecycle_policy(repositoryName=state["id"])
    return {
        "repository": state["id"],
        "registry_id": found.get("registryId", aws.account),
        "policy": found["lifecyclePolicyText"],
    }


def _update_lifecycle(aws: Aws, prior: State, planned: State) -> None:
    _put_lifecycle(aws, planned)


def _delete_lifecycle(aws: Aws, prior: State) -> None:
    aws.ecr.delete_lifecycle_policy(repositoryName=prior["id"])


RESOURCES = {
    "aws_ecr_repository": Resource(
        title="ECR Repository",
        service="ecr",
        create=_create_repository,
        read=_read_repository,
        update=_update_repository,
        delete=_delete_repository,
        defaults={"image_tag_mutability": "MUTABLE"},
    ),
    "aws_ecr_lifecycle_policy": Resource(
        title="ECR Lifecycle Policy",
        service="ecr",
        create=_put_lifecycle,
        read=_read_lifecycle,
        update=_update_lifecycle,
        delete=_delete_lifecycle,
        named_by="repository",
        documents=("policy",),
    ),
}
