"""Finds the real hashicorp/aws provider on this machine, where there is one, and writes Terraform's settings for it.

Looked for: the folders of SESARI_REAL_PROVIDERS (separated as PATH is), then the usual mirrors. A mirror is unpacked:
`<mirror>/registry.terraform.io/hashicorp/aws/<version>/<platform>/terraform-provider-aws_v...`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

BINARY = "terraform-provider-aws_v*"
WHERE = "registry.terraform.io/hashicorp/aws/*/*/" + BINARY
USUAL = (
    "~/.terraform.d/plugins",
    "~/.local/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
    "/opt/*",
)
NOT_FOUND = (
    "no real hashicorp/aws provider on this machine (an unpacked filesystem mirror): looked in SESARI_REAL_PROVIDERS, "
    + ", ".join(USUAL)
)


def find_mirror(version: str, variables: Mapping[str, str] = os.environ) -> Path | None:
    """The folder to give Terraform as `filesystem_mirror`, or None where that version is in none of the places."""
    for folder in _candidates(variables):
        for binary in sorted(folder.glob(WHERE)):
            if binary.is_file() and binary.parents[1].name == version:
                return folder
    return None


def _candidates(variables: Mapping[str, str]) -> Iterator[Path]:
    for named in variables.get("SESARI_REAL_PROVIDERS", "").split(os.pathsep):
        if named:
            yield Path(named).expanduser()
    for pattern in USUAL:
        path = Path(pattern).expanduser()
        if "*" in pattern:
            yield from sorted(path.parent.glob(path.name))
        else:
            yield path


def write_settings(mirror: Path, file: Path) -> Path:
    """Write the file for TF_CLI_CONFIG_FILE: that mirror and nothing else. Returns it."""
    file.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
    return file


def environment(mirror: Path, folder: Path) -> dict[str, str]:
    """Variables for a Terraform that uses the real provider and nobody's account."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    settings = write_settings(mirror, folder / "terraform.rc")
    return {
        **kept,
        "TF_CLI_CONFIG_FILE": str(settings),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }
