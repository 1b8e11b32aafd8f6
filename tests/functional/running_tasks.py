"""An emulator whose tasks run, with what Terraform would have made in it: roles, repository, target group, service."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config
from tests.functional.image_product import commit, offline_tools, service, small_product

from sesari.model.access import Project, Reach
from sesari.model.manifest import Environment, Network
from sesari.pipeline.build import build
from sesari.pipeline.push import LocalContent, push
from sesari.pipeline.wiring_build import environment_registry, image_store, open_public
from sesari.rehearsal.cloud_access import root_credentials
from sesari.rehearsal.cloud_child import Child
from sesari.rehearsal.tasks.scheduler import balancer_url

ACCOUNT, REGION, CLUSTER = "111111111111", "us-east-1", "shop-dev"
DOCKERFILE = 'FROM python:3.11\nWORKDIR /app\nCOPY . .\nCMD ["python", "-u", "main.py"]\n'
# Answers with its version; `/slow` takes a while, so that draining has something to wait for.
SERVER = """
import os, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
VERSION = {version!r}
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path == "/slow":
            time.sleep(0.3)
        status = {health} if self.path == "/healthz" else 200
        body = (VERSION + " " + os.environ.get("GREETING", "") + " " + os.environ.get("TOKEN", "")).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass
server = ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler)
def stop(*_):
    print("draining", VERSION)
    threading.Thread(target=server.shutdown).start()
signal.signal(signal.SIGTERM, stop)
print("serving", VERSION)
server.serve_forever()
"""
CRASHING = "import sys\nprint('cannot start: no such table')\nsys.exit(3)\n"


def server(version: str, health: int = 200) -> str:
    return SERVER.format(version=version, health=health)


@dataclass
class Shop:
    """The product `shop` in one environment `dev`. `folder` is the cloud's."""

    folder: Path
    url: str
    project: Project
    digests: dict[str, str] = field(default_factory=dict)

    @property
    def reach(self) -> Reach:
        held = root_credentials(ACCOUNT)
        return Reach({**held, "AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION}, rehearsal=True)

    def client(self, name: str) -> Any:
        held = self.reach.variables
        return boto3.client(
            name,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=held["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=held["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    def balancer(self, name: str = "api") -> str | None:
        return balancer_url(self.folder, ACCOUNT, f"shop-dev-{name}")

    def image(self, source: str, name: str = "api") -> str:
        """Build the source as the service's program and push it; its reference by digest."""
        if source not in self.digests:
            (self.project.root / "services/api/main.py").write_text(source)
            commit(self.project.root)
            built = build(offline_tools(self.project), [service("api")]).images[0]
            self.digests[source] = built.digest
        with environment_registry(self.reach, environment()) as registry:
            content = LocalContent(image_store(self.project), open_public)
            return push(content, registry, f"shop-dev-{name}", self.digests[source]).reference

    def make_service(self, name: str, **how: Any) -> None:
        """What the modules make for a service: log group, repository, roles, first definition, group, service."""
        full = f"shop-dev-{name}"
        self.client("ecr").create_repository(repositoryName=full)
        self.client("logs").create_log_group(logGroupName=f"/shop/dev/{name}")
        self._role(f"{full}-execution", [_start(full), *how.get("execution", [])])
        self._role(f"{full}-task", how.get("task", []))
        ecs = self.client("ecs")
        definition = ecs.register_task_definition(**definition_of(name, **how.get("container", {})))
        balanced = {}
        if how.get("balanced", True):
            balanced = {
                "loadBalancers": [{"targetGroupArn": self._group(full), "containerName": name, "containerPort": 8080}]
            }
        ecs.create_service(
            cluster=CLUSTER,
            serviceName=full,
            taskDefinition=definition["taskDefinition"]["taskDefinitionArn"],
            desiredCount=how.get("tasks", 1),
            launchType="FARGATE",
            deploymentConfiguration={
                "maximumPercent": 200,
                "minimumHealthyPercent": 100,
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            },
            **balanced,
        )

    def _group(self, full: str) -> str:
        made = self.client("elbv2").create_target_group(
            Name=f"{full}-8080",
            Protocol="HTTP",
            Port=8080,
            VpcId="vpc-1",
            TargetType="ip",
            HealthCheckPath="/healthz",
            HealthCheckIntervalSeconds=15,
            HealthCheckTimeoutSeconds=2,
            UnhealthyThresholdCount=3,
            Matcher={"HttpCode": "200"},
        )
        return made["TargetGroups"][0]["TargetGroupArn"]

    def _role(self, name: str, statements: list[dict[str, Any]]) -> None:
        iam = self.client("iam")
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy([trust]))
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(statements))


def policy(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _start(repository: str) -> dict[str, Any]:
    arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository}"
    return {"Effect": "Allow", "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], "Resource": arn}


def definition_of(name: str, **container: Any) -> dict[str, Any]:
    """A first revision as Terraform registers it: its image is a tag that does not exist."""
    full = f"shop-dev-{name}"
    held = {
        "name": name,
        "image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{full}:first-release",
        "essential": True,
        "portMappings": [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}],
        "environment": [{"name": "PORT", "value": "8080"}, {"name": "GREETING", "value": "hello"}],
        "stopTimeout": 5,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": f"/shop/dev/{name}",
                "awslogs-region": REGION,
                "awslogs-stream-prefix": name,
            },
        },
        **container,
    }
    return {
        "family": full,
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "taskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/{full}-task",
        "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/{full}-execution",
        "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"},
        "containerDefinitions": [{key: value for key, value in held.items() if value is not None}],
    }


def environment() -> Environment:
    return Environment(
        "dev", ACCOUNT, REGION, False, Network("10.0.0.0/16", "none"), None, None, (), (), {}, {}, None, {}
    )


@contextmanager
def running(folder: Path, healthy_within: float = 4.0) -> Iterator[Shop]:
    """The emulator, with a cluster and nothing in it."""
    cloud = folder / "cloud"
    arguments = ["--folder", str(cloud / "aws"), "--port", "0", "--healthy-within", str(healthy_within)]
    child = Child("aws", "sesari.rehearsal.aws.server", arguments, folder / "aws.log")
    try:
        url = f"http://127.0.0.1:{child.ready()['port']}"
        project = small_product(folder / "product", {"Dockerfile": DOCKERFILE, "main.py": "pass\n"})
        shop = Shop(cloud, url, project)
        shop.client("ecs").create_cluster(clusterName=CLUSTER)
        yield shop
    finally:
        child.ask_to_stop()
        child.wait()


def until(true: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What `true` gives once it gives something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


class Load:
    """Requests on one address until it is left: bounded in count, time and rate. `bad` are those that failed."""

    def __init__(self, url: str, path: str = "/", most: int = 2000, seconds: float = 40.0) -> None:
        self._url, self._most, self._deadline = f"{url}{path}", most, time.monotonic() + seconds
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.answers: list[str] = []
        self.bad: list[str] = []
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(3)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(10)

    def _run(self) -> None:
        with httpx.Client(timeout=10, trust_env=False) as client:
            while not self._stop.wait(0.02) and len(self.answers) < self._most and time.monotonic() < self._deadline:
                try:
                    answer = client.get(self._url)
                    told, bad = answer.text, answer.status_code != 200
                except httpx.HTTPError as problem:
                    told, bad = repr(problem), True
                with self._lock:
                    self.answers.append(told)
                    if bad:
                        self.bad.append(told)
