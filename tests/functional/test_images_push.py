"""Images reach a registry by digest: only what is missing is sent, bases are copied, broken answers are survived."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from tests.functional.image_product import commit, offline_tools, service, small_product
from tests.functional.registry import Shelf, serving

from sesari.drivers.registry import Registry
from sesari.errors import SesariError
from sesari.model.access import Reach
from sesari.model.image import RegistryAddress
from sesari.model.manifest import Environment, Network
from sesari.model.secret import Secret
from sesari.pipeline.build import build
from sesari.pipeline.push import LocalContent, RemoteContent, push
from sesari.pipeline.wiring_build import bases, environment_registry, image_store
from sesari.rehearsal.cloud_access import root_credentials
from sesari.rehearsal.cloud_child import Child

PLAIN = 'FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nCMD ["python", "main.py"]\n'
ACCOUNT, PRODUCTION, REGION = "222222222222", "333333333333", "us-east-1"


@contextmanager
def nowhere(host: str) -> Iterator[Registry]:
    raise AssertionError(f"{host} was asked")
    yield


def opened(url: str, host: str = "registry.example", **options) -> Registry:
    return Registry(RegistryAddress(host, url), sleep=lambda seconds: None, **options)


@pytest.fixture
def project(tmp_path):
    return small_product(tmp_path / "p", {"Dockerfile": PLAIN, "main.py": "print(1)\n"})


@pytest.fixture
def image(project):
    return build(offline_tools(project), [service("api")]).images[0]


def local(project, open_origin=nowhere) -> LocalContent:
    return LocalContent(image_store(project), open_origin)


def test_only_what_is_missing_is_sent(project, image):
    shelf = Shelf()
    with serving(shelf) as url, opened(url) as registry:
        first = push(local(project), registry, "shop-api", image.digest)
        assert first.reference == f"registry.example/shop-api@{image.digest}"
        assert (first.sent, first.present, first.mounted) == (2, 0, 0)
        assert first.bytes > image.size
        tag = image.digest.replace(":", "-")
        body, media_type = shelf.manifests["shop-api", tag]
        assert body == image_store(project).read(image.digest)
        assert media_type == "application/vnd.oci.image.manifest.v1+json"
        shelf.asked.clear()
        second = push(local(project), registry, "shop-api", image.digest)
        assert (second.sent, second.bytes) == (0, 0)
        assert shelf.asked == [("HEAD", f"/v2/shop-api/manifests/{tag}")]


def test_a_one_file_change_sends_one_small_layer(project, image):
    docker = PLAIN.replace("COPY . .", "COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .")
    (project.root / "services/api/Dockerfile").write_text(docker)
    (project.root / "services/api/requirements.txt").write_text("")
    commit(project.root)
    first = build(offline_tools(project), [service("api")]).images[0]
    (project.root / "services/api/main.py").write_text("print(2)\n")
    commit(project.root)
    second = build(offline_tools(project), [service("api")]).images[0]
    with serving(Shelf()) as url, opened(url) as registry:
        push(local(project), registry, "api", first.digest)
        pushed = push(local(project), registry, "api", second.digest)
        assert (pushed.sent, pushed.present) == (2, 1)  # the configuration and the application's layer


def test_a_push_that_was_interrupted_sends_the_rest(project, image):
    shelf = Shelf()
    with serving(shelf) as url, opened(url) as registry:
        shelf.blobs["api", image.own[0]] = image_store(project).read(image.own[0])
        pushed = push(local(project), registry, "api", image.digest)
        assert (pushed.sent, pushed.present) == (1, 1)


@pytest.mark.parametrize("method", ["HEAD", "POST", "PATCH", "PUT"])
def test_a_registry_that_stumbles_is_asked_again(project, image, method):
    shelf = Shelf(failures={method: 3})
    with serving(shelf) as url, opened(url) as registry:
        push(local(project), registry, "api", image.digest)
        assert ("api", image.digest) in shelf.manifests


def test_a_registry_that_stays_broken_or_is_gone(project, image):
    shelf = Shelf(failures={"PATCH": 100})
    with serving(shelf) as url, opened(url) as registry:
        with pytest.raises(SesariError) as raised:
            push(local(project), registry, "api", image.digest)
        assert raised.value.codes == ("registry-unreachable",)
        assert not shelf.manifests
    with opened(url) as registry, pytest.raises(SesariError) as raised:
        push(local(project), registry, "api", image.digest)
    assert raised.value.codes == ("registry-unreachable",)


@pytest.mark.parametrize("challenge", ["basic", "bearer"])
def test_the_registrys_challenge_is_answered(project, image, challenge):
    shelf = Shelf(challenge=challenge)
    with serving(shelf) as url, opened(url, credentials=lambda: Secret("AWS:secret")) as registry:
        push(local(project), registry, "api", image.digest)
    assert ("api", image.digest) in shelf.manifests


def test_wrong_credentials_are_told_without_showing_them(project, image):
    wrong = "AWS:hunter2"
    with (
        serving(Shelf(challenge="basic")) as url,
        opened(url, credentials=lambda: Secret(wrong)) as registry,
        pytest.raises(SesariError) as raised,
    ):
        push(local(project), registry, "api", image.digest)
    assert raised.value.codes == ("registry-denied",)
    told = str(raised.value.problems)
    assert wrong not in told and base64.b64encode(wrong.encode()).decode() not in told


def test_a_local_blob_that_was_changed_is_not_sent(project, image):
    path = image_store(project).path(image.own[0])
    path.write_bytes(path.read_bytes().replace(b"print(1)", b"print(2)"))
    with serving(Shelf()) as url, opened(url) as registry:
        with pytest.raises(SesariError) as raised:
            push(local(project), registry, "api", image.digest)
        assert raised.value.codes == ("blob-damaged",)


def test_a_release_is_promoted_from_registry_to_registry(project, image):
    staging, production = Shelf(), Shelf()
    with serving(staging) as one, serving(production) as two:
        with opened(one, "staging.example") as registry:
            push(local(project), registry, "shop-staging-api", image.digest)
        # A machine that never built it.
        with opened(one, "staging.example") as origin, opened(two, "production.example") as target:
            pushed = push(RemoteContent(origin, "shop-staging-api"), target, "shop-production-api", image.digest)
            assert (pushed.sent, pushed.digest) == (2, image.digest)
            with pytest.raises(SesariError) as raised:
                push(RemoteContent(origin, "shop-staging-api"), target, "x", f"sha256:{'0' * 64}")
            assert raised.value.codes == ("image-absent",)
        # In the same registry nothing travels.
        with opened(one, "staging.example") as registry:
            mounted = push(RemoteContent(registry, "shop-staging-api"), registry, "other", image.digest)
            assert (mounted.mounted, mounted.sent, mounted.bytes) == (2, 0, 0)
    assert production.manifests["shop-production-api", image.digest] == staging.manifests["other", image.digest]


class Base:
    """A registry with a base image for two platforms."""

    def __init__(self) -> None:
        self.shelf = Shelf(challenge="bearer")
        self.layer = gzip.compress(b"the base's files" * 1000, mtime=0)
        config = {
            "architecture": "amd64",
            "config": {"Env": ["PATH=/usr/local/bin:/bin", "PYTHON_VERSION=3.13.9"], "Cmd": ["python3"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{'d' * 64}"]},
        }
        digests = [self.shelf.add("library/python", body) for body in (json.dumps(config).encode(), self.layer)]
        docker = "application/vnd.docker"
        manifest = {
            "schemaVersion": 2,
            "config": {"mediaType": f"{docker}.container.image.v1+json", "digest": digests[0], "size": 1},
            "layers": [
                {"mediaType": f"{docker}.image.rootfs.diff.tar.gzip", "digest": digests[1], "size": len(self.layer)}
            ],
        }
        inner = self.shelf.add_manifest("library/python", "amd64", manifest, f"{docker}.distribution.manifest.v2+json")
        platforms = [
            {"digest": f"sha256:{'a' * 64}", "platform": {"os": "linux", "architecture": "arm64"}},
            {"digest": inner, "platform": {"os": "linux", "architecture": "amd64"}},
        ]
        index = {"schemaVersion": 2, "manifests": platforms}
        self.shelf.add_manifest("library/python", "3.13-slim", index, f"{docker}.distribution.manifest.list.v2+json")
        self.layer_digest, self.digest = digests[1], inner


def test_a_base_is_copied_by_digest_and_never_stored_here(project):
    import dataclasses

    base, target = Base(), Shelf()
    with serving(base.shelf) as origin_url, serving(target) as url:

        def origin(host: str) -> Registry:
            assert host == "docker.io"
            return opened(origin_url, host)

        tools = dataclasses.replace(offline_tools(project), bases=bases(origin))
        (image,) = build(tools, [service("api")]).images
        assert image.method == "assembled"
        assert f"@{base.digest}" in image.notes[0]
        assert not image_store(project).has(base.layer_digest)
        with opened(url) as registry:
            pushed = push(local(project, origin), registry, "api", image.digest)
            assert (pushed.sent, pushed.bytes > len(base.layer)) == (3, True)
        assert target.blobs["api", base.layer_digest] == base.layer
        with pytest.raises(SesariError) as raised:
            image_store(project).unpack(image.digest, project.root / "u")
        assert raised.value.codes == ("blob-absent",)
        # Another product's repository in the base's own registry: mounted, or copied where that is refused.
        for refuse, mounted in ((False, 1), (True, 0)):
            base.shelf.refuse_mounts = refuse
            with opened(origin_url, "docker.io") as registry:
                pushed = push(local(project, origin), registry, f"mine-{refuse}".lower(), image.digest)
                assert pushed.mounted == mounted
        # A base that arrives changed is noticed, and no image is made.
        base.shelf.blobs["library/python", base.layer_digest] = b"x" * len(base.layer)
        with opened(url) as registry, pytest.raises(SesariError) as raised:
            push(local(project, origin), registry, "changed", image.digest)
        assert raised.value.codes in (("blob-damaged",), ("registry-refused",))
        assert not [name for name in target.manifests if name[0] == "changed"]


def test_a_base_that_does_not_exist(project):
    import dataclasses

    with serving(Shelf()) as url:
        tools = dataclasses.replace(offline_tools(project), bases=bases(lambda host: opened(url, host)))
        with pytest.raises(SesariError) as raised:
            build(tools, [service("api")])
    assert raised.value.codes == ("base-absent",)
    assert raised.value.problems[0].where == "docker.io/library/python:3.13-slim"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    folder: Path = tmp_path_factory.mktemp("emulator")
    child = Child("aws", "sesari.rehearsal.aws.server", ["--folder", str(folder), "--port", "0"], folder / "log")
    url = f"http://127.0.0.1:{child.ready()['port']}"
    for account, name in ((ACCOUNT, "shop-staging-api"), (PRODUCTION, "shop-production-api")):
        client(url, account).create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
    yield url
    child.ask_to_stop()
    child.wait()


def client(url: str, account: str):
    held = root_credentials(account)
    return boto3.client(
        "ecr",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=held["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=held["AWS_SECRET_ACCESS_KEY"],
    )


def environment(name: str, account: str) -> Environment:
    return Environment(
        name, account, REGION, False, Network("10.0.0.0/16", "none"), None, None, (), (), {}, {}, None, {}
    )


def reach(url: str, account: str) -> Reach:
    return Reach({**root_credentials(account), "AWS_ENDPOINT_URL": url, "AWS_REGION": REGION}, rehearsal=True)


def test_ecr_of_each_account_holds_the_same_digest(emulator, project, image):
    staging = environment_registry(reach(emulator, ACCOUNT), environment("staging", ACCOUNT))
    production = environment_registry(reach(emulator, PRODUCTION), environment("production", PRODUCTION))
    with staging, production:
        first = push(local(project), staging, "shop-staging-api", image.digest)
        assert first.sent == 2
        assert push(local(project), staging, "shop-staging-api", image.digest).sent == 0
        push(RemoteContent(staging, "shop-staging-api"), production, "shop-production-api", image.digest)
        with pytest.raises(SesariError) as raised:
            push(local(project), production, "shop-staging-api", image.digest)
        assert raised.value.codes == ("registry-unknown",)
    for account, name in ((ACCOUNT, "shop-staging-api"), (PRODUCTION, "shop-production-api")):
        (held,) = client(emulator, account).describe_images(repositoryName=name)["imageDetails"]
        assert held["imageDigest"] == image.digest
        assert held["imageTags"] == [image.digest.replace(":", "-")]
