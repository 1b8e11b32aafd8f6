"""The stand-ins' process: `python -m sesari.rehearsal.standins.server --tokens FILE [--port N]`.

The file is JSON: `{"vercel": {team: token}, "supabase": {organisation: token}}`. The paths of the two APIs do not
meet, so both live on one port. What they keep is in the folder of that file, the cloud's.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from sesari.rehearsal.serving import listen, run
from sesari.rehearsal.standins.supabase import supabase_routes
from sesari.rehearsal.standins.vercel import OfflineVercel


def application(tokens: dict[str, dict[str, str]], cloud: Path) -> Starlette:
    """Both APIs, and `/health`. `cloud` is the offline cloud's folder."""

    async def health(request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    teams, organizations = _by_token(tokens["vercel"]), _by_token(tokens["supabase"])
    vercel = OfflineVercel(teams, cloud)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await vercel.start()
        try:
            yield
        finally:
            await vercel.stop()

    routes = [Route("/health", health), *vercel.routes, *supabase_routes(organizations)]
    return Starlette(routes=routes, lifespan=lifespan)


def _by_token(tokens: dict[str, str]) -> dict[str, str]:
    return {token: name for name, token in tokens.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="The stand-ins for Vercel and Supabase.")
    parser.add_argument("--tokens", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    tokens = json.loads(arguments.tokens.read_text(encoding="utf-8"))
    run(listen(arguments.port), application(tokens, arguments.tokens.absolute().parent))


if __name__ == "__main__":
    main()
