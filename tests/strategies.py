"""Hypothesis strategies of valid manifests, and a TOML writer that knows on which line it put each key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from sesari.manifest import SourceFile, Sources, parse
from sesari.manifest.checks.names import RESERVED_ENVIRONMENTS, RESERVED_SERVICES
from sesari.manifest.checks.services import FARGATE
from sesari.model.manifest import Manifest

Tree = dict[str, Any]
Path = tuple[str, ...]

_product_names = st.from_regex(r"[a-z][a-z0-9]{0,3}(-[a-z0-9]{1,3})?", fullmatch=True).filter(
    lambda name: not f"{name}-".startswith(("xn--", "sthree-", "amzn-s3-demo-", "aws-", "internal-"))
)
_environment_names = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True).filter(
    lambda name: name not in RESERVED_ENVIRONMENTS
)
_names = st.from_regex(r"[a-z][a-z0-9]{0,4}(-[a-z0-9]{1,3})?", fullmatch=True).filter(
    lambda name: name not in RESERVED_SERVICES and not name.endswith("-dead")
)
_secret_names = st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True).filter(
    lambda name: not name.startswith("NEXT_PUBLIC_")
)
_folders = st.sampled_from([".", "api", "services/api", "apps/web-1", "a.b/c_d", "@scope/x", "deep/er/and/deeper"])
_regions = st.sampled_from(["us-east-1", "eu-central-1", "ap-southeast-2", "sa-east-1", "il-central-1"])
# Short texts of any kind: what is longer may look random, and is refused as a secret.
_values = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12).filter(lambda text: "://" not in text)
_durations = st.sampled_from(["1s", "90s", "2m", "12h", "600s"])
_sizes = st.sampled_from(
    [{"cpu": cpu, "memory": memory} for cpu, offered in FARGATE.items() for memory in offered]
).map(
    dict  # each its own: a test may change one
)


def _some(draw: st.DrawFn, tree: Tree, **optional: st.SearchStrategy[Any]) -> Tree:
    """Put in each optional key or leave it out."""
    for key, values in optional.items():
        if draw(st.booleans()):
            tree[key] = draw(values)
    return tree


@st.composite
def _scales(draw: st.DrawFn, kind: str) -> Tree:
    least = draw(st.integers(1 if kind == "api" else 0, 20))
    scale: Tree = {"min": least, "max": draw(st.integers(max(least, 1), 1000))}
    if kind == "worker":
        _some(draw, scale, latency=_durations, spot=st.one_of(st.floats(0, 1), st.sampled_from([0, 1])))
    return scale


@st.composite
def _services(draw: st.DrawFn, secrets: list[str]) -> Tree:
    kind = draw(st.sampled_from(["web", "api", "worker"]))
    service: Tree = {"kind": kind, "target": "vercel" if kind == "web" else "ecs", "path": draw(_folders)}
    if kind == "api":
        service["port"] = draw(st.integers(1, 65535))
        service["health"] = draw(st.sampled_from(["/", "/healthz", "/a/b.c~d-e_f"]))
    if secrets:
        _some(draw, service, secrets=st.lists(st.sampled_from(secrets), unique=True))
    if kind != "web":
        _some(draw, service, size=_sizes, scale=_scales(kind))
    free = _secret_names.filter(lambda name: name not in secrets)
    return _some(draw, service, variables=st.dictionaries(free, _values, max_size=3))


@st.composite
def _environments(draw: st.DrawFn, index: int, tree: Tree) -> Tree:
    services: Tree = tree["services"]
    environment: Tree = {
        "account": f"{index + 1:012}",
        "network": {"cidr": f"10.{index}.0.0/{draw(st.integers(16, 24))}"},
        # Always said, so that taking a service's kind away cannot make them needed.
        "vercel_team": f"team-{index}",
        "supabase_organization": f"org-{index}",
    }
    _some(draw, environment["network"], nat=st.sampled_from(["none", "single", "per_zone"]))
    emails = st.lists(st.sampled_from(["a@example.com", "b.c+d@example.org"]), unique=True)
    allowed = st.lists(st.sampled_from(["aws_sqs_queue", "module.jobs.aws_sqs_queue.this[0]"]), unique=True)
    _some(draw, environment, region=_regions, protect=st.booleans(), allow_destroy=allowed)
    _some(draw, environment, alarms=st.fixed_dictionaries({"emails": emails}))
    public = [name for name, service in services.items() if service["kind"] != "worker"]
    domains = {name: f"{name}-{index}.example.com" for name in public if draw(st.booleans())}
    if domains:
        environment["domains"] = domains
    overrides: Tree = {}
    for name, service in services.items():
        override: Tree = {}
        if service["kind"] != "web":
            _some(draw, override, size=_sizes, scale=_scales(service["kind"]))
        if override:
            overrides[name] = override
    if overrides:
        environment["services"] = overrides
    if "database" in tree:
        _some(draw, environment, database=st.fixed_dictionaries({"instance": st.just("small")}))
    return environment


@st.composite
def manifest_trees(draw: st.DrawFn) -> Tree:
    """What a valid `sesari.toml` holds, as plain values."""
    product: Tree = {"name": draw(_product_names), "repository": draw(st.sampled_from(["o/r", "Own-er/re.po_1"]))}
    delivery: Tree = {"account": "999999999999"}
    tree: Tree = {"product": _some(draw, product, region=_regions), "delivery": _some(draw, delivery, region=_regions)}
    secrets = draw(st.lists(_secret_names, max_size=4, unique=True))
    names = draw(st.lists(_names, min_size=1, max_size=5, unique=True))
    tree["services"] = {name: draw(_services(secrets)) for name in names}
    workers = [service for service in tree["services"].values() if service["kind"] == "worker"]
    queues = draw(st.lists(_names, min_size=len(workers), max_size=len(workers), unique=True))
    for worker, queue in zip(workers, queues, strict=True):
        worker["queue"] = queue
    if queues:
        own = {"visibility": _durations, "retention": st.just("9d")}
        tree["queues"] = {name: _some(draw, {"retries": 3}, **own) for name in queues}
    if draw(st.booleans()):
        database: Tree = {"target": "supabase"}
        tree["database"] = _some(draw, database, instance=st.sampled_from(["nano", "16xlarge"]), migrations=_folders)
    read = sorted({secret for service in tree["services"].values() for secret in service.get("secrets", [])})
    if read and draw(st.booleans()):
        tree["secrets"] = {read[0]: {"rotate": f"{draw(st.integers(1, 1000))}d", "description": "why"}}
    environments = draw(st.lists(_environment_names, min_size=1, max_size=3, unique=True))
    tree["environments"] = {name: draw(_environments(index, tree)) for index, name in enumerate(environments)}
    return tree


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """Valid manifests, parsed."""
    return parse(Sources(SourceFile("sesari.toml", written(draw(manifest_trees())).text)))


@dataclass
class Written:
    """A TOML text, and the line (1-based) of each table's header and each key."""

    lines: list[str] = field(default_factory=list)
    at: dict[Path, int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def put(self, path: Path, line: str) -> None:
        self.lines.append(line)
        self.at[path] = len(self.lines)


def written(tree: Tree) -> Written:
    """Write the tree with a header for each table and a line for each key."""
    out = Written()
    for path, table in _tables(tree, ()):
        if path:
            out.put(path, f"[{'.'.join(map(_key, path))}]")
        for name, value in table.items():
            if not isinstance(value, dict):
                out.put((*path, name), f"{_key(name)} = {_value(value)}")
    return out


def _tables(tree: Tree, path: Path) -> Iterator[tuple[Path, Tree]]:
    yield path, tree
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _tables(value, (*path, name))


def _key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else _value(name)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=True) if value.isascii() else _quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)


def _quoted(value: str) -> str:
    """JSON's escapes are TOML's but for characters beyond U+FFFF, which TOML escapes whole."""
    return '"' + "".join(f"\\U{ord(char):08x}" for char in value) + '"'
