"""What every module keeps to, read from its files; each rule is shown to fail on a planted violation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest

import sesari

PACKAGE = Path(sesari.__file__).parent
MODULES = PACKAGE / "modules"
NAMES = sorted(folder.name for folder in MODULES.iterdir() if folder.is_dir())
STANDARD = ("main.tf", "outputs.tf", "variables.tf", "versions.tf")
ACCEPTED = {"hashicorp/aws": ">= 5.100, < 7", "vercel/vercel": "~> 5.0", "supabase/supabase": "~> 1.0"}
LONGEST = 250


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.glob("*.tf"))}


def violations(files: dict[str, str]) -> Iterator[str]:
    """What is wrong with one module, given its files by name."""
    yield from (f"{name} is missing" for name in STANDARD if name not in files)
    blocks = {name: hcl2.loads(text) for name, text in files.items()}
    everything = "\n".join(text for name, text in files.items() if name != "variables.tf")
    for name, body in _labelled(blocks, "variable"):
        yield from (f"variable {name} has no {what}" for what in ("description", "type") if what not in body)
        if not re.search(rf"\bvar\.{name}\b", everything):
            yield f"variable {name} is not used"
    yield from (
        f"output {name} has no description" for name, body in _labelled(blocks, "output") if "description" not in body
    )
    for kind in ("provider", "data", "module"):
        yield from (f"{name}: {kind} block" for name, content in blocks.items() if content.get(kind))
    for name, text in files.items():
        if len(text.splitlines()) > LONGEST:
            yield f"{name} is longer than {LONGEST} lines"
        yield from (f"{name}: every action" for _ in re.finditer(r'Action\s*=\s*\[?\s*"\*"', text))
        yield from (f"{name}: a subject with a wildcard" for _ in re.finditer(r':sub"\s*=\s*\[?\s*"[^"]*\*', text))
        yield from (f"{name}: StringLike in a trust policy" for _ in _like_beside_subject(text))
        yield from (f"{name}: reads secret values" for _ in _readers(text))
        # `terraform import` plans nothing: it knows the keys of no resource that the state does not hold.
        yield from (f"{name}: for_each over a resource" for _ in re.finditer(r"for_each\s*=\s*[a-z]+_\w+\.\w+\s", text))
    yield from _versions(blocks.get("versions.tf", {}))


def _labelled(blocks: dict[str, Any], kind: str) -> Iterator[tuple[str, Any]]:
    for content in blocks.values():
        for block in content.get(kind, []):
            for name, body in block.items():
                yield name.strip('"'), body


def _like_beside_subject(text: str) -> Iterator[str]:
    for trust in re.findall(r"sts:AssumeRoleWithWebIdentity.*?\n {4,6}\}", text, re.S):
        if "StringLike" in trust or "StringEquals" not in trust:
            yield trust


def _readers(text: str) -> Iterator[str]:
    """Statements that allow reading a value of every secret."""
    for statement in re.findall(r"\{[^{}]*secretsmanager:GetSecretValue[^{}]*\}", text):
        if re.search(r'"Allow"', statement) and re.search(r'Resource\s*=\s*"\*"', statement):
            yield statement


def _versions(versions: Any) -> Iterator[str]:
    for block in versions.get("terraform", []):
        if block.get("required_version", "").strip('"') != ">= 1.11":
            yield "required_version is not >= 1.11"
        for providers in block.get("required_providers", []):
            for name, body in providers.items():
                if isinstance(body, dict):
                    source, version = (str(body[key]).strip('"') for key in ("source", "version"))
                    if ACCEPTED.get(source) != version:
                        yield f"provider {name}: {source} {version}"


@pytest.mark.parametrize("name", NAMES)
def test_module_keeps_to_the_rules(name: str) -> None:
    assert list(violations(texts(MODULES / name))) == []


AUDIENCE = '{\n            "${local.github}:aud"'
UNSUBSCRIBE = 'Action   = ["ecs:DeregisterTaskDefinition", "sns:Unsubscribe"]'
PLANTED = [
    ("outputs.tf", None, "", "outputs.tf is missing"),
    ("variables.tf", "  type        = bool\n  default     = true\n", "", "variable create_provider has no type"),
    ("variables.tf", "", 'variable "spare" {\n  description = "x"\n  type = string\n}\n', "variable spare is not used"),
    ("outputs.tf", "", 'output "spare" {\n  value = 1\n}\n', "output spare has no description"),
    ("main.tf", "", 'provider "aws" {\n  region = "x"\n}\n', "main.tf: provider block"),
    ("deploy.tf", UNSUBSCRIBE, 'Action = "*"', "deploy.tf: every action"),
    ("main.tf", f"StringEquals = {AUDIENCE}", f"StringLike = {AUDIENCE}", "main.tf: StringLike in a trust policy"),
    ("boundary.tf", "Resource = local.secrets", 'Resource = "*"', "boundary.tf: reads secret values"),
    ("main.tf", "", 'resource "aws_eip" "x" {\n  for_each = aws_subnet.x\n}\n', "main.tf: for_each over a resource"),
    ("versions.tf", ">= 5.100, < 7", ">= 5.0", "provider aws: hashicorp/aws >= 5.0"),
]


@pytest.mark.parametrize(("file", "old", "new", "words"), PLANTED, ids=[words for *_, words in PLANTED])
def test_a_planted_violation_is_seen(file: str, old: str | None, new: str, words: str) -> None:
    files = texts(MODULES / "identity")
    if old is None:
        del files[file]
    else:
        assert old in files[file]
        files[file] = files[file].replace(old, new, 1) if old else files[file] + new
    assert words in list(violations(files))


def test_the_sidecar_knows_every_type_of_the_modules() -> None:
    known = {
        type_
        for path in (PACKAGE / "rehearsal/provider/sidecar").glob("*.json")
        for type_ in json.loads(path.read_text())
    }
    used = {
        type_ for path in MODULES.rglob("*.tf") for type_ in re.findall(r'^resource "(\w+)"', path.read_text(), re.M)
    }
    assert used - known == set()
