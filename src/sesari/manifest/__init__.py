"""The manifest: from the text of `sesari.toml` to resolved environments. Pure: texts in, values or problems out."""

from sesari.manifest.explain import below, explain
from sesari.manifest.parse import parse, select, unknown_environment
from sesari.manifest.resolve import resolved
from sesari.manifest.schema import reference_text, schema_text
from sesari.manifest.sources import SourceFile, Sources, decode

__all__ = [
    "SourceFile",
    "Sources",
    "below",
    "decode",
    "explain",
    "parse",
    "reference_text",
    "resolved",
    "schema_text",
    "select",
    "unknown_environment",
]
