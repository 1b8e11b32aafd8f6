"""Unpacking layers as a runtime does, and nothing outside of the folder, whatever a layer says."""

from __future__ import annotations

import io
import json
import stat
import tarfile
import threading
from pathlib import Path

import pytest

from sesari.drivers.oci import ImageStore
from sesari.errors import SesariError
from sesari.model.image import Blob
from sesari.release.image import CONFIG, MANIFEST
from sesari.release.layers import LAYER, blob


def member(name: str, body: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644):
    one = tarfile.TarInfo(name)
    one.type, one.linkname, one.size, one.mode = kind, link, len(body), mode
    return one, body


def tar(*members) -> Blob:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for one, body in members:
            archive.addfile(one, io.BytesIO(body))
    return blob(buffer.getvalue(), LAYER)


def image(store: ImageStore, *layers: Blob) -> str:
    config = blob(b'{"config":{}}', CONFIG)
    described = [
        {"mediaType": one.descriptor.media_type, "digest": one.descriptor.digest, "size": one.descriptor.size}
        for one in (config, *layers)
    ]
    manifest = blob(json.dumps({"config": described[0], "layers": described[1:]}).encode(), MANIFEST)
    for one in (config, *layers):
        store.put(one)
    store.put_manifest(manifest)
    return manifest.descriptor.digest


@pytest.fixture
def store(tmp_path):
    return ImageStore(tmp_path / "oci")


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_later_layers_replace_and_remove(store, tmp_path):
    first = tar(member("a/keep"), member("a/gone"), member("b/x"), member("b/y"), member("c/d"), member("e"))
    second = tar(member("a/.wh.gone"), member("b/.wh..wh..opq"), member("b/z"), member("c", b"file"), member(".wh.e"))
    store.unpack(image(store, first, second), tmp_path / "u")
    assert files(tmp_path / "u") == ["a/keep", "b/z", "c"]


def test_hard_links_and_modes(store, tmp_path):
    layer = tar(
        member("bin/a", b"x", mode=0o6777),
        member("bin/b", kind=tarfile.LNKTYPE, link="bin/a", mode=0o755),
        member("dev", kind=b"3"),
    )
    store.unpack(image(store, layer), tmp_path / "u")
    assert (tmp_path / "u/bin/b").read_bytes() == b"x"
    assert stat.S_IMODE((tmp_path / "u/bin/a").stat().st_mode) == 0o755
    assert not (tmp_path / "u/dev").exists()


@pytest.mark.parametrize(
    "members",
    [
        [member("../victim", b"changed")],
        [member("link", kind=tarfile.SYMTYPE, link=".."), member("link/victim", b"changed")],
        [member("link", kind=tarfile.SYMTYPE, link=".."), member("link/.wh.victim")],
        [member("link", kind=tarfile.SYMTYPE, link=".."), member("link/.wh..wh..opq")],
        [member("hard", kind=tarfile.LNKTYPE, link="../victim"), member("hard", b"changed")],
        [member("link", kind=tarfile.SYMTYPE, link="{outside}"), member("link/victim", b"changed")],
    ],
)
def test_nothing_outside_of_the_folder_is_touched(store, tmp_path, members):
    outside = tmp_path / "area"
    outside.mkdir()
    (outside / "victim").write_text("as it was")
    for one, _ in members:
        one.linkname = one.linkname.replace("{outside}", str(outside))
    with pytest.raises(SesariError) as raised:
        store.unpack(image(store, tar(*members)), outside / "u")
    assert raised.value.codes == ("layer-damaged",)
    assert (outside / "victim").read_text() == "as it was"
    assert sorted(path.name for path in outside.iterdir()) == [".u.digest", ".u.lock", "victim"]


def test_a_link_is_replaced_and_not_followed(store, tmp_path):
    (tmp_path / "victim").write_text("as it was")
    link = member("a", kind=tarfile.SYMTYPE, link=str(tmp_path / "victim"))
    store.unpack(image(store, tar(link), tar(member("a", b"new"))), tmp_path / "u")
    assert (tmp_path / "u/a").read_bytes() == b"new"
    assert (tmp_path / "victim").read_text() == "as it was"


def test_several_at_once_unpack_one_folder(store, tmp_path):
    digest = image(store, tar(*(member(f"f{number}", b"x") for number in range(50))))
    problems: list[BaseException] = []

    def unpack() -> None:
        try:
            store.unpack(digest, tmp_path / "u")
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=unpack) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(files(tmp_path / "u")) == 50
    assert sorted(path.name for path in tmp_path.iterdir()) == [".u.digest", ".u.lock", "oci", "u"]


def test_a_digest_that_is_none(store, tmp_path):
    for digest in ("latest", "sha256:../../etc/passwd", f"sha256:{'A' * 64}"):
        with pytest.raises(ValueError, match="not a sha256 digest"):
            store.read(digest)
