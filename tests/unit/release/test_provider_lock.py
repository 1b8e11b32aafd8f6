from __future__ import annotations

from sesari.model.stack import ProviderPin
from sesari.release.provider_lock import only, requirements

LOCK = """# This file is maintained automatically by "terraform init".

provider "registry.terraform.io/hashicorp/aws" {
  version     = "5.100.0"
  constraints = "5.100.0"
  hashes = [
    "h1:a",
  ]
}

provider "registry.terraform.io/vercel/vercel" {
  version = "5.10.0"
  hashes = [
    "h1:b",
  ]
}
"""


def test_each_root_gets_the_providers_that_it_uses() -> None:
    assert only(LOCK, ["hashicorp/aws", "vercel/vercel"]) == LOCK
    aws = only(LOCK, ["hashicorp/aws"])
    assert "h1:a" in aws
    assert "vercel" not in aws
    assert aws.startswith("# This file")
    assert 'provider "' not in only(LOCK, [])


def test_the_root_requires_exactly_the_pins() -> None:
    text = requirements(
        [ProviderPin("aws", "hashicorp/aws", "5.100.0"), ProviderPin("vercel", "vercel/vercel", "5.10.0")]
    )
    assert 'aws = { source = "hashicorp/aws", version = "5.100.0" }' in text
    assert text.index("aws") < text.index("vercel")
