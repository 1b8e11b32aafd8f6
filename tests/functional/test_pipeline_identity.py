"""Vercel and Supabase are asked who we are: the right answer, another's, none, and every way in which they fail."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sesari.drivers.identity import supabase_organization, vercel_team
from sesari.errors import SesariError

TOKEN = "a-token-that-must-not-be-shown"
ANSWERS = {
    "/v2/teams/acme-staging": (200, {"id": "team_1", "slug": "acme-staging"}),
    "/v2/teams/team_1": (200, {"id": "team_1", "slug": "acme-staging"}),
    "/v2/teams/renamed": (200, {"id": "team_2", "slug": "other"}),
    "/v2/teams/closed": (403, {"error": {"code": "forbidden"}}),
    "/v2/teams/gone": (404, {}),
    "/v2/teams/expired": (401, {}),
    "/v2/teams/down": (503, {}),
    "/v2/teams/odd": (200, ["not", "an", "object"]),
    "/v1/organizations": (200, [{"id": "org-1", "slug": "acme"}, "odd"]),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = ANSWERS.get(self.path, (404, {}))
        if self.headers["authorization"] != f"Bearer {TOKEN}":
            status, body = 401, {}
        sent = b"<html>" if self.path.endswith("/broken") else json.dumps(body).encode()
        self.send_response(200 if self.path.endswith("/broken") else status)
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, format: str, *args: object) -> None:
        """The test says what matters."""


@pytest.fixture(scope="module")
def variables() -> Iterator[dict[str, str]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    yield {
        "SESARI_VERCEL_API": url,
        "SESARI_SUPABASE_API": url + "/",
        "VERCEL_API_TOKEN": TOKEN,
        "SUPABASE_ACCESS_TOKEN": TOKEN,
    }
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("acme-staging", "acme-staging"),
        ("team_1", "team_1"),
        ("renamed", "team_2"),
        ("closed", None),
        ("gone", None),
        ("odd", None),
    ],
)
def test_the_vercel_team(variables: dict[str, str], expected: str, found: str | None) -> None:
    assert vercel_team(variables, expected) == found


def test_the_supabase_organization(variables: dict[str, str]) -> None:
    assert supabase_organization(variables, "acme") == "acme"
    assert supabase_organization(variables, "org-1") == "org-1"
    assert supabase_organization(variables, "another") == "acme"


@pytest.mark.parametrize(
    ("expected", "change", "code"),
    [
        ("expired", {}, "identity-refused"),
        ("down", {}, "identity-refused"),
        ("team_1", {"VERCEL_API_TOKEN": "wrong"}, "identity-refused"),
        ("team_1", {"VERCEL_API_TOKEN": ""}, "token-missing"),
        ("broken", {}, "identity-unreachable"),
        ("team_1", {"SESARI_VERCEL_API": "http://127.0.0.1:9"}, "identity-unreachable"),
    ],
)
def test_every_failure_is_named_and_shows_no_token(
    variables: dict[str, str], expected: str, change: dict[str, str], code: str
) -> None:
    with pytest.raises(SesariError) as caught:
        vercel_team({**variables, **change}, expected)
    assert caught.value.codes == (code,)
    assert TOKEN not in str(caught.value.problems)
