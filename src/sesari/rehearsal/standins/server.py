"""The stand-ins' process: `python -m sesari.rehearsal.standins.server --tokens FILE [--port N]`.

The file is JSON: `{"vercel": {team: token}, "supabase": {organisation: token}}`. The paths of the two APIs do not
meet, so both live on one port.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from sesari.rehearsal.serving import listen, run
from sesari.rehearsal.standins.supabase import supabase_routes
from sesari.rehearsal.standins.vercel import vercel_routes


def application(tokens: dict[str, dict[str, str]]) -> Starlette:
    """Both APIs, and `/health`."""

    async def health(request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    teams, organizations = _by_token(tokens["vercel"]), _by_token(tokens["supabase"])
    return Starlette(routes=[Route("/health", health), *vercel_routes(teams), *supabase_routes(organizations)])


def _by_token(tokens: dict[str, str]) -> dict[str, str]:
    return {token: name for name, token in tokens.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="The stand-ins for Vercel and Supabase.")
    parser.add_argument("--tokens", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    tokens = json.loads(arguments.tokens.read_text(encoding="utf-8"))
    run(listen(arguments.port), application(tokens))


if __name__ == "__main__":
    main()
