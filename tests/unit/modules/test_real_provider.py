"""Where the real AWS provider is looked for."""

from __future__ import annotations

import os
from pathlib import Path

from tools import real_provider


def unpacked(mirror: Path, version: str) -> Path:
    folder = mirror / f"registry.terraform.io/hashicorp/aws/{version}/linux_amd64"
    folder.mkdir(parents=True)
    (folder / f"terraform-provider-aws_v{version}_x5").touch()
    return mirror


def test_the_named_folders_come_first_and_the_version_counts(tmp_path: Path) -> None:
    old, wanted = unpacked(tmp_path / "old", "0.0.1"), unpacked(tmp_path / "wanted", "0.0.2")
    variables = {"SESARI_REAL_PROVIDERS": os.pathsep.join((str(old), str(wanted)))}
    assert real_provider.find_mirror("0.0.2", variables) == wanted
    assert real_provider.find_mirror("0.0.1", variables) == old
    assert real_provider.find_mirror("0.0.3", variables) is None


def test_terraform_is_given_that_mirror_and_nobodys_account(tmp_path: Path) -> None:
    environment = real_provider.environment(tmp_path / "mirror", tmp_path)
    assert str(tmp_path / "mirror") in Path(environment["TF_CLI_CONFIG_FILE"]).read_text()
    assert not [name for name in environment if "SECRET" in name or "TOKEN" in name or "PROFILE" in name]
