"""The folder of an offline cloud: what runs there, its private files, and that only one cloud lives in it."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from sesari.errors import Problem, SesariError
from sesari.model.json import JsonObject

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Site:
    """One environment, or the delivery account, as the cloud knows it. `reattach` by purpose, as Terraform wants it."""

    name: str
    account: str
    region: str
    vercel_team: str | None
    supabase_organization: str | None
    reattach: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Record:
    """What `cloud.json` says of a running cloud: enough to use it from another process, and no secret."""

    product: str
    repository: str
    emulator: int
    standins: int
    pids: Mapping[str, int]
    sites: Mapping[str, Site]


class CloudFolder:
    """Paths below one folder. Everything the cloud writes is here, private to the user."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def record_file(self) -> Path:
        return self.root / "cloud.json"

    @property
    def aws(self) -> Path:
        return self.root / "aws"

    @property
    def tokens_file(self) -> Path:
        return self.root / "tokens.json"

    @property
    def credentials(self) -> Path:
        return self.root / "credentials"

    def log(self, name: str) -> Path:
        return self.root / "logs" / f"{name}.log"

    def environment(self, name: str) -> Path:
        """The provider doubles' folder of one environment."""
        return self.root / "environments" / name

    def lock(self) -> TextIO:
        """Hold the folder; the lock goes with the process. Raises SesariError when another cloud runs here."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.fdopen(os.open(self.root / "cloud.lock", os.O_RDWR | os.O_CREAT, 0o600), "a")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            raise SesariError(
                Problem(
                    "rehearsal-already-running",
                    "An offline cloud runs in this folder already",
                    where=str(self.root),
                    hint=f"Use it with SESARI_REHEARSAL={self.root}, or stop the process that started it",
                )
            ) from None
        return handle

    def write(self, record: Record) -> None:
        write_private(self.record_file, json.dumps({"format": _FORMAT, **asdict(record)}, indent=1).encode())

    def read(self) -> Record:
        """Raises SesariError when no cloud was started here, or its record cannot be read."""
        try:
            held: JsonObject = json.loads(self.record_file.read_text(encoding="utf-8"))
            return _record(held)
        except FileNotFoundError:
            why = "it has no cloud.json"
        except (OSError, ValueError, KeyError, TypeError) as problem:
            why = f"cloud.json cannot be read: {problem}"
        raise SesariError(
            Problem(
                "rehearsal-not-running",
                "No offline cloud runs in this folder",
                where=str(self.root),
                why=why,
                hint="`sesari rehearse --keep` starts one and leaves it running",
            )
        )

    def tokens(self, teams: Iterable[str], organizations: Iterable[str]) -> dict[str, dict[str, str]]:
        """The stand-ins' tokens by provider and account id: made once, kept over restarts."""
        held = self.read_tokens() if self.tokens_file.exists() else {"vercel": {}, "supabase": {}}
        for provider, names in (("vercel", teams), ("supabase", organizations)):
            for name in names:
                held[provider].setdefault(name, secrets.token_urlsafe(24))
        write_private(self.tokens_file, json.dumps(held).encode())
        return held

    def read_tokens(self) -> dict[str, dict[str, str]]:
        tokens: dict[str, dict[str, str]] = json.loads(self.tokens_file.read_text(encoding="utf-8"))
        return tokens


def _record(held: JsonObject) -> Record:
    if held.pop("format") != _FORMAT:
        raise ValueError("it is of another version of Sesari")
    fields: dict[str, object] = dict(held)
    sites = held["sites"]
    if not isinstance(sites, dict):
        raise TypeError("`sites` is no object")
    fields["sites"] = {name: Site(**site) for name, site in sites.items()}  # type: ignore[arg-type]
    return Record(**fields)  # type: ignore[arg-type]


def write_private(path: Path, body: bytes) -> None:
    """Replace a file atomically, readable by the user only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(path)
