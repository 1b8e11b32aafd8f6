"""`aws_iam_policy_document`, computed as the aws provider computes it. PURE."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

from sesari.rehearsal.provider.backend import Attributes, ProviderError

DEFAULT_VERSION = "2012-10-17"
ORDER = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition")


def policy_document(config: Attributes) -> Attributes:
    """The data source's full result. Raises ProviderError for a repeated Sid or a source that is no JSON."""
    merged: dict[str, Any] = {}
    if config.get("source_json"):
        merged = _parse(config["source_json"])
    sources = [_parse(text) for text in config.get("source_policy_documents") or [] if text]
    _refuse_repeated([sid for source in sources for sid in _sids(source)], "source_policy_documents")
    for source in sources:
        merged = _merge(merged, source)
    merged = _merge(merged, _own(config))
    for text in [*(config.get("override_policy_documents") or []), config.get("override_json")]:
        if text:
            merged = _merge(merged, _parse(text))
    document = _ordered(merged)
    text = _go_json(json.dumps(document, indent=2, ensure_ascii=False))
    return {
        **config,
        "version": config.get("version") or DEFAULT_VERSION,
        "json": text,
        "minified_json": _go_json(json.dumps(document, separators=(",", ":"), ensure_ascii=False)),
        "id": str(zlib.crc32(text.encode())),
    }


def _own(config: Attributes) -> dict[str, Any]:
    statements = [_statement(raw) for raw in config.get("statement") or []]
    _refuse_repeated([statement["Sid"] for statement in statements if statement.get("Sid")], "statement")
    own: dict[str, Any] = {"Version": config.get("version") or DEFAULT_VERSION, "Statement": statements}
    if config.get("policy_id"):
        own["Id"] = config["policy_id"]
    return own


def _statement(raw: Attributes) -> dict[str, Any]:
    statement = {
        "Sid": raw.get("sid"),
        "Effect": raw.get("effect") or "Allow",
        "Action": _list(raw.get("actions")),
        "NotAction": _list(raw.get("not_actions")),
        "Resource": _variables(_list(raw.get("resources"))),
        "NotResource": _variables(_list(raw.get("not_resources"))),
        "Principal": _principals(raw.get("principals") or []),
        "NotPrincipal": _principals(raw.get("not_principals") or []),
        "Condition": _conditions(raw.get("condition") or []),
    }
    return {name: value for name, value in statement.items() if value not in (None, "", [], {})}


def _list(values: Sequence[str] | None) -> str | list[str] | None:
    if not values:
        return None
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


def _variables(value: str | list[str] | None) -> str | list[str] | None:
    # `&{...}` stands for `${...}`, which Terraform would take for its own.
    if isinstance(value, list):
        return [item.replace("&{", "${") for item in value]
    return value.replace("&{", "${") if value else value


def _principals(raw: Sequence[Attributes]) -> Any:
    found: dict[str, list[str]] = {}
    for principal in sorted(raw, key=lambda one: str(one["type"])):
        found.setdefault(principal["type"], []).extend(sorted(principal["identifiers"], reverse=True))
    if found == {"*": ["*"]}:
        return "*"
    return {
        type: _variables(identifiers[0] if len(identifiers) == 1 else identifiers)
        for type, identifiers in sorted(found.items())
    }


def _conditions(raw: Sequence[Attributes]) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for condition in raw:
        values = condition["values"]
        value = values[0] if len(values) == 1 else list(values)
        found.setdefault(condition["test"], {})[condition["variable"]] = _variables(value)
    return {test: dict(sorted(variables.items())) for test, variables in sorted(found.items())}


def _merge(base: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Statements of one Sid replace each other in place; others are added at the end."""
    merged = dict(base)
    if new.get("Id"):
        merged["Id"] = new["Id"]
    if new.get("Version", "") > merged.get("Version", ""):
        merged["Version"] = new["Version"]
    statements = list(merged.get("Statement", []))
    for statement in new.get("Statement", []):
        same = [i for i, old in enumerate(statements) if statement.get("Sid") and old.get("Sid") == statement["Sid"]]
        if same:
            statements[same[0]] = statement
        else:
            statements.append(statement)
    merged["Statement"] = statements
    return merged


def _parse(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ProviderError("parsing IAM policy document", str(error)) from error
    if not isinstance(document, dict):
        raise ProviderError("parsing IAM policy document", "it is not a JSON object")
    statements = document.get("Statement", [])
    return {**document, "Statement": [statements] if isinstance(statements, dict) else statements}


def _ordered(document: dict[str, Any]) -> dict[str, Any]:
    ordered = {name: document[name] for name in ("Version", "Id") if document.get(name)}
    statements = [{name: one[name] for name in ORDER if name in one} for one in document["Statement"]]
    return {**ordered, **({"Statement": statements} if statements else {})}


def _sids(document: dict[str, Any]) -> list[str]:
    return [statement["Sid"] for statement in document["Statement"] if statement.get("Sid")]


def _refuse_repeated(sids: list[str], where: str) -> None:
    for i, sid in enumerate(sids):
        if sid in sids[:i]:
            raise ProviderError(f"duplicate Sid ({sid}) in {where}. Remove the Sid or ensure the Sid is unique.")


def _go_json(text: str) -> str:
    # Go's encoder writes these as escapes.
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
