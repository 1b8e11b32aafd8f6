"""The example's api and worker run as tasks: a job goes in at the balancer, through the queue, and comes out done."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import jwt
import psycopg
import pytest
from tests.functional.image_product import EXAMPLE, installed_wheels, offline_tools, product, service
from tests.functional.running_tasks import ACCOUNT, CLUSTER, REGION, Load, Shop, environment, running, until

from sesari.drivers.aws_session import AwsSession
from sesari.drivers.ecs import EcsCluster
from sesari.errors import SesariError
from sesari.pipeline.build import build
from sesari.pipeline.push import LocalContent, push
from sesari.pipeline.rollout import EcsPlace, RolloutTools, roll_out
from sesari.pipeline.wiring_build import environment_registry, image_store, open_public
from sesari.rehearsal.postgres import PostgresServer, remove
from sesari.rehearsal.postgres_binaries import find_postgres

KEY = "a-session-secret-of-more-than-32-characters"


@pytest.fixture
def database(tmp_path):
    try:
        find_postgres()
    except SesariError as error:
        pytest.skip(f"the example's api and worker were not run: {error.problems[0].what}")
    with PostgresServer.start(tmp_path / "postgres") as server:
        with psycopg.connect(server.url.reveal()) as connection:
            for file in sorted((EXAMPLE / "migrations").glob("*.sql")):
                connection.execute(file.read_text().encode())
        yield server.url
    remove(tmp_path / "postgres")


def images(shop: Shop, folder: Path) -> dict[str, str]:
    """The example's images, built offline and pushed; references by digest."""
    for name in ("api", "worker"):
        installed_wheels(folder / "wheels", EXAMPLE / f"services/{name}/requirements.txt")
    project = product(folder / "example", wheels=folder / "wheels")
    built = build(offline_tools(project), [service("api"), service("worker", "worker")])
    with environment_registry(shop.reach, environment()) as registry:
        content = LocalContent(image_store(project), open_public)
        return {
            name: push(content, registry, f"shop-dev-{name}", digest).reference
            for name, digest in built.digests.items()
        }


def make(shop: Shop, database: str) -> None:
    secrets = shop.client("secretsmanager")
    arns = {
        name: secrets.create_secret(Name=f"shop/dev/{name}", SecretString=value)["ARN"]
        for name, value in (("DATABASE_URL", database), ("SESSION_SECRET", KEY))
    }
    queue = shop.client("sqs").create_queue(QueueName="shop-dev-jobs")["QueueUrl"]
    reads = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": list(arns.values())}
    uses = {"Effect": "Allow", "Action": "sqs:*", "Resource": f"arn:aws:sqs:{REGION}:{ACCOUNT}:shop-dev-jobs"}
    given = [{"name": name, "valueFrom": arn} for name, arn in arns.items()]
    api = {"secrets": given, "environment": [{"name": "QUEUE_URL_JOBS", "value": queue}]}
    worker = {"secrets": given[:1], "environment": [{"name": "QUEUE_URL", "value": queue}], "portMappings": None}
    shop.make_service("api", execution=[reads], task=[uses], container=api)
    shop.make_service("worker", execution=[reads], task=[uses], container=worker, balanced=False)


def test_a_job_goes_through_api_queue_worker_and_database(tmp_path, database):
    with running(tmp_path, healthy_within=15.0) as shop:
        make(shop, database.reveal())
        cluster = EcsCluster(AwsSession(shop.reach.variables, REGION), CLUSTER)
        tools = RolloutTools(cluster, lambda progress: None, time.monotonic, pause=0.2)
        for name, image in images(shop, tmp_path).items():
            outcome = roll_out(tools, EcsPlace(name, f"shop-dev-{name}"), image)
            assert (outcome.status, outcome.problem) == ("done", None)
        url = shop.balancer()
        assert url is not None
        assert httpx.get(f"{url}/readyz").json() == {"status": "ok", "database": True}
        claims = {"sub": str(uuid.uuid4()), "exp": datetime.now(UTC) + timedelta(hours=1)}
        headers = {"Authorization": f"Bearer {jwt.encode(claims, KEY, algorithm='HS256')}"}
        sent = httpx.post(f"{url}/jobs", json={"input": "One sentence. And another."}, headers=headers, timeout=20)
        assert sent.status_code == 202

        def done() -> bool:
            (job,) = httpx.get(f"{url}/jobs", headers=headers).json()["jobs"]
            return job["status"] == "done"

        until(done)
        # gunicorn's own drain: replaced under load, nobody notices.
        with Load(url, "/healthz") as load:
            until(lambda: len(load.answers) > 10)
            shop.client("ecs").update_service(cluster=CLUSTER, service="shop-dev-api", forceNewDeployment=True)
            until(lambda: [one for one in cluster.tasks("shop-dev-api", stopped=True) if is_over(one)], 40)
        assert load.bad == []


def is_over(task) -> bool:
    return task["lastStatus"] == "STOPPED" and task["stopCode"] == "ServiceSchedulerInitiated"
