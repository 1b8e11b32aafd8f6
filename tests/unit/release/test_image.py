"""Layers, configuration and manifest come from what goes in alone; the arguments of builders are values."""

from __future__ import annotations

import io
import json
import random
import tarfile

import pytest

from sesari.errors import SesariError
from sesari.model.image import BaseImage, Blob, Builder, Descriptor, Entry, Process, Runtime
from sesari.release.builder_argv import build_commands, probe
from sesari.release.dockerfile import Dependencies, Recipe
from sesari.release.image import (
    MANIFEST,
    beside,
    compose,
    full_name,
    parts_of,
    platform_manifest,
    process_of,
    read_base,
    read_image,
    version_of,
)
from sesari.release.layers import LAYER, blob, layer
from sesari.release.packages_argv import checked_lock, npm_arguments, pip_arguments

MACHINE = Runtime("python", "3.11", True)
TARGET = Runtime("python", "3.13", False)
RECIPE = Recipe(
    base="python:3.13-slim",
    folder="/app",
    variables=(("A", "1"),),
    dependencies=Dependencies("python", "/app/requirements.txt"),
    user="10001",
    ports=(8080,),
    command=("gunicorn",),
)
OWN = (Descriptor(LAYER, f"sha256:{'1' * 64}", 10), Descriptor(LAYER, f"sha256:{'2' * 64}", 20))
GZIPPED = "application/vnd.docker.image.rootfs.diff.tar.gzip"
BASE_CONFIG = {
    "config": {
        "Env": ["PATH=/usr/local/bin:/bin", "PYTHON_VERSION=3.13.9"],
        "Cmd": ["python3"],
        "Entrypoint": ["tini"],
    },
    "rootfs": {"type": "layers", "diff_ids": ["sha256:base"]},
    "history": [{"created_by": "debian"}],
}
BASE = BaseImage(f"sha256:{'b' * 64}", BASE_CONFIG, (Descriptor(GZIPPED, f"sha256:{'9' * 64}", 99),))


def test_a_layer_is_the_same_in_any_order():
    entries = [
        Entry("app/a.py", "file", b"a"),
        Entry("app/run", "file", b"#!x", executable=True),
        Entry("app/link", "link", b"a.py"),
        Entry("opt/é/" + "long" * 60, "file", b"x"),
    ]
    made = layer(entries)
    random.Random(7).shuffle(entries)
    assert layer(entries).body == made.body
    # A fixed digest: should the bytes ever change, every release would be another one.
    assert layer([Entry("app/a.py", "file", b"a")]).descriptor.digest == (
        "sha256:ffa9de786b70069e1541338247375ec0a4d61b650fe83f88224bb9c77028d870"
    )
    with tarfile.open(fileobj=io.BytesIO(made.body)) as archive:
        members = {one.name: one for one in archive}
    assert list(members) == sorted(members)
    assert {(one.uid, one.gid, one.mtime, one.uname) for one in members.values()} == {(0, 0, 0, "")}
    assert (members["app"].mode, members["app/a.py"].mode, members["app/run"].mode) == (0o755, 0o644, 0o755)
    assert members["app/link"].linkname == "a.py"


def test_of_one_path_twice_the_later_is_kept():
    made = layer([Entry("a", "file", b"1"), Entry("a", "file", b"2")])
    with tarfile.open(fileobj=io.BytesIO(made.body)) as archive:
        assert [one.size for one in archive] == [1]
        assert archive.extractfile("a").read() == b"2"


def test_without_its_base_an_image_names_it():
    image, config = compose(RECIPE, OWN, None, MACHINE)
    manifest = json.loads(image.manifest.body)
    assert manifest["annotations"] == {
        "com.sesari.image.runs-on": "python 3.11 of the machine",
        "org.opencontainers.image.base.name": "docker.io/library/python:3.13-slim",
    }
    assert [one["digest"] for one in manifest["layers"]] == [one.digest for one in OWN]
    value = json.loads(config.body)
    assert value["rootfs"]["diff_ids"] == [one.digest for one in OWN]
    assert value["created"] == "1970-01-01T00:00:00Z"
    assert read_image(Blob(image.manifest.descriptor, image.manifest.body)) == image
    assert image.digest == blob(image.manifest.body, MANIFEST).descriptor.digest


def test_on_its_base_it_inherits_what_a_dockerfile_inherits():
    image, config = compose(RECIPE, OWN, BASE, TARGET)
    value = json.loads(config.body)
    assert value["config"] == {
        "Cmd": ["gunicorn"],
        "Entrypoint": ["tini"],
        "Env": [
            "A=1",
            "PATH=/opt/dependencies/bin:/usr/local/bin:/bin",
            "PYTHONPATH=/opt/dependencies",
            "PYTHON_VERSION=3.13.9",
        ],
        "ExposedPorts": {"8080/tcp": {}},
        "User": "10001",
        "WorkingDir": "/app",
    }
    assert value["rootfs"]["diff_ids"] == ["sha256:base", *(one.digest for one in OWN)]
    assert len(value["history"]) == 3
    assert [one.digest for one in image.layers] == [BASE.layers[0].digest, *(one.digest for one in OWN)]
    assert json.loads(image.manifest.body)["annotations"]["org.opencontainers.image.base.digest"] == BASE.digest
    own_entrypoint = Recipe(base="x:1", entrypoint=("run",))
    inherited = json.loads(compose(own_entrypoint, OWN, BASE, None)[1].body)["config"]
    assert (inherited["Entrypoint"], inherited.get("Cmd")) == (["run"], None)


def test_the_process_beside_its_unpacked_image():
    _, config = compose(RECIPE, OWN, None, MACHINE)
    process = process_of(config.body)
    assert process == Process(
        ("gunicorn",), process.variables, folder="/app", user="10001", ports=(8080,), stop_signal="SIGTERM"
    )
    moved = beside(process, "/srv/api", "/usr/bin")
    assert moved.folder == "/srv/api/app"
    assert moved.variables["PYTHONPATH"] == "/srv/api/opt/dependencies"
    assert moved.variables["PATH"].startswith("/srv/api/opt/dependencies/bin:/srv/api/usr/local/sbin:")
    assert moved.variables["PATH"].endswith(":/usr/bin")
    assert moved.variables["A"] == "1"


@pytest.mark.parametrize(
    ("reference", "host", "repository", "wanted"),
    [
        ("python:3.13", "docker.io", "library/python", "3.13"),
        ("python", "docker.io", "library/python", "latest"),
        ("me/app:1", "docker.io", "me/app", "1"),
        ("ghcr.io/me/app:1", "ghcr.io", "me/app", "1"),
        ("127.0.0.1:5000/a/b:1", "127.0.0.1:5000", "a/b", "1"),
        ("localhost/a", "localhost", "a", "latest"),
        (f"python:3.13@sha256:{'a' * 64}", "docker.io", "library/python", f"sha256:{'a' * 64}"),
        (f"127.0.0.1:5000/a@sha256:{'a' * 64}", "127.0.0.1:5000", "a", f"sha256:{'a' * 64}"),
    ],
)
def test_names_of_images(reference, host, repository, wanted):
    assert parts_of(reference) == (host, repository, wanted)
    assert full_name(full_name(reference)) == full_name(reference)


def test_the_language_of_a_base():
    assert version_of("python", "python:3.13-slim@sha256:x", {}) == "3.13"
    assert version_of("node", "node:22.1-alpine", {}) == "22"
    assert version_of("python", "corp/base:7", BASE_CONFIG) == "3.13"
    assert version_of("python", "corp/base:7", {}) is None


def test_an_index_gives_its_linux_image():
    index = {
        "manifests": [
            {"digest": "sha256:arm", "platform": {"os": "linux", "architecture": "arm64"}},
            {"digest": "sha256:amd", "platform": {"os": "linux", "architecture": "amd64"}},
        ]
    }
    assert platform_manifest(json.dumps(index).encode(), "x") == "sha256:amd"
    assert platform_manifest(b'{"layers":[]}', "x") is None
    with pytest.raises(SesariError) as raised:
        platform_manifest(json.dumps({"manifests": index["manifests"][:1]}).encode(), "x")
    assert raised.value.codes == ("base-unfit",)


def test_a_bases_configuration_is_held_to_its_digest():
    config = json.dumps(BASE_CONFIG).encode()
    digest = blob(config, "x").descriptor.digest
    manifest = {"config": {"digest": digest}, "layers": [{"mediaType": GZIPPED, "digest": "sha256:l", "size": 3}]}
    base = read_base(json.dumps(manifest).encode(), "sha256:m", config)
    assert base.layers[0].media_type == "application/vnd.oci.image.layer.v1.tar+gzip"
    with pytest.raises(SesariError) as raised:
        read_base(json.dumps(manifest).encode(), "sha256:m", config + b" ")
    assert raised.value.codes == ("base-damaged",)


def test_the_builders_arguments():
    assert build_commands(Builder("buildah", "/usr/bin/buildah", "1"), "/c", "/l", "sesari-build:ab") == (
        (
            *("/usr/bin/buildah", "build", "--platform", "linux/amd64", "--format", "oci", "--timestamp", "0"),
            *("--tag", "sesari-build:ab", "/c"),
        ),
        ("/usr/bin/buildah", "push", "sesari-build:ab", "oci:/l:ab"),
    )
    assert build_commands(Builder("docker", "docker", "28"), "/c", "/l", "sesari-build:ab") == (
        (
            *("docker", "buildx", "build", "--platform", "linux/amd64", "--provenance=false", "--sbom=false"),
            *("--build-arg", "SOURCE_DATE_EPOCH=0", "--output"),
            *("type=oci,tar=false,dest=/l,rewrite-timestamp=true,oci-mediatypes=true", "/c"),
        ),
    )
    assert probe("docker") == ("info", "--format", "{{.ServerVersion}}")
    assert probe("podman") == ("info",)


def test_the_fetchers_arguments():
    assert pip_arguments(MACHINE, "python:3.13", "r.txt", "/w", True) == (
        *("download", "--quiet", "--disable-pip-version-check", "--no-input", "--only-binary", ":all:", "--no-deps"),
        *("--dest", "/w", "--requirement", "r.txt"),
    )
    target = pip_arguments(TARGET, "python:3.13-slim", "r.txt", "/w", False)
    assert "--no-deps" not in target
    assert target[target.index("--python-version") + 1] == "3.13"
    assert [target[at + 1] for at, word in enumerate(target) if word == "--abi"] == ["cp313", "abi3", "none"]
    assert "manylinux_2_17_x86_64" in target
    alpine = pip_arguments(TARGET, "python:3.13-alpine", "r.txt", "/w", False)
    assert "musllinux_1_2_x86_64" in alpine and "manylinux_2_17_x86_64" not in alpine
    assert npm_arguments("/c")[:3] == ("ci", "--omit=dev", "--ignore-scripts")


def test_a_node_package_that_runs_a_script_needs_a_builder():
    packages = {
        "": {"name": "x"},
        "node_modules/a": {"integrity": "sha512-x"},
        "node_modules/a/node_modules/@b/c": {"integrity": "sha512-x", "hasInstallScript": True},
        "node_modules/dev": {"integrity": "sha512-x", "hasInstallScript": True, "dev": True},
        "node_modules/loose": {"resolved": "https://x"},
    }
    with pytest.raises(SesariError) as raised:
        checked_lock(json.dumps({"packages": packages}), "package-lock.json")
    assert raised.value.codes == ("builder-needed", "requirement-not-pinned")
    assert "`@b/c`" in raised.value.problems[0].what
    with pytest.raises(SesariError) as raised:
        checked_lock("{}", "package-lock.json")
    assert raised.value.codes == ("lock-damaged",)
