"""Contract with the pinned AWS emulator behind our gateway: what the rehearsal relies on."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sesari.errors import SesariError
from sesari.model.access import Purpose
from sesari.rehearsal.cloud_access import AUDIENCE, ISSUER, role_credentials, root_credentials, subject
from sesari.rehearsal.cloud_child import Child

DEV, STAGING = "111111111111", "222222222222"
REGION = "us-east-1"
HOST = ISSUER.removeprefix("https://")


class Emulator:
    def __init__(self, folder: Path, port: int = 0) -> None:
        arguments = ["--folder", str(folder), "--port", str(port)]
        self.child = Child("aws", "sesari.rehearsal.aws.server", arguments, folder / "log")
        self.port = int(str(self.child.ready()["port"]))

    def client(self, service: str, account: str = DEV, credentials: dict[str, str] | None = None) -> Any:
        held = credentials or root_credentials(account)
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name=REGION,
            aws_access_key_id=held["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=held["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=held.get("AWS_SESSION_TOKEN"),
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def faults(self, *faults: dict[str, Any]) -> None:
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("PUT", "/_sesari/faults", json.dumps(faults))
        assert connection.getresponse().status == 200

    def stop(self) -> None:
        self.child.ask_to_stop()
        self.child.wait()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("emulator")


@pytest.fixture(scope="module")
def aws(folder: Path) -> Iterator[Emulator]:
    emulator = Emulator(folder)
    yield emulator
    emulator.stop()


def role(aws: Emulator, account: str, name: str, subject_: str, *statements: dict[str, Any]) -> str:
    """A role that GitHub may become, with a policy; its ARN."""
    iam = aws.client("iam", account)
    provider = f"arn:aws:iam::{account}:oidc-provider/{HOST}"
    known = [one["Arn"] for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    if provider not in known:
        iam.create_open_id_connect_provider(Url=ISSUER, ClientIDList=[AUDIENCE])
    condition = {"StringEquals": {f"{HOST}:aud": AUDIENCE, f"{HOST}:sub": subject_}}
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
    return f"arn:aws:iam::{account}:role/{name}"


def allow(*actions: str, resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def denied(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refusal:
        call(**arguments)
    return str(refusal.value.response["Error"]["Code"])


def test_a_role_is_had_for_its_exact_subject_in_its_own_account(aws: Emulator) -> None:
    exact = subject("o/r", "staging", Purpose.DEPLOY)
    arn = role(aws, STAGING, "exact", exact, allow("s3:*"))
    credentials = role_credentials(aws.port, arn, exact)
    identity = aws.client("sts", credentials=credentials).get_caller_identity()
    assert identity["Account"] == STAGING
    assert identity["Arn"].startswith(f"arn:aws:sts::{STAGING}:assumed-role/exact/")
    for wrong in (
        "repo:o/r:environment:staging-plan",
        "repo:o/r:environment:stagin",
        "repo:evil/r:environment:staging",
    ):
        with pytest.raises(SesariError) as refusal:
            role_credentials(aws.port, arn, wrong)
        assert refusal.value.codes == ("role-not-assumed",)


def test_policies_are_enforced_across_and_within_environments(aws: Emulator) -> None:
    own = "arn:aws:s3:::contract-own"
    arn = role(aws, DEV, "reader", "repo:o/r:environment:dev", allow("s3:*", resource=[own, f"{own}/*"]))
    credentials = role_credentials(aws.port, arn, "repo:o/r:environment:dev")
    aws.client("s3").create_bucket(Bucket="contract-own")
    aws.client("s3").create_bucket(Bucket="contract-other")
    aws.client("s3", STAGING).create_bucket(Bucket="contract-staging")
    s3 = aws.client("s3", credentials=credentials)
    s3.put_object(Bucket="contract-own", Key="k", Body=b"x")
    assert denied(s3.put_object, Bucket="contract-other", Key="k", Body=b"x") == "AccessDenied"
    assert denied(s3.list_objects_v2, Bucket="contract-staging") == "AccessDenied"
    assert denied(aws.client("secretsmanager", credentials=credentials).list_secrets) == "AccessDeniedException"


def test_buckets_are_global_and_queues_are_not(aws: Emulator) -> None:
    aws.client("s3").create_bucket(Bucket="contract-global")
    assert denied(aws.client("s3", STAGING).create_bucket, Bucket="contract-global") == "BucketAlreadyExists"
    for account in (DEV, STAGING):
        aws.client("sqs", account).create_queue(QueueName="contract-both")


def test_conditional_writes(aws: Emulator) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="contract-writes")
    version = s3.put_object(Bucket="contract-writes", Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    assert denied(s3.put_object, Bucket="contract-writes", Key="k", Body=b"2", IfNoneMatch="*") == "PreconditionFailed"
    second = s3.put_object(Bucket="contract-writes", Key="k", Body=b"2", IfMatch=version)["ETag"]
    assert denied(s3.put_object, Bucket="contract-writes", Key="k", Body=b"3", IfMatch=version) == "PreconditionFailed"
    assert second != version


def test_policies_that_demand_tls_do_not_shut_out_the_loopback(aws: Emulator) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="contract-tls")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::contract-tls", "arn:aws:s3:::contract-tls/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket="contract-tls", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    arn = role(aws, DEV, "tls", "repo:o/r:environment:tls", allow("s3:*"))
    credentials = role_credentials(aws.port, arn, "repo:o/r:environment:tls")
    aws.client("s3", credentials=credentials).put_object(Bucket="contract-tls", Key="k", Body=b"x")


def test_a_data_key_opens_only_under_its_context(aws: Emulator) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext={"environment": "dev"})
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"environment": "dev"})
    assert opened["Plaintext"] == made["Plaintext"]
    code = denied(kms.decrypt, CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"environment": "production"})
    assert code == "InvalidCiphertextException"


def test_a_key_named_by_its_alias_is_checked_as_the_key(aws: Emulator) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/contract", TargetKeyId=key["KeyId"])
    context = {"StringEquals": {"kms:EncryptionContext:environment": "dev"}}
    statement = allow("kms:GenerateDataKey", resource=key["Arn"], Condition=context)
    arn = role(aws, DEV, "sealer", "repo:o/r:environment:sealer", statement)
    sealer = aws.client("kms", credentials=role_credentials(aws.port, arn, "repo:o/r:environment:sealer"))
    wanted: dict[str, Any] = {"KeyId": "alias/contract", "KeySpec": "AES_256"}
    sealer.generate_data_key(**wanted, EncryptionContext={"environment": "dev"})
    code = denied(sealer.generate_data_key, **wanted, EncryptionContext={"environment": "production"})
    assert code == "AccessDeniedException"


def test_secret_stages_move_with_each_version(aws: Emulator) -> None:
    secrets = aws.client("secretsmanager")
    secrets.create_secret(Name="contract/stages", SecretString="one")
    secrets.put_secret_value(SecretId="contract/stages", SecretString="two")
    assert secrets.get_secret_value(SecretId="contract/stages")["SecretString"] == "two"
    earlier = secrets.get_secret_value(SecretId="contract/stages", VersionStage="AWSPREVIOUS")
    assert earlier["SecretString"] == "one"


def test_a_message_that_is_received_too_often_becomes_a_dead_letter(aws: Emulator) -> None:
    sqs = aws.client("sqs")
    dead = sqs.create_queue(QueueName="contract-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "1"})
    live = sqs.create_queue(QueueName="contract-live", Attributes={"RedrivePolicy": redrive})["QueueUrl"]
    sqs.send_message(QueueUrl=live, MessageBody="job")
    for _ in range(2):
        sqs.receive_message(QueueUrl=live, VisibilityTimeout=0)
    assert [one["Body"] for one in sqs.receive_message(QueueUrl=dead).get("Messages", [])] == ["job"]


def test_an_image_tag_is_written_once(aws: Emulator) -> None:
    ecr = aws.client("ecr")
    ecr.create_repository(repositoryName="contract", imageTagMutability="IMMUTABLE")
    ecr.put_image(repositoryName="contract", imageManifest='{"schemaVersion":2}', imageTag="v1")
    again = {"repositoryName": "contract", "imageManifest": '{"schemaVersion":2,"x":1}', "imageTag": "v1"}
    assert denied(ecr.put_image, **again) == "ImageTagAlreadyExistsException"


def test_tags_made_and_tags_kept_are_conditions(aws: Emulator) -> None:
    make = allow(
        "ec2:CreateVpc",
        resource=f"arn:aws:ec2:{REGION}:{DEV}:*/*",
        Condition={"StringEquals": {"aws:RequestTag/environment": "dev"}},
    )
    change = allow(
        "ec2:DeleteVpc",
        resource=f"arn:aws:ec2:{REGION}:{DEV}:*/*",
        Condition={"StringEquals": {"aws:ResourceTag/environment": "dev"}},
    )
    arn = role(aws, DEV, "tags", "repo:o/r:environment:tags", make, change)
    ec2 = aws.client("ec2", credentials=role_credentials(aws.port, arn, "repo:o/r:environment:tags"))
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "environment", "Value": "dev"}]}]
    ours = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
    assert denied(ec2.create_vpc, CidrBlock="10.0.0.0/16") == "UnauthorizedOperation"
    foreign = aws.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    assert denied(ec2.delete_vpc, VpcId=foreign) == "UnauthorizedOperation"
    ec2.delete_vpc(VpcId=ours)


def test_a_role_is_made_only_inside_the_boundary(aws: Emulator) -> None:
    boundary = aws.client("iam").create_policy(
        PolicyName="contract-boundary",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow("sqs:*")]}),
    )["Policy"]["Arn"]
    inside = allow("iam:CreateRole", Condition={"StringEquals": {"iam:PermissionsBoundary": boundary}})
    arn = role(aws, DEV, "maker", "repo:o/r:environment:maker", inside)
    iam = aws.client("iam", credentials=role_credentials(aws.port, arn, "repo:o/r:environment:maker"))
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    assert denied(iam.create_role, RoleName="free", AssumeRolePolicyDocument=trust) == "AccessDenied"
    iam.create_role(RoleName="bound", AssumeRolePolicyDocument=trust, PermissionsBoundary=boundary)


@pytest.mark.parametrize("service", ["rds", "lambda", "dynamodb", "application-autoscaling"])
def test_what_is_not_emulated_says_so_at_once(aws: Emulator, service: str) -> None:
    calls: dict[str, tuple[str, dict[str, str]]] = {
        "rds": ("describe_db_instances", {}),
        "lambda": ("list_functions", {}),
        "dynamodb": ("list_tables", {}),
        "application-autoscaling": ("describe_scalable_targets", {"ServiceNamespace": "ecs"}),
    }
    name, arguments = calls[service]
    started = time.monotonic()
    with pytest.raises(ClientError, match="does not emulate") as refusal:
        getattr(aws.client(service), name)(**arguments)
    assert refusal.value.response["Error"]["Code"] == "NotEmulated"
    assert time.monotonic() - started < 5


def test_a_fault_strikes_the_nth_call_and_no_other(aws: Emulator) -> None:
    sqs = aws.client("sqs")
    aws.faults({"service": "sqs", "operation": "ListQueues", "kind": "Throttling", "nth": 2})
    sqs.list_queues()
    assert denied(sqs.list_queues) == "ThrottlingException"
    sqs.list_queues()
    aws.faults({"service": "sqs", "operation": "ListQueues", "kind": "drop"})
    with pytest.raises(BotoCoreError):
        sqs.list_queues()
    aws.faults()


def test_every_call_is_logged_with_its_account_and_without_its_body(aws: Emulator, folder: Path) -> None:
    aws.client("secretsmanager", STAGING).create_secret(Name="contract/log", SecretString="do-not-log-me")
    text = (folder / "calls.jsonl").read_text()
    last = json.loads(text.splitlines()[-1])
    assert (last["account"], last["service"], last["operation"]) == (STAGING, "secretsmanager", "CreateSecret")
    assert last["status"] == 200
    assert "do-not-log-me" not in text


def test_a_restart_keeps_everything_and_the_port(tmp_path: Path) -> None:
    first = Emulator(tmp_path)
    first.client("sqs").create_queue(QueueName="kept", tags={"a": "b"})
    first.client("s3").create_bucket(Bucket="contract-kept")
    first.client("s3").put_object(Bucket="contract-kept", Key="k", Body=b"kept")
    first.stop()
    second = Emulator(tmp_path, first.port)
    assert second.port == first.port
    url = second.client("sqs").get_queue_url(QueueName="kept")["QueueUrl"]
    assert second.client("sqs").list_queue_tags(QueueUrl=url)["Tags"] == {"a": "b"}
    assert second.client("s3").get_object(Bucket="contract-kept", Key="k")["Body"].read() == b"kept"
    second.stop()


def test_a_taken_port_gives_another(tmp_path: Path, aws: Emulator) -> None:
    other = Emulator(tmp_path, aws.port)
    assert other.port != aws.port
    other.stop()
