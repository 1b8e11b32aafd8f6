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
        merged = _parse(config["source_json"], "source_json")
    sources = _parse_all(config, "source_policy_documents")
    for i, source in enumerate(sources):
        _refuse_known(source, [sid for earlier in sources[:i] for sid in _sids(earlier)], i)
        merged = _merge(merged, source)
    merged = _merge(merged, _own(config))
    for override in _parse_all(config, "override_policy_documents"):
        merged = _merge(merged, override)
    if config.get("override_json"):
        merged = _merge(merged, _parse(config["override_json"], "override_json"))
    document = _ordered(merged)
    text = _go_json(json.dumps(document, indent=2, ensure_ascii=False))
    return {
        **config,
        "statement": [_filled(statement) for statement in config.get("statement") or []],
        "version": config.get("version") or DEFAULT_VERSION,
        "json": text,
        "minified_json": _go_json(json.dumps(document, separators=(",", ":"), ensure_ascii=False)),
        "id": str(zlib.crc32(text.encode())),
    }


def _own(config: Attributes) -> dict[str, Any]:
    statements = [_statement(raw) for raw in config.get("statement") or []]
    _refuse_repeated([statement["Sid"] for statement in statements if statement.get("Sid")])
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


def _filled(raw: Attributes) -> Attributes:
    lists = ("actions", "not_actions", "resources", "not_resources")
    defaults = {"effect": raw.get("effect") or "Allow", "sid": raw.get("sid") or ""}
    return {**raw, **defaults, **{name: raw.get(name) or [] for name in lists}}


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
    found: dict[str, dict[str, list[str]]] = {}
    for condition in raw:
        values = found.setdefault(condition["test"], {}).setdefault(condition["variable"], [])
        values.extend(condition["values"])
    return {
        test: {name: _variables(values[0] if len(values) == 1 else values) for name, values in sorted(by_name.items())}
        for test, by_name in sorted(found.items())
    }


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


def _parse_all(config: Attributes, name: str) -> list[dict[str, Any]]:
    return [_parse(text, f"{name}.{i}") for i, text in enumerate(config.get(name) or []) if text]


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ProviderError(f'"{where}" contains an invalid JSON: {error}') from error
    statements = document.get("Statement", []) if isinstance(document, dict) else None
    if not isinstance(statements, list):
        raise ProviderError(
            f"writing IAM Policy Document: merging source document ({where}): json: cannot unmarshal "
            "object into Go struct field IAMPolicyDoc.Statement of type []*iam.IAMPolicyStatement"
        )
    return {**document, "Statement": [_reread(statement) for statement in statements]}


def _reread(statement: dict[str, Any]) -> dict[str, Any]:
    """A statement as the provider keeps it after reading it: principals sorted, a condition's single value bare."""
    read = dict(statement)
    for name in ("Principal", "NotPrincipal"):
        if isinstance(read.get(name), dict):
            read[name] = {
                type: sorted(value, reverse=True) if isinstance(value, list) else value
                for type, value in sorted(read[name].items())
            }
    if "Condition" in read:
        read["Condition"] = {
            test: {
                name: value[0] if isinstance(value, list) and len(value) == 1 else value
                for name, value in sorted(by_name.items())
            }
            for test, by_name in sorted(read["Condition"].items())
        }
    return read


def _ordered(document: dict[str, Any]) -> dict[str, Any]:
    ordered = {name: document[name] for name in ("Version", "Id") if document.get(name)}
    statements = [{name: one[name] for name in ORDER if name in one} for one in document["Statement"]]
    return {**ordered, **({"Statement": statements} if statements else {})}


def _sids(document: dict[str, Any]) -> list[str]:
    return [statement["Sid"] for statement in document["Statement"] if statement.get("Sid")]


def _refuse_repeated(sids: list[str]) -> None:
    for i, sid in enumerate(sids):
        if sid in sids[:i]:
            raise ProviderError(
                f"writing IAM Policy Document: duplicate Sid ({sid}). Remove the Sid or ensure the Sid is unique."
            )


def _refuse_known(source: dict[str, Any], known: list[str], index: int) -> None:
    for i, statement in enumerate(source["Statement"]):
        if statement.get("Sid") in known:
            raise ProviderError(
                f"writing IAM Policy Document: merging source document {index}: duplicate Sid ({statement['Sid']}) in "
                f"source_policy_documents (statement {i}). Remove the Sid or ensure Sids are unique."
            )


def _go_json(text: str) -> str:
    # Go's encoder writes these as escapes.
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
