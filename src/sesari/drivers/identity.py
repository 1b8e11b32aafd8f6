"""Who the credentials are: each provider is asked, nothing is derived from a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sesari.drivers.aws_session import aws_error
from sesari.errors import Problem, SesariError
from sesari.model.json import Json

VERCEL_API = "https://api.vercel.com"
SUPABASE_API = "https://api.supabase.com"
_TIMEOUT = 15.0


def aws_account(client: Any) -> str:
    """The 12-digit account of a boto3 STS client's credentials. Raises SesariError."""
    import botocore.exceptions

    try:
        return str(client.get_caller_identity()["Account"])
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        raise aws_error(error, "sts:GetCallerIdentity") from error


def vercel_team(variables: Mapping[str, str], expected: str) -> str | None:
    """`expected` (a team's id or slug) when this token reaches that team, else the one it does reach, None for none.

    https://vercel.com/docs/rest-api/reference/endpoints/teams/get-a-team
    """
    base = variables.get("SESARI_VERCEL_API", VERCEL_API)
    answer = _get("Vercel", base, f"/v2/teams/{expected}", variables.get("VERCEL_API_TOKEN"), "VERCEL_API_TOKEN")
    names = [str(answer[name]) for name in ("id", "slug") if answer.get(name)] if isinstance(answer, dict) else []
    return expected if expected in names else next(iter(names), None)


def supabase_organization(variables: Mapping[str, str], expected: str) -> str | None:
    """`expected` when this token reaches that organisation, else the one it does reach; None when it reaches none.

    Organisations are named by id or slug: https://supabase.com/docs/reference/api/v1-list-all-organizations
    """
    base = variables.get("SESARI_SUPABASE_API", SUPABASE_API)
    token = variables.get("SUPABASE_ACCESS_TOKEN")
    answer = _get("Supabase", base, "/v1/organizations", token, "SUPABASE_ACCESS_TOKEN")
    entries = [entry for entry in answer if isinstance(entry, dict)] if isinstance(answer, list) else []
    names = [str(value) for entry in entries for value in (entry.get("slug"), entry.get("id")) if value]
    return expected if expected in names else next(iter(names), None)


def _get(provider: str, base: str, path: str, token: str | None, variable: str) -> Json:
    if not token:
        raise SesariError(
            Problem(
                "token-missing",
                f"There is no token for {provider}",
                where=variable,
                hint=f"Set {variable} to this environment's token",
            )
        )
    import httpx

    url = base.rstrip("/") + path
    try:
        answer = httpx.get(url, headers={"authorization": f"Bearer {token}"}, timeout=_TIMEOUT)
        if answer.status_code in (403, 404):
            return None
        answer.raise_for_status()
        found: Json = answer.json()
    except httpx.HTTPStatusError as error:
        why = f"HTTP {error.response.status_code}"
        hint = f"Check {variable}" if error.response.status_code == 401 else "Run the command again later"
        raise SesariError(Problem("identity-refused", f"{provider} did not say who we are", url, why, hint)) from None
    except (httpx.HTTPError, ValueError) as error:
        why = type(error).__name__
        raise SesariError(
            Problem("identity-unreachable", f"{provider} could not be asked who we are", url, why)
        ) from None
    return found
