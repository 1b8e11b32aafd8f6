"""One contract, two stores: a folder and S3 (the emulator) decide the same races in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from tests.functional.bench import ACCOUNTS, DELIVERY, PRODUCT, REGION, credentials, emulator, prepare
from tests.functional.proxy import refusing_proxy

from sesari.drivers.aws_session import AwsSession
from sesari.drivers.folder_store import FolderStore
from sesari.drivers.s3_store import S3Store
from sesari.drivers.vault import KmsVault
from sesari.errors import SesariError
from sesari.model.store import Conflict, Store

WRITERS = 16


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulator(tmp_path_factory.mktemp("emulator")) as url:
        prepare(url)
        yield url


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, cloud: str, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    store = S3Store(
        partial(AwsSession(credentials(DELIVERY, cloud), REGION).client, "s3"), f"{PRODUCT}-delivery-{DELIVERY}"
    )
    for key in store.keys(""):
        found = store.get(key)
        assert found is not None
        store.delete(key, found.version)
    return store


def test_create_replace_delete(store: Store) -> None:
    assert store.get("a/b") is None
    first = store.create("a/b", b"one")
    found = store.get("a/b")
    assert found is not None
    assert (found.body, found.version) == (b"one", first)
    second = store.replace("a/b", b"two", first)
    assert second != first
    store.create("a/c", b"")
    store.create("x", b"\x00\xff")
    assert store.keys("") == ("a/b", "a/c", "x")
    assert store.keys("a/") == ("a/b", "a/c")
    store.delete("a/b", second)
    assert store.get("a/b") is None
    assert store.keys("a/") == ("a/c",)
    store.create("a/b", b"again")


def test_a_stale_version_loses_and_nothing_is_written(store: Store) -> None:
    first = store.create("k", b"one")
    with pytest.raises(Conflict):
        store.create("k", b"other")
    second = store.replace("k", b"two", first)
    with pytest.raises(Conflict):
        store.replace("k", b"three", first)
    with pytest.raises(Conflict):
        store.delete("k", first)
    found = store.get("k")
    assert found is not None
    assert found.body == b"two"
    store.delete("k", second)
    with pytest.raises(Conflict):
        store.replace("k", b"four", second)
    with pytest.raises(Conflict):
        store.delete("k", second)


def test_of_sixteen_writers_one_creates_and_one_replaces(store: Store) -> None:
    def create(number: int) -> bool:
        try:
            store.create("race", str(number).encode())
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as pool:
        assert sum(pool.map(create, range(WRITERS))) == 1
    found = store.get("race")
    assert found is not None

    def replace(number: int) -> bool:
        try:
            store.replace("race", f"replaced by {number}".encode(), found.version)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as pool:
        won = list(pool.map(replace, range(WRITERS)))
    assert sum(won) == 1
    now = store.get("race")
    assert now is not None
    assert now.body == f"replaced by {won.index(True)}".encode()


def test_a_bucket_that_is_not_there_is_one_clear_error(cloud: str) -> None:
    store = S3Store(partial(AwsSession(credentials(DELIVERY, cloud), REGION).client, "s3"), "no-such-bucket-here")
    for act in (lambda: store.get("k"), lambda: store.create("k", b""), lambda: store.keys("")):
        with pytest.raises(SesariError) as caught:
            act()
        assert caught.value.codes == ("bucket-missing",)


def test_a_denied_read_of_an_absent_key_is_told_from_one_of_a_present_key(cloud: str) -> None:
    with refusing_proxy(cloud) as proxy:
        session = AwsSession(credentials(DELIVERY, proxy.url), REGION)
        store = S3Store(partial(session.client, "s3"), f"{PRODUCT}-delivery-{DELIVERY}")
        store.create("denied/present", b"x")
        proxy.refuse = lambda method, path: method == "GET" and "denied/" in path and "list-type" not in path
        assert store.get("denied/absent") is None
        with pytest.raises(SesariError) as caught:
            store.get("denied/present")
        assert caught.value.codes == ("aws-denied",)
        proxy.refuse = lambda method, path: method == "GET"
        with pytest.raises(SesariError) as caught:
            store.get("denied/absent")
        assert caught.value.codes == ("aws-denied",)


def test_an_endpoint_that_nobody_answers_is_one_clear_error() -> None:
    store = S3Store(partial(AwsSession(credentials(DELIVERY, "http://127.0.0.1:9"), REGION).client, "s3"), "b")
    with pytest.raises(SesariError) as caught:
        store.get("k")
    assert caught.value.codes == ("aws-unreachable",)


def test_the_vault_opens_only_what_it_sealed_for_the_same_context(cloud: str) -> None:
    kms = partial(AwsSession(credentials(ACCOUNTS["staging"], cloud), REGION).client, "kms")
    vault = KmsVault(kms, f"alias/{PRODUCT}-staging-state")
    context = {"environment": "staging", "digest": "sha256:1"}
    sealed = vault.seal(b"secret body", context)
    assert b"secret body" not in sealed
    assert sealed != vault.seal(b"secret body", context)
    assert vault.open(sealed, context) == b"secret body"
    damaged = [
        sealed[:-1] + b"\x00",
        sealed[: len(sealed) // 2],
        b"",
        b"{}\n",
        b"\xff\xfe",
        sealed.replace(b"-1", b"-9", 1),
    ]
    for body in damaged:
        with pytest.raises(SesariError) as caught:
            vault.open(body, context)
        assert caught.value.codes == ("sealed-corrupt",)
    with pytest.raises(SesariError) as caught:
        vault.open(sealed, {**context, "environment": "production"})
    assert caught.value.codes == ("sealed-corrupt",)
