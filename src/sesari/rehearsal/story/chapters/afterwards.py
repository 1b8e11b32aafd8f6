"""What is left on this machine when all is done."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import psutil

from sesari.rehearsal.cloud_folder import CloudFolder
from sesari.rehearsal.story.stage import Stage
from sesari.rehearsal.story.telling import Telling

# The closed list of what may hold secrets, because in life it is not on this machine: the emulated AWS's own data, what
# the double of Supabase was told, and the credentials that stand for those of a CI job.
VAULTS = ("aws", "supabase.sqlite", "supabase.sqlite-wal", "supabase.sqlite-shm", "credentials", "tokens.json")
_SHORTEST = 12


def play(stage: Stage, telling: Telling) -> str:
    """Searches every file for what must not be there, and looks at the ports that were open."""
    with telling.proving("afterwards.no-secret") as evidence:
        found, files = _leaks(stage)
        evidence.settle(not found and files > 0, "; ".join(found[:3]) or f"{len(stage.secrets)} values, {files} files")
    with telling.proving("afterwards.loopback") as evidence:
        open_to_others, listening = _open_ports(stage)
        told = f"{listening} ports, all on 127.0.0.1" if listening else "no port was found to look at"
        evidence.settle(not open_to_others and listening > 0, "; ".join(open_to_others) or told)
    with telling.proving("afterwards.labelled") as evidence:
        evidence.settle(*_labelled(stage))
    return ""


def _leaks(stage: Stage) -> tuple[list[str], int]:
    values = [value.encode() for value in stage.secrets if len(value) >= _SHORTEST]
    found, files = [], 0
    for path in _written(stage.cloud.folder.parent):
        files += 1
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        found += [f"a secret lies in {path}" for value in values if value in content][:1]
    return found, files


def _written(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not set(VAULTS) & set(path.relative_to(folder).parts):
            yield path


def _open_ports(stage: Stage) -> tuple[list[str], int]:
    wrong, listening = [], 0
    for pid in CloudFolder(stage.cloud.folder).read().pids.values():
        for connection in psutil.Process(pid).net_connections(kind="inet"):
            if connection.status != psutil.CONN_LISTEN:
                continue
            listening += 1
            if connection.laddr.ip not in ("127.0.0.1", "::1"):
                wrong.append(f"process {pid} listens on {connection.laddr.ip}:{connection.laddr.port}")
    return wrong, listening


def _labelled(stage: Stage) -> tuple[bool, str]:
    labelled = {(name, each.address) for name, found in stage.resources.items() for each in found}
    known = {(name, address) for name, found in stage.states.items() for address, _ in found}
    unlabelled = sorted(address for _, address in known - labelled)
    counted = len(known)
    return bool(counted) and not unlabelled, ", ".join(
        unlabelled
    ) or f"{counted} resources, {len(stage.resources)} environments"
