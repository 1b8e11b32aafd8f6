"""The offline cloud's AWS in a process of its own: own port, own folder, IAM enforced, loopback only."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from botocore import UNSIGNED
from botocore.config import Config

REGION = "us-east-1"


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Its endpoint, while it runs. It goes when its standard input ends."""
    argv = [sys.executable, "-m", "sesari.rehearsal.aws.server", "--folder", str(folder / "aws")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        try:
            yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
        finally:
            process.stdin.close()
            process.wait(30)


def account_root(account: str) -> dict[str, str]:
    """Whoever bootstraps: an account's own credentials."""
    return {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "rehearsal"}


def role(endpoint: str, arn: str, subject: str) -> dict[str, str]:
    """What a GitHub job with this OIDC subject gets for a role. The emulator checks the subject, not the signature."""
    now = int(time.time())
    claims = {"iss": "https://token.actions.githubusercontent.com", "aud": "sts.amazonaws.com", "sub": subject}
    token = ".".join(_encoded(part) for part in ({"alg": "RS256"}, {**claims, "iat": now, "exp": now + 3600}, {}))
    sts = boto3.client("sts", endpoint_url=endpoint, region_name=REGION, config=Config(signature_version=UNSIGNED))
    given = sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName="integration", WebIdentityToken=token)
    credentials = given["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
    }


def _encoded(part: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
