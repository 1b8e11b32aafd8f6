"""A product on the AWS emulator, with roots of `terraform_data`, which is built into Terraform: no provider needed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sesari.drivers.aws_session import AwsSession
from sesari.model.access import Project, Purpose, Reach
from sesari.model.manifest import DeliveryStore, Environment, Manifest, Network, Product
from sesari.model.progress import Progress, Reporter, silent
from sesari.pipeline.stop import Stop
from sesari.pipeline.tools import Tools
from sesari.pipeline.wiring import Wiring, wire

PRODUCT = "shop"
REGION = "us-east-1"
ACCOUNTS = {"staging": "222222222222", "production": "333333333333"}
DELIVERY = "999999999999"


@contextmanager
def emulator(folder: Path) -> Iterator[str]:
    """The AWS emulator on loopback with IAM enforced; its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "AUTH": "true",
        "SERVICES": "s3,kms,sts,iam",
        "IOT_MTLS_ENABLED": "false",
        "LOG_LEVEL": "WARNING",
    }
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], env=environment, cwd=folder, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _await(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, "the emulator ended"
        try:
            urllib.request.urlopen(url, timeout=1)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the emulator did not start in 20 s")


def credentials(account: str, url: str, prefix: str = "") -> dict[str, str]:
    return {
        f"{prefix}AWS_ACCESS_KEY_ID": account,
        f"{prefix}AWS_SECRET_ACCESS_KEY": "not-a-real-secret-of-anything",
        f"{prefix}AWS_REGION": REGION,
        f"{prefix}AWS_ENDPOINT_URL": url,
    }


@dataclass(frozen=True)
class FixedAccess:
    """Every environment's own account. `instead` gives an environment another one's credentials."""

    url: str
    instead: Mapping[str, str] = field(default_factory=dict)

    def reach(self, environment: str, purpose: Purpose) -> Reach:
        account = self.instead.get(environment, ACCOUNTS[environment])
        variables = credentials(account, self.url) | credentials(DELIVERY, self.url, "SESARI_DELIVERY_")
        return Reach(variables, rehearsal=True)


def environment(name: str, **changes: object) -> Environment:
    values: dict[str, object] = {
        "name": name,
        "account": ACCOUNTS[name],
        "region": REGION,
        "protect": name == "production",
        "network": Network("10.1.0.0/16", "none"),
        "vercel_team": None,
        "supabase_organization": None,
        "allow_destroy": (),
        "alarm_emails": (),
        "services": {},
        "queues": {},
        "database": None,
        "secrets": {},
    }
    return Environment(**{**values, **changes})  # type: ignore[arg-type]


def manifest(*environments: Environment) -> Manifest:
    found = {each.name: each for each in environments or map(environment, ACCOUNTS)}
    return Manifest(Product(PRODUCT, REGION, "acme/shop"), DeliveryStore(DELIVERY, REGION), found)


def prepare(url: str) -> None:
    """What bootstrap leaves: versioned state buckets with their keys, and the delivery bucket."""
    for name, account in ACCOUNTS.items():
        make_state_bucket(AwsSession(credentials(account, url), REGION), name)
    prepare_delivery(url)


def prepare_delivery(url: str) -> None:
    _bucket(AwsSession(credentials(DELIVERY, url), REGION), f"{PRODUCT}-delivery-{DELIVERY}")


def make_state_bucket(session: AwsSession, name: str) -> None:
    _bucket(session, f"{PRODUCT}-{name}-state-{ACCOUNTS[name]}")
    kms = session.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=f"alias/{PRODUCT}-{name}-state", TargetKeyId=key)


def _bucket(session: AwsSession, name: str) -> None:
    s3 = session.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def write_root(project: Project, name: str, body: str) -> None:
    folder = project.infra / name
    folder.mkdir(parents=True, exist_ok=True)
    account = ACCOUNTS[name]
    (folder / "backend.tf").write_text(f"""terraform {{
  backend "s3" {{
    bucket              = "{PRODUCT}-{name}-state-{account}"
    key                 = "{name}/terraform.tfstate"
    region              = "{REGION}"
    encrypt             = true
    kms_key_id          = "arn:aws:kms:{REGION}:{account}:alias/{PRODUCT}-{name}-state"
    use_lockfile        = true
    allowed_account_ids = ["{account}"]
  }}
}}
""")
    (folder / "main.tf").write_text(body)


def data(name: str, value: str, command: str | None = None, after: str | None = None) -> str:
    """One `terraform_data` resource; its provisioner makes its creation take time, or fail."""
    lines = [f'resource "terraform_data" "{name}" {{', f'  input = "{value}"']
    if after:
        lines.append(f"  depends_on = [terraform_data.{after}]")
    if command:
        lines += ['  provisioner "local-exec" {', f'    command = "{command}"', "  }"]
    return "\n".join([*lines, "}"]) + "\n"


class Shop:
    """A product's folder on a running emulator."""

    def __init__(self, folder: Path, url: str, machine: Mapping[str, str] | None = None) -> None:
        self.url = url
        self.project = Project(folder)
        self.manifest = manifest()
        self.seen: list[Progress] = []
        self.machine = dict(machine or {}) | {"PATH": os.environ["PATH"], "HOME": str(folder)}

    def wiring(self, access: FixedAccess | None = None) -> Wiring:
        return wire(self.project, self.manifest, self.machine, access or FixedAccess(self.url))

    def plan_tools(self) -> Tools:
        """What `sesari plan -e staging` works with."""
        return self.wiring().plan_tools("staging")

    def tools(
        self,
        name: str = "staging",
        access: FixedAccess | None = None,
        stop: Stop | None = None,
        report: Reporter = silent,
    ) -> Tools:
        return self.wiring(access).tools(name, Purpose.DEPLOY, report, stop)
