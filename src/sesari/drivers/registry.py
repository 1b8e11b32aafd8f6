"""A container registry's `/v2/` API: what is there, pushing blobs and manifests, copying between registries.

Source: the OCI distribution specification 1.1; the token flow is distribution.github.io/distribution/spec/auth/token.
"""

from __future__ import annotations

import base64
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from sesari.errors import Problem, SesariError
from sesari.model.image import Descriptor, RegistryAddress
from sesari.model.secret import Secret

# `user:password`, fetched when the registry first asks for it.
Credentials = Callable[[], Secret]

_ATTEMPTS: Final = 5
_PIECE: Final = 1 << 20
_ACCEPT: Final = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "oci.image.manifest.v1",
        "oci.image.index.v1",
        "docker.distribution.manifest.v2",
        "docker.distribution.manifest.list.v2",
    )
)


class Registry:
    """One registry, thread-safe. Call `close`, or use it as a context."""

    def __init__(
        self,
        address: RegistryAddress,
        credentials: Credentials | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.address = address
        self._credentials = credentials
        self._sleep = sleep
        self._lock = threading.Lock()
        self._authorization: dict[str, str] = {}
        local = urlsplit(address.url).hostname in ("127.0.0.1", "localhost", "::1")
        # A proxy of the machine has no business between us and a loopback registry.
        self._client = httpx.Client(
            base_url=address.url, timeout=httpx.Timeout(60, connect=10), follow_redirects=True, trust_env=not local
        )

    def __enter__(self) -> Registry:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def host(self) -> str:
        """Its name in references."""
        return self.address.host

    def close(self) -> None:
        self._client.close()

    def manifest(self, repository: str, reference: str) -> tuple[bytes, str] | None:
        """A manifest's bytes and media type, None when there is none. `reference`: a tag or a digest."""
        answer = self._ask("GET", repository, f"manifests/{reference}", headers={"Accept": _ACCEPT}, missing=True)
        return None if answer is None else (answer.content, answer.headers.get("content-type", "").split(";")[0])

    def manifest_digest(self, repository: str, reference: str) -> str | None:
        """The digest that a tag names now, None when there is none."""
        answer = self._ask("HEAD", repository, f"manifests/{reference}", headers={"Accept": _ACCEPT}, missing=True)
        return None if answer is None else answer.headers.get("docker-content-digest")

    def put_manifest(self, repository: str, reference: str, body: bytes, media_type: str) -> None:
        """Put a manifest under a tag or its digest. Raises SesariError."""
        self._ask("PUT", repository, f"manifests/{reference}", content=body, headers={"Content-Type": media_type})

    def has_blob(self, repository: str, digest: str) -> bool:
        return self._ask("HEAD", repository, f"blobs/{digest}", missing=True) is not None

    def blob(self, repository: str, digest: str) -> bytes:
        """A small blob as a whole (a configuration). Raises SesariError."""
        answer = self._ask("GET", repository, f"blobs/{digest}")
        return b"" if answer is None else answer.content

    def mount(self, repository: str, digest: str, origin: str) -> bool:
        """Take a blob over from another repository of this registry; False when the registry did not."""
        path = f"blobs/uploads/?mount={digest}&from={origin}"
        answer = self._ask("POST", repository, path, missing=True)
        if answer is not None and answer.status_code == 202:
            self._ask("DELETE", repository, answer.headers["location"], missing=True)
        return answer is not None and answer.status_code == 201

    def upload(self, repository: str, blob: Descriptor, source: Callable[[], Iterable[bytes]]) -> None:
        """Send a blob. `source` gives its bytes, and gives them again when the registry has to be asked again."""
        for attempt in range(_ATTEMPTS):
            begun = self._ask("POST", repository, "blobs/uploads/")
            location = begun.headers["location"] if begun is not None else ""
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(blob.size)}
            sent = self._once("PATCH", repository, location, content=iter(source()), headers=headers)
            if sent is not None and sent.status_code == 202:
                where = sent.headers.get("location", location)
                joint = "&" if "?" in where else "?"
                self._ask("PUT", repository, f"{where}{joint}digest={blob.digest}")
                return
            if sent is not None and sent.status_code < 500 and sent.status_code != 429:
                raise self._refused("PATCH", repository, sent)
            self._sleep(0.2 * 2**attempt)
        raise self._unreachable(repository, f"an upload of {blob.size} bytes failed {_ATTEMPTS} times")

    def stream(self, repository: str, digest: str) -> Iterator[bytes]:
        """A blob's bytes in pieces. Raises SesariError."""
        path = f"/v2/{repository}/blobs/{digest}"
        # Asked first, so that the registry's challenge is answered before the long answer begins.
        self._ask("HEAD", repository, f"blobs/{digest}")
        with self._client.stream("GET", path, headers=self._headers(repository, {})) as answer:
            if answer.status_code != 200:
                answer.read()
                raise self._refused("GET", repository, answer)
            yield from answer.iter_bytes(_PIECE)

    def _ask(
        self,
        method: str,
        repository: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        missing: bool = False,
    ) -> httpx.Response | None:
        """The answer; None for a 404 where that is an answer. Raises SesariError for any other refusal."""
        answer = None
        for attempt in range(_ATTEMPTS):
            answer = self._once(method, repository, path, content=content, headers=headers)
            if answer is not None and answer.status_code == 401 and self._authorize(repository, answer):
                answer = self._once(method, repository, path, content=content, headers=headers)
            if answer is not None and answer.status_code != 429 and answer.status_code < 500:
                break
            self._sleep(0.2 * 2**attempt)
        if answer is None:
            raise self._unreachable(repository, "it did not answer")
        if answer.status_code == 404 and missing:
            return None
        if answer.status_code >= 400:
            raise self._refused(method, repository, answer)
        return answer

    def _once(
        self,
        method: str,
        repository: str,
        path: str,
        *,
        content: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response | None:
        """One try; None when there was no answer."""
        url = path if path.startswith(("/", "http:", "https:")) else f"/v2/{repository}/{path}"
        try:
            return self._client.request(method, url, content=content, headers=self._headers(repository, headers or {}))
        except httpx.TransportError:
            return None

    def _headers(self, repository: str, headers: Mapping[str, str]) -> dict[str, str]:
        known = {"Host": self.address.host} if urlsplit(self.address.url).netloc != self.address.host else {}
        authorization = self._authorization.get(repository)
        return {**known, **({"Authorization": authorization} if authorization else {}), **headers}

    def _authorize(self, repository: str, answer: httpx.Response) -> bool:
        """Get what the challenge asks for; False when there is nothing more to offer."""
        challenge = answer.headers.get("www-authenticate", "")
        scheme, _, rest = challenge.partition(" ")
        before = self._authorization.get(repository)
        with self._lock:
            if self._authorization.get(repository) not in (None, before):
                return True  # another thread was faster
            if scheme.lower() == "basic" and self._credentials is not None:
                self._authorization[repository] = _basic(self._credentials())
            elif scheme.lower() == "bearer":
                self._authorization[repository] = f"Bearer {self._token(repository, rest)}"
        return self._authorization.get(repository) not in (None, before)

    def _token(self, repository: str, challenge: str) -> str:
        parameters = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        query = {name: parameters[name] for name in ("service", "scope") if name in parameters}
        query.setdefault("scope", f"repository:{repository}:pull")
        headers = {"Authorization": _basic(self._credentials())} if self._credentials else {}
        try:
            answer = self._client.get(parameters.get("realm", ""), params=query, headers=headers)
            value: Any = answer.json()
            return str(value.get("token") or value["access_token"])
        except (httpx.HTTPError, KeyError, ValueError, AttributeError) as error:
            where = f"{self.address.host}/{repository}"
            hint = "Check the credentials for this registry"
            raise SesariError(Problem("registry-denied", "The registry gave no token", where, None, hint)) from error

    def _refused(self, method: str, repository: str, answer: httpx.Response) -> SesariError:
        where = f"{self.address.host}/{repository}"
        why = f"{method} answered {answer.status_code}: {_reason(answer)}"
        if answer.status_code in (401, 403):
            hint = "The role in use must be allowed to push to this environment's repository"
            return SesariError(Problem("registry-denied", "The registry denied the request", where, why, hint))
        if answer.status_code == 404:
            hint = "`sesari plan` and `sesari apply` make the repositories; is this the right environment?"
            return SesariError(Problem("registry-unknown", "The registry does not know this", where, why, hint))
        return SesariError(Problem("registry-refused", "The registry refused the request", where, why))

    def _unreachable(self, repository: str, why: str) -> SesariError:
        hint = "Check the network, then run the command again: what was sent is not sent again"
        where = f"{self.address.host}/{repository}"
        return SesariError(Problem("registry-unreachable", "The registry could not be reached", where, why, hint))


def file_pieces(path: Path) -> Callable[[], Iterator[bytes]]:
    """A source for `upload`: the file from its beginning, each time."""

    def pieces() -> Iterator[bytes]:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    return pieces


def ecr_credentials(client: Any) -> Credentials:
    """ECR's own, good for twelve hours. `client` is boto3's for ECR. Errors are `drivers.aws_session`'s."""

    def ask() -> Secret:
        from botocore.exceptions import BotoCoreError, ClientError

        from sesari.drivers.aws_session import aws_error

        try:
            token = client.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        except (BotoCoreError, ClientError) as error:
            raise aws_error(error, "ecr") from error
        return Secret(base64.b64decode(token).decode())

    return ask


def _basic(credentials: Secret) -> str:
    return f"Basic {base64.b64encode(credentials.reveal().encode()).decode()}"


def _reason(answer: httpx.Response) -> str:
    try:
        first = answer.json()["errors"][0]
        return f"{first.get('code', '')} {first.get('message', '')}".strip()
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return answer.reason_phrase
