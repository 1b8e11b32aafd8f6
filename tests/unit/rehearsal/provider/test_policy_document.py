"""Policy documents against what hashicorp/aws 5.100.0 itself rendered for the same configurations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sesari.rehearsal.provider.backend import ProviderError
from sesari.rehearsal.provider.policy_document import policy_document

CASES: dict[str, Any] = json.loads((Path(__file__).parent / "policy_documents.json").read_text())


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_document_is_byte_for_byte_the_real_providers(name: str) -> None:
    case = CASES[name]
    made = policy_document(case["config"])
    assert made["json"] == case["json"]
    assert made["minified_json"] == case["minified_json"]
    assert made["id"] == case["id"]


def test_a_repeated_sid_is_refused_in_the_providers_words() -> None:
    statement = {"sid": "A", "actions": ["a:b"]}
    with pytest.raises(ProviderError, match=r"duplicate Sid \(A\). Remove the Sid or ensure the Sid is unique."):
        policy_document({"statement": [statement, statement]})
    source = json.dumps({"Statement": [{"Sid": "A", "Effect": "Allow", "Action": "a:b"}]})
    with pytest.raises(ProviderError, match=r"merging source document 1: duplicate Sid \(A\)"):
        policy_document({"source_policy_documents": [source, source]})


@pytest.mark.parametrize(("text", "why"), [("{nope", "invalid JSON"), ('{"Statement": {}}', "cannot unmarshal object")])
def test_a_source_that_is_no_policy_is_refused(text: str, why: str) -> None:
    with pytest.raises(ProviderError, match=why):
        policy_document({"source_policy_documents": [text]})
