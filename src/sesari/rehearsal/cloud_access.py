"""Credentials of the offline cloud, had the way CI has them: a signed identity exchanged for a role's."""

from __future__ import annotations

import base64
import http.client
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from sesari.errors import Problem, SesariError
from sesari.model.access import Purpose, Reach
from sesari.rehearsal.cloud_folder import Site, write_private

ISSUER = "https://token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
ROOT_SECRET = "rehearsal"  # noqa: S105  (the emulator accepts any secret for an account's root)


def subject(repository: str, environment: str, purpose: Purpose) -> str:
    """GitHub's OIDC subject of a job of that environment."""
    return f"repo:{repository}:environment:{environment}{'-plan' if purpose is Purpose.PLAN else ''}"


def web_identity(subject_: str, now: float) -> str:
    """A JWT as GitHub issues it, but for the signature, which the emulator does not check."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject_, "iat": int(now), "exp": int(now) + 600}
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, "cmVoZWFyc2Fs"])


def root_credentials(account: str) -> dict[str, str]:
    """The key of an account's root: for `bootstrap` only, as in life."""
    return {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": ROOT_SECRET}


def role_credentials(port: int, role: str, subject_: str) -> dict[str, str]:
    """Temporary credentials of a role. Raises SesariError when the role does not admit the subject, or is not there."""
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": role,
        "RoleSessionName": "sesari",
        "WebIdentityToken": web_identity(subject_, time.time()),
    }
    status, text = _post(port, urlencode(form))
    found = {name: re.search(f"<{name}>([^<]+)</{name}>", text) for name in _FIELDS.values()}
    if status != 200 or not all(found.values()):
        reason = re.search("<Message>([^<]+)</Message>", text)
        raise SesariError(
            Problem(
                "role-not-assumed",
                f"`{subject_}` may not become `{role.rsplit('/', 1)[-1]}`",
                where=role,
                why=reason[1] if reason else f"the emulator answered {status}",
                hint="The roles are made by `sesari bootstrap`; run it for this environment and for the delivery store",
            )
        )
    return {variable: match[1] for variable, name in _FIELDS.items() if (match := found[name])}


_FIELDS = {
    "AWS_ACCESS_KEY_ID": "AccessKeyId",
    "AWS_SECRET_ACCESS_KEY": "SecretAccessKey",
    "AWS_SESSION_TOKEN": "SessionToken",
}


def _post(port: int, form: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/", form, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    except OSError as problem:
        raise SesariError(
            Problem("rehearsal-not-running", "The offline cloud does not answer", f"127.0.0.1:{port}", str(problem))
        ) from problem
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class RehearsalAccess:
    """Implements `model.access.Access` on a running cloud.

    `sites` by name, the delivery account's under `delivery`; `tokens` are the stand-ins', by provider and account id.
    """

    product: str
    repository: str
    emulator: int
    standins: int
    sites: Mapping[str, Site]
    tokens: Mapping[str, Mapping[str, str]]
    credentials: Path

    def reach(self, environment: str, purpose: Purpose) -> Reach:
        """Fresh credentials each time; the provider daemon of the environment gets the same ones."""
        site = self._site(environment)
        own = self._own(site, purpose)
        text = json.dumps(own)
        write_private(self.credentials / environment / f"{purpose.value}.json", text.encode())
        delivery = self._delivery(site, purpose)
        return Reach({**own, **self._surroundings(site, purpose), **delivery}, rehearsal=True)

    def _site(self, environment: str) -> Site:
        if environment in self.sites:
            return self.sites[environment]
        known = ", ".join(f"`{name}`" for name in self.sites)
        raise SesariError(
            Problem(
                "unknown-environment", f"The offline cloud has no environment `{environment}`", why=f"It has {known}"
            )
        )

    def _own(self, site: Site, purpose: Purpose) -> dict[str, str]:
        if purpose is Purpose.BOOTSTRAP or site.name == "delivery":
            return root_credentials(site.account)
        role = f"arn:aws:iam::{site.account}:role/{self.product}-{site.name}-{purpose.value}"
        return role_credentials(self.emulator, role, subject(self.repository, site.name, purpose))

    def _delivery(self, site: Site, purpose: Purpose) -> dict[str, str]:
        delivery = self.sites["delivery"]
        if purpose is Purpose.BOOTSTRAP or site.name == "delivery":
            held = root_credentials(delivery.account)
        else:
            role = f"arn:aws:iam::{delivery.account}:role/{self.product}-delivery-{site.name}"
            held = role_credentials(self.emulator, role, subject(self.repository, site.name, purpose))
        place = {"AWS_REGION": delivery.region, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.emulator}"}
        return {f"SESARI_DELIVERY_{name}": value for name, value in {**held, **place}.items()}

    def _surroundings(self, site: Site, purpose: Purpose) -> dict[str, str]:
        standins = f"http://127.0.0.1:{self.standins}"
        variables = {
            "AWS_REGION": site.region,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.emulator}",
            "AWS_EC2_METADATA_DISABLED": "true",
            "TF_REATTACH_PROVIDERS": json.dumps(site.reattach[purpose.value]),
            "SESARI_VERCEL_API": standins,
            "SESARI_SUPABASE_API": standins,
        }
        if site.vercel_team:
            variables["VERCEL_API_TOKEN"] = self.tokens["vercel"][site.vercel_team]
        if site.supabase_organization:
            variables["SUPABASE_ACCESS_TOKEN"] = self.tokens["supabase"][site.supabase_organization]
        return variables
