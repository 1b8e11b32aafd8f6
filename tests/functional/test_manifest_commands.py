"""`validate`, `config` and `schema` on real files: what is printed where, exit codes, and files that cannot be read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sesari.cli import main
from sesari.manifest.sources import LIMIT

EXAMPLE = Path("examples/sesari/sesari.toml")


@pytest.fixture
def product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("SESARI_")]:
        monkeypatch.delenv(name)
    (tmp_path / "sesari.toml").write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    return tmp_path


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    try:
        code = main(list(words))
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def _errors(capsys: pytest.CaptureFixture[str], product: Path) -> list[dict[str, str]]:
    code, out, err = _run(capsys, "validate", "--project", str(product), "--json")
    assert (code, out) == (1, "")
    errors: list[dict[str, str]] = json.loads(err)["errors"]
    return errors


def test_the_example_is_valid(product: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "validate", "--project", str(product))
    assert (code, err) == (0, "")
    assert "dev, staging, production" in out


def test_validate_writes_nothing(product: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(capsys, "validate", "--project", str(product))
    (product / "sesari.toml").write_text("wrong = true\n", "utf-8")
    _run(capsys, "validate", "--project", str(product))
    assert [path.name for path in product.iterdir()] == ["sesari.toml"]


def test_validate_as_json(product: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "validate", "--project", str(product), "-e", "staging", "--json")
    assert code == 0
    assert json.loads(out)["environments"] == ["dev", "staging", "production"]


def test_every_unknown_environment_is_named(product: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = _run(capsys, "validate", "--project", str(product), "-e", "prod", "-e", "stagin")
    assert code == 1
    assert "Did you mean `production`?" in err and "Did you mean `staging`?" in err


def test_all_errors_of_all_files_and_variables_at_once(
    product: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = EXAMPLE.read_text("utf-8").replace("port = 8080", 'port = "8080"')
    (product / "sesari.toml").write_text(text, "utf-8")
    (product / "sesari.staging.toml").write_text("\nregoin = 'eu-west-1'\n", "utf-8")
    monkeypatch.setenv("SESARI_DEV__PROTECTED", "true")
    line = text.splitlines().index('port = "8080"') + 1
    assert [error["at"] for error in _errors(capsys, product)] == [
        f"sesari.toml:{line}",
        "sesari.staging.toml:2",
        "SESARI_DEV__PROTECTED",
    ]


def test_config_shows_values_origins_and_what_they_overrode(
    product: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (product / "sesari.production.toml").write_text("services.api.scale.max = 12\n", "utf-8")
    monkeypatch.setenv("SESARI_PRODUCTION__SERVICES__API__SCALE__MAX", "14")
    code, out, _ = _run(capsys, "config", "-e", "production", "--project", str(product), "services.api.scale.max")
    line = next(i for i, text in enumerate(EXAMPLE.read_text("utf-8").splitlines(), 1) if "max = 10" in text)
    assert code == 0
    assert out.splitlines()[1].split(None, 3) == [
        "services.api.scale.max",
        "14",
        "SESARI_PRODUCTION__SERVICES__API__SCALE__MAX",
        f"12 (sesari.production.toml:1), 10 (sesari.toml:{line}), 4 (default)",
    ]
    assert "\x1b" not in out


def test_config_as_json(product: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "config", "-e", "dev", "network", "--project", str(product), "--json")
    shown = json.loads(out)
    assert (code, shown["environment"]) == (0, "dev")
    assert shown["settings"][1] == {
        "key": "network.nat",
        "value": "none",
        "source": "default",
        "line": None,
        "overrode": [],
    }


def test_schema_and_reference_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(_run(capsys, "schema")[1])["title"] == "sesari.toml"
    assert "[product]" in _run(capsys, "schema", "--reference")[1]


def test_an_absent_manifest_and_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [error["code"] for error in _errors(capsys, tmp_path)] == ["manifest-absent"]
    (error,) = _errors(capsys, tmp_path / "nowhere")
    assert (error["code"], error["at"]) == ("manifest-absent", str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"#" * (LIMIT + 1), "manifest-too-large"),
        (b"\x89PNG\x00\x00", "manifest-binary"),
        (b"\xff\xfe", "manifest-encoding"),
    ],
)
def test_what_is_no_text(product: Path, capsys: pytest.CaptureFixture[str], body: bytes, code: str) -> None:
    (product / "sesari.toml").write_bytes(body)
    (product / "sesari.dev.toml").write_bytes(b"\x00")
    assert [error["code"] for error in _errors(capsys, product)] == [code, "manifest-binary"]


def test_a_huge_manifest_is_not_read_whole(product: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (product / "sesari.toml").open("wb") as file:
        file.truncate(1 << 40)
    assert [error["code"] for error in _errors(capsys, product)] == ["manifest-too-large"]


def test_folders_and_pipes_in_a_manifests_place(product: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (product / "sesari.toml").unlink()
    os.mkfifo(product / "sesari.toml")
    (product / "sesari.dev.toml").mkdir()
    assert [error["code"] for error in _errors(capsys, product)] == ["not-a-file", "not-a-file"]


def test_a_manifest_without_permission(product: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (product / "sesari.toml").chmod(0)
    with _not_root():
        errors = _errors(capsys, product)
    assert [(error["code"], error["at"]) for error in errors] == [("no-permission", str(product / "sesari.toml"))]


@contextmanager
def _not_root() -> Iterator[None]:
    """Permissions do not bind root: be somebody else for the while."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
