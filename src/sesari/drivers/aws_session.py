"""AWS clients from a Reach's variables, never from this process's own environment.

botocore takes long to import beside a small plan: it is imported by the first call, which the pipeline lets happen
while Terraform runs.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from sesari.errors import Problem, SesariError

if TYPE_CHECKING:
    import botocore.exceptions
    import botocore.session


@cache
def service_models() -> Any:
    """One loader for the process: it holds the service models (up to 20 MB each) and no credentials."""
    import botocore.loaders

    return botocore.loaders.create_loader()


class AwsSession:
    """Makes clients for one set of credentials and one endpoint, each once; for any thread."""

    def __init__(self, variables: Mapping[str, str], region: str) -> None:
        self._variables = variables
        self._region = region
        self._lock = threading.Lock()
        self._session: botocore.session.Session | None = None
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """A low-level client. Raises SesariError when the profile or the credentials are missing."""
        import botocore.config
        import botocore.exceptions

        with self._lock:
            if service in self._clients:
                return self._clients[service]
            config = botocore.config.Config(
                connect_timeout=10, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4}
            )
            try:
                self._session = self._session or _session(self._variables, self._region)
                client = self._session.create_client(
                    service, self._region, endpoint_url=self._variables.get("AWS_ENDPOINT_URL"), config=config
                )
            except botocore.exceptions.BotoCoreError as error:
                raise aws_error(error, service) from error
            return self._clients.setdefault(service, client)


def _session(variables: Mapping[str, str], region: str) -> botocore.session.Session:
    import botocore.session

    keyed = "AWS_ACCESS_KEY_ID" in variables
    role, token = variables.get("AWS_ROLE_ARN"), variables.get("AWS_WEB_IDENTITY_TOKEN_FILE")
    core = botocore.session.Session(profile=None if keyed or (role and token) else variables.get("AWS_PROFILE"))
    core.register_component("data_loader", service_models())
    if keyed:
        core.set_credentials(
            variables["AWS_ACCESS_KEY_ID"],
            variables.get("AWS_SECRET_ACCESS_KEY"),
            variables.get("AWS_SESSION_TOKEN"),
        )
    elif role and token:
        _become(core, role, token, region, variables.get("AWS_ENDPOINT_URL"))
    return core


def _become(core: botocore.session.Session, role: str, token: str, region: str, endpoint: str | None) -> None:
    """The session's credentials are the role's, renewed from the token file when they are about to expire."""
    import botocore.credentials
    import botocore.utils

    def make_client(service: str, **options: Any) -> Any:
        return core.create_client(service, **{"region_name": region, "endpoint_url": endpoint, **options})

    fetcher = botocore.credentials.AssumeRoleWithWebIdentityCredentialFetcher(
        client_creator=make_client,
        web_identity_token_loader=botocore.utils.FileWebIdentityTokenLoader(token),
        role_arn=role,
        extra_args={"RoleSessionName": f"sesari-{uuid.uuid4().hex[:12]}"},
    )
    core._credentials = botocore.credentials.DeferredRefreshableCredentials(
        method="assume-role-with-web-identity", refresh_using=fetcher.fetch_credentials
    )


_DENIED = {"AccessDenied", "AccessDeniedException", "403", "Forbidden"}
_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


def aws_error(error: Exception, where: str) -> SesariError:
    """A botocore exception as one clear error; the message is AWS's own, which holds no credential."""
    import botocore.exceptions

    if isinstance(error, botocore.exceptions.ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        why = f"{code}: {error.response.get('Error', {}).get('Message', '')}"
        if code in _DENIED:
            return SesariError(Problem("aws-denied", "AWS denied the request", where, why, _denied_hint(error)))
        if code in _CREDENTIALS:
            hint = "Get new credentials for this environment's account and run the command again"
            return SesariError(Problem("aws-credentials", "AWS did not accept the credentials", where, why, hint))
        return SesariError(Problem("aws-error", f"AWS refused {error.operation_name}", where, why))
    if isinstance(error, botocore.exceptions.EndpointConnectionError | botocore.exceptions.HTTPClientError):
        hint = "Check the network, then run the command again: nothing was lost"
        return SesariError(Problem("aws-unreachable", "AWS could not be reached", where, str(error), hint))
    if isinstance(error, botocore.exceptions.NoCredentialsError | botocore.exceptions.ProfileNotFound):
        hint = "Set AWS_PROFILE, or sign in, with the role of this environment"
        return SesariError(Problem("aws-credentials", "There are no AWS credentials", where, str(error), hint))
    return SesariError(Problem("aws-error", "The AWS client failed", where, f"{type(error).__name__}: {error}"))


def _denied_hint(error: botocore.exceptions.ClientError) -> str:
    return f"The role in use must allow {error.operation_name}: is it this environment's own?"
