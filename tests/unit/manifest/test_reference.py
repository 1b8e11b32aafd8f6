"""The reference manifest is schema, documentation and test in one."""

import json

import jsonschema_rs
import pytest

from sesari.manifest import SourceFile, Sources, parse, reference_text, schema_text
from sesari.manifest.reference import derive, render


def test_the_committed_schema_is_the_derived_one_byte_for_byte() -> None:
    assert render(derive(reference_text())) == schema_text()


def test_the_reference_is_a_valid_manifest() -> None:
    manifest = parse(Sources(SourceFile("reference.toml", reference_text())))
    assert list(manifest.environments) == ["staging", "production"]
    assert list(manifest.environments["production"].services) == ["web", "api", "worker"]


def test_the_schema_is_valid_draft_2020_12() -> None:
    jsonschema_rs.meta.validate(json.loads(schema_text()))


def test_every_default_is_one_that_the_schema_allows() -> None:
    for node in _nodes(json.loads(schema_text())):
        if "default" in node:
            assert jsonschema_rs.is_valid({**node}, node["default"]), node


def _nodes(node: object):
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from _nodes(child)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('# One.\n[a]\nkey = "x"\n', "a.key has no description"),
        ('# One.\n[a]\n# Two.\nkey = "x"\n\n# One again.\n[a.b]\n# Three.\nkey = 1\n', None),
        (
            '# M.\n#: names = "x"\n#: expects = "y"\n[m]\n# One.\n[m.a]\n# K.\nk = 1\n# One.\n[m.b]\n',
            "m.b is described twice",
        ),
    ],
)
def test_a_reference_with_holes_is_refused(text: str, words: str | None) -> None:
    if words is None:
        assert derive(text)["properties"]
    else:
        with pytest.raises(ValueError, match=words):
            derive(text)
