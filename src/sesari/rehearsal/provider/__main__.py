"""`python -m sesari.rehearsal.provider`: an environment's provider doubles, until SIGTERM.

Prints one JSON line when ready: `{"ready": true, "pid": N, "reattach": {identity: TF_REATTACH_PROVIDERS document}}`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from sesari.rehearsal.provider.assembly import IDENTITIES, Habitat
from sesari.rehearsal.provider.backend import Backend
from sesari.rehearsal.provider.daemon import serve
from sesari.rehearsal.provider.fabricate import Place
from sesari.rehearsal.provider.reattach import reattach_document


def main(argv: list[str] | None = None) -> None:
    """Serve one environment. See the module for what is printed."""
    arguments = _parser().parse_args(argv)
    folder: Path = arguments.folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    habitat = Habitat(folder, arguments.environment, Place(arguments.account, arguments.region))
    serve(habitat, _emulated(arguments), _announce)


def _announce(sockets: Mapping[str, Mapping[str, str]]) -> None:
    pid = os.getpid()
    reattach = {identity: reattach_document(paths, pid) for identity, paths in sockets.items()}
    sys.stdout.write(json.dumps({"ready": True, "pid": pid, "reattach": reattach}) + "\n")
    sys.stdout.flush()


def _emulated(arguments: argparse.Namespace) -> dict[str, dict[str, Backend]]:
    if arguments.emulator is None:
        return {}
    from sesari.rehearsal.aws.backend import emulated_backend  # boto3 is slow to import and not always wanted

    credentials: Path = arguments.credentials or arguments.folder
    return {
        identity: emulated_backend(
            endpoint=arguments.emulator,
            account=arguments.account,
            region=arguments.region,
            credentials=credentials / f"{identity}.json",
        )
        for identity in IDENTITIES
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sesari.rehearsal.provider", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where this environment's records are kept")
    parser.add_argument("--environment", required=True)
    parser.add_argument("--account", required=True, help="the 12-digit AWS account of the environment")
    parser.add_argument("--region", required=True)
    parser.add_argument("--emulator", help="URL of the AWS emulator; without it every type is recorded only")
    parser.add_argument("--credentials", type=Path, help="folder of <identity>.json files; default: --folder")
    return parser


if __name__ == "__main__":
    main()
