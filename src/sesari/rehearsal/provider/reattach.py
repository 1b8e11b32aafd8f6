"""What TF_REATTACH_PROVIDERS must say for Terraform to use providers that already run. PURE."""

from __future__ import annotations

import json
from collections.abc import Mapping


def reattach_document(sockets: Mapping[str, str], pid: int) -> dict[str, object]:
    """`sockets` maps a provider's full registry address to the path of its unix socket."""
    return {
        address: {
            "Protocol": "grpc",
            "ProtocolVersion": 6,
            "Pid": pid,
            "Test": True,  # Terraform then leaves the process alone when it is done
            "Addr": {"Network": "unix", "String": path},
        }
        for address, path in sockets.items()
    }


def reattach_variable(sockets: Mapping[str, str], pid: int) -> str:
    """The variable's value."""
    return json.dumps(reattach_document(sockets, pid), separators=(",", ":"), sort_keys=True)
