"""The resource and the conditions that IAM sees of a request."""

import pytest

from sesari.rehearsal.aws.authorization import conditions_of, resource_of

AT, ACCOUNT = "us-east-1", "111111111111"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        ("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16"}, "arn:aws:ec2:us-east-1:111111111111:vpc/*"),
        ("ec2", "DescribeVpcs", {}, "*"),
        ("ec2", "CreateTags", {"ResourceId.1": "sg-1"}, "arn:aws:ec2:us-east-1:111111111111:security-group/sg-1"),
        (
            "ec2",
            "AuthorizeSecurityGroupIngress",
            {"GroupId": "sg-1"},
            "arn:aws:ec2:us-east-1:111111111111:security-group/sg-1",
        ),
        ("ec2", "CreateRoute", {"RouteTableId": "rtb-1"}, "arn:aws:ec2:us-east-1:111111111111:route-table/rtb-1"),
        (
            "ecs",
            "CreateService",
            {"cluster": "arn:aws:ecs:us-east-1:1:cluster/c", "serviceName": "s"},
            "arn:aws:ecs:us-east-1:111111111111:service/c/s",
        ),
        ("ecs", "DescribeClusters", {"clusters": ["c"]}, "arn:aws:ecs:us-east-1:111111111111:cluster/c"),
        ("ecs", "RegisterTaskDefinition", {"family": "f"}, "arn:aws:ecs:us-east-1:111111111111:task-definition/f:*"),
        ("ecr", "DescribeRepositories", {"repositoryNames": ["r"]}, "arn:aws:ecr:us-east-1:111111111111:repository/r"),
        ("kms", "CreateAlias", {"TargetKeyId": "k"}, "arn:aws:kms:us-east-1:111111111111:key/k"),
        ("iam", "CreatePolicy", {"PolicyName": "p"}, "arn:aws:iam::111111111111:policy/p"),
        ("sqs", "CreateQueue", {"QueueName": "q"}, None),
    ],
)
def test_resources(service: str, operation: str, parameters: dict, expected: str | None) -> None:
    assert resource_of(service, operation, parameters, AT, ACCOUNT) == expected


def test_tags_in_an_ec2_request_are_conditions() -> None:
    parameters = {
        "TagSpecification.1.ResourceType": "vpc",
        "TagSpecification.1.Tag.1.Key": "environment",
        "TagSpecification.1.Tag.1.Value": "dev",
    }
    assert conditions_of("ec2", "CreateVpc", parameters) == {"aws:requesttag/environment": "dev"}


def test_the_boundary_of_a_new_role_is_a_condition() -> None:
    parameters = {"RoleName": "r", "PermissionsBoundary": "arn:b"}
    assert conditions_of("iam", "CreateRole", parameters) == {"iam:permissionsboundary": "arn:b"}
    assert conditions_of("iam", "PutRolePolicy", {"RoleName": "r"}) == {}


def test_the_encryption_context_is_a_condition() -> None:
    parameters = {"KeyId": "k", "EncryptionContext": {"SecretARN": "arn:s"}}
    assert conditions_of("kms", "Decrypt", parameters) == {"kms:encryptioncontext:secretarn": "arn:s"}
