"""Asks the real hashicorp/aws provider what replaces a resource, what updates it, and which defaults it fills in.

    python tools/replace_paths.py [--types aws_vpc,aws_lb] [--check] [--verbose]

The questions are in replace_paths.json: per resource type a `base` configuration and, for each attribute worth asking
about, another value. Two plans answer all of them, without one call to AWS: the first creates every base (what the
plan knows beyond the base are defaults), the second changes one attribute per copy against a state made from the
first. The answer goes to the double's sidecar: `replace`, `defaults`, `recomputed` (computed attributes that an update
makes unknown again), `stateful`. `--check` writes nothing and fails when the sidecar says something else.
"""

from __future__ import annotations

import argparse
import copy
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

import real_provider  # noqa: E402

from sesari.model.stateful import STATEFUL_TYPES  # noqa: E402

VERSION = "5.100.0"
QUESTIONS = HERE / "replace_paths.json"
SIDECAR = HERE.parent / "src/sesari/rehearsal/provider/sidecar/aws.json"
PROVIDER = 'provider["registry.terraform.io/hashicorp/aws"]'
ROOT = {
    "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": VERSION}}},
    "provider": {
        "aws": {
            "region": "us-east-1",
            "access_key": "nobody",
            "secret_key": "nobody",
            "skip_credentials_validation": True,
            "skip_metadata_api_check": True,
            "skip_region_validation": True,
            "skip_requesting_account_id": True,
        }
    },
}


class Asker:
    """One folder with a root in which copies of resources are planned."""

    def __init__(self, folder: Path, mirror: Path, terraform: tuple[str, ...] = ("terraform",)) -> None:
        self.folder = folder
        self.terraform = terraform
        self.variables = real_provider.environment(mirror, folder)
        # Nothing listens there: a plan that wanted an answer from AWS would fail instead of waiting.
        self.variables["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
        (folder / "root.tf.json").write_text(json.dumps(ROOT))
        self._terraform("init", "-no-color")

    def schemas(self) -> dict[str, Any]:
        document = json.loads(self._terraform("providers", "schema", "-json").stdout)
        schemas: dict[str, Any] = document["provider_schemas"]["registry.terraform.io/hashicorp/aws"][
            "resource_schemas"
        ]
        return schemas

    def plan(self, copies: dict[tuple[str, str], Any]) -> tuple[dict[tuple[str, str], Any], dict[tuple[str, str], str]]:
        """Changes by (type, name), and for what could not be planned the provider's words."""
        refused: dict[tuple[str, str], str] = {}
        for (type_, name), body in copies.items():
            (self.folder / f"{type_}.{name}.tf.json").write_text(json.dumps({"resource": {type_: {name: body}}}))
        while True:
            result = self._terraform("plan", "-json", "-refresh=false", "-lock=false", "-out=plan", check=False)
            if result.returncode == 0:
                break
            found = dict(_refusals(result.stdout))
            if not found:
                raise SystemExit(f"terraform plan failed for no resource:\n{result.stdout[-4000:]}\n{result.stderr}")
            refused |= found
            for type_, name in found:
                (self.folder / f"{type_}.{name}.tf.json").unlink()
        shown = json.loads(self._terraform("show", "-json", "plan").stdout)
        for type_, name in copies:
            (self.folder / f"{type_}.{name}.tf.json").unlink(missing_ok=True)
        return {(change["type"], change["name"]): change["change"] for change in shown["resource_changes"]}, refused

    def write_state(self, resources: list[dict[str, Any]]) -> None:
        state = {"version": 4, "terraform_version": "1.11.0", "serial": 1, "lineage": "made-up", "outputs": {}}
        (self.folder / "terraform.tfstate").write_text(json.dumps({**state, "resources": resources}))

    def _terraform(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [*self.terraform, *arguments],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and result.returncode:
            raise SystemExit(f"terraform {arguments[0]} failed:\n{result.stdout}{result.stderr}")
        return result


def _refusals(output: str) -> Iterator[tuple[tuple[str, str], str]]:
    for line in output.splitlines():
        diagnostic = json.loads(line).get("diagnostic") if line.startswith("{") else None
        if diagnostic and diagnostic["severity"] == "error":
            words = f"{diagnostic['summary']}. {diagnostic.get('detail', '')}".strip()
            parts = diagnostic.get("range", {}).get("filename", diagnostic.get("address", "")).split(".")
            if len(parts) >= 2 and parts[0].startswith("aws_"):
                yield (parts[0], parts[1]), " ".join(words.split())


def questions(types: set[str] | None) -> dict[tuple[str, str], tuple[Any, dict[str, Any], dict[str, Any]]]:
    """(type, variant) to its base, the other values by dotted path, and prior values that cannot be made up."""
    asked = {}
    for type_, entry in json.loads(QUESTIONS.read_text()).items():
        if types is None or type_ in types:
            asked[type_, "main"] = (entry["base"], entry["change"], entry.get("state", {}))
            for index, variant in enumerate(entry.get("variants", {}).values()):
                asked[type_, f"variant{index}"] = (variant["base"], variant["change"], variant.get("state", {}))
    return asked


def changed(base: Any, path: str, value: Any) -> Any:
    """The base with another value at a dotted path; blocks are lists of one."""
    body = copy.deepcopy(base)
    *parents, last = path.split(".")
    node = body
    for name in parents:
        node = node[name][0]
    node[last] = value
    return body


def made_up(after: Any, unknown: Any, block: Any) -> dict[str, Any]:
    """A prior state: what the plan knew, and something of the right type for what only an apply would tell."""
    state = {}
    for name, attribute in block.get("attributes", {}).items():
        known = unknown.get(name) in (None, False)
        state[name] = after.get(name) if known else _filler(name, attribute.get("type", "string"))
    for name, nested in block.get("block_types", {}).items():
        items, gaps = after.get(name), unknown.get(name)
        if isinstance(items, list):
            inner = gaps if isinstance(gaps, list) else [{}] * len(items)
            state[name] = [made_up(item, gap, nested["block"]) for item, gap in zip(items, inner, strict=True)]
        else:
            state[name] = items if items is not None else [] if nested["nesting_mode"] in ("list", "set") else None
    return state


def _filler(name: str, kind: Any) -> Any:
    if isinstance(kind, list):
        return {} if kind[0] == "map" else []
    return {"bool": False, "number": 1}.get(kind, f"made-up-{name}")


def leaves(base: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every attribute that a base gives, as a path through blocks of one."""
    for name, value in base.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield from leaves(value[0], (*path, name))
        else:
            yield (*path, name)


def without(base: Any, path: tuple[str, ...]) -> Any:
    """The base without one attribute."""
    body = copy.deepcopy(base)
    node = body
    for name in path[:-1]:
        node = node[name][0]
    del node[path[-1]]
    return body


def defaults(base: Any, after: Any, block: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """What a create's plan knows of optional attributes that the base does not give, and that no other one gives."""
    for name, attribute in block.get("attributes", {}).items():
        value = after.get(name)
        given = base.get(name) is not None
        if not given and attribute.get("optional") and value not in (None, "", [], {}) and name != "tags_all":
            yield ".".join((*path, name)), value
    for name, nested in block.get("block_types", {}).items():
        inner, items = base.get(name), after.get(name)
        if inner and items and isinstance(items, list) and name != "timeouts":
            yield from defaults(inner[0], items[0], nested["block"], (*path, name))


def constant(value: Any, base: Any) -> bool:
    """Not derived from what the base says."""
    return not any(word and word in json.dumps(base) for word in value) if isinstance(value, list) else True


def recomputed(changes: list[Any], block: Any) -> list[str]:
    """Computed attributes that every update of the type makes unknown."""
    found: set[str] | None = None
    for change in changes:
        names = {name for name, flag in change["after_unknown"].items() if flag is True and name in block["attributes"]}
        found = names if found is None else found & names
    return sorted(name for name in found or () if block["attributes"][name].get("computed"))


def ask(asker: Asker, types: set[str] | None, verbose: bool) -> dict[str, Any]:
    """The sidecar's content for these types."""
    asked, schemas = questions(types), asker.schemas()
    bases = {key: base for key, (base, _, _) in asked.items()}
    for (type_, variant), base in list(bases.items()):
        for path in leaves(base):
            bases[type_, f"{variant}__without__{'__'.join(path)}"] = without(base, path)
    created, refused = asker.plan(bases)
    for key in asked.keys() & refused.keys():
        raise SystemExit(f"a base cannot be planned: {key}: {refused[key]}")
    copies, paths, resources = {}, {}, []
    for (type_, variant), (base, changes, known) in asked.items():
        schema, change = schemas[type_], created[type_, variant]
        prior = {**made_up(change["after"], change["after_unknown"], schema["block"]), **known}
        for path, value in changes.items():
            name = f"{variant}__{path.replace('.', '__')}"
            copies[type_, name], paths[type_, name] = changed(base, path, value), path
            instance = {"schema_version": schema["version"], "attributes": prior, "sensitive_attributes": []}
            resources.append(
                {"mode": "managed", "type": type_, "name": name, "provider": PROVIDER, "instances": [instance]}
            )
    asker.write_state(resources)
    changes_of, refused = asker.plan(copies)
    if verbose:
        for key, why in refused.items():
            print(f"refused {key[0]} {paths[key]}: {why[:200]}", file=sys.stderr)
        for key, path in paths.items():
            if changes_of.get(key, {}).get("actions") == ["no-op"]:
                print(f"no change {key[0]} {path}", file=sys.stderr)
    return {
        type_: {
            "replace": sorted(_replacing(type_, changes_of, paths)),
            "defaults": dict(sorted(_defaults(type_, schemas[type_]["block"], bases, created))),
            "recomputed": recomputed(_updates(type_, changes_of), schemas[type_]["block"]),
            "stateful": type_ in STATEFUL_TYPES,
        }
        for type_ in sorted({type_ for type_, _ in asked})
    }


def _replacing(type_: str, changes_of: Any, paths: Any) -> Iterator[str]:
    """The attributes whose own change replaces. One that follows from another's change is not its own."""
    for key, path in paths.items():
        for found in changes_of.get(key, {}).get("replace_paths", ()) if key[0] == type_ else ():
            dotted = ".".join(part for part in found if isinstance(part, str))
            if dotted == path or dotted.startswith(f"{path}.") or path.startswith(f"{dotted}."):
                yield max(dotted, path, key=len)


def _defaults(type_: str, block: Any, bases: Any, created: Any) -> Iterator[tuple[str, Any]]:
    for key in (key for key in bases if key[0] == type_ and key in created):
        for path, value in defaults(bases[key], created[key]["after"], block):
            if constant(value, bases[key]):
                yield path, value


def _updates(type_: str, changes_of: Any) -> list[Any]:
    return [change for key, change in changes_of.items() if key[0] == type_ and change["actions"] == ["update"]]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--types", help="only these, separated by commas")
    parser.add_argument("--check", action="store_true", help="compare with the sidecar, write nothing")
    parser.add_argument(
        "--verbose", action="store_true", help="say which questions the provider refused or saw no change in"
    )
    options = parser.parse_args()
    mirror = real_provider.find_mirror(VERSION)
    if mirror is None:
        print(real_provider.NOT_FOUND, file=sys.stderr)
        return 2
    types = set(options.types.split(",")) if options.types else None
    with tempfile.TemporaryDirectory() as folder:
        found = ask(Asker(Path(folder), mirror), types, options.verbose)
    kept = json.loads(SIDECAR.read_text()) if SIDECAR.exists() else {}
    if options.check:
        wrong = sorted(type_ for type_ in found if kept.get(type_) != found[type_])
        print(
            "\n".join(f"{type_}: sidecar {kept.get(type_)}, provider {found[type_]}" for type_ in wrong) or "the same"
        )
        return 1 if wrong else 0
    SIDECAR.parent.mkdir(parents=True, exist_ok=True)
    SIDECAR.write_text(json.dumps({**kept, **found}, indent=2, sort_keys=True) + "\n")
    print(f"{len(found)} types written to {SIDECAR.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
