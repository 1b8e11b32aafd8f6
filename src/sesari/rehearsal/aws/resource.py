"""The description of one emulated Terraform type, and the clients its functions call with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sesari.drivers.aws_session import service_models
from sesari.rehearsal.aws.state import State


@dataclass(frozen=True, slots=True)
class Credentials:
    """An AWS identity; `token` is empty for an account's root."""

    key: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


_MAKING = threading.Lock()  # a botocore session makes one client at a time


class Held:
    """botocore's credentials and their provider in one, replaced as a whole: no request is signed half and half.

    Making clients costs far more than using them, so they outlive the temporary credentials they sign with.
    """

    method = "static"
    account_id = None

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials

    def load_credentials(self) -> Held:
        return self

    def get_deferred_property(self, name: str) -> Callable[[], str | None]:
        return lambda: getattr(self.credentials, name, None)

    def get_frozen_credentials(self) -> Any:
        from botocore.credentials import ReadOnlyCredentials

        held = self.credentials
        return ReadOnlyCredentials(held.key, held.secret, held.token or None)


class Aws:
    """botocore clients for one identity towards the emulator, made when first used and kept."""

    def __init__(self, endpoint: str, region: str, credentials: Credentials) -> None:
        self.region = region
        self._endpoint = endpoint
        self._held = Held(credentials)
        self._clients: dict[str, Any] = {}
        self._account = ""

    def renew(self, credentials: Credentials) -> None:
        """Sign with these from now on."""
        self._held.credentials = credentials
        self._account = ""

    def __getattr__(self, service: str) -> Any:
        if service.startswith("_"):
            raise AttributeError(service)
        return self.client(service)

    def client(self, service: str) -> Any:
        """The client of a service by boto's name. No retries: a planned fault must reach the user as it struck."""
        if service not in self._clients:
            with _MAKING:
                if service not in self._clients:
                    self._clients[service] = self._make(service)
        return self._clients[service]

    def _make(self, service: str) -> Any:
        import botocore.session
        from botocore.config import Config

        session = botocore.session.Session()
        session.register_component("data_loader", service_models())
        session.register_component("credential_provider", self._held)
        return session.create_client(
            service,
            region_name=self.region,
            endpoint_url=self._endpoint,
            config=Config(
                retries={"total_max_attempts": 1},
                connect_timeout=2,
                read_timeout=30,
                max_pool_connections=10,
                parameter_validation=False,
                s3={"addressing_style": "path"},
            ),
        )

    @property
    def account(self) -> str:
        """The 12-digit account of the identity."""
        if not self._account:
            self._account = self.client("sts").get_caller_identity()["Account"]
        return self._account


def by_id(identifier: str) -> State:
    return {"id": identifier}


def unchanging(aws: Aws, prior: State, planned: State) -> None:
    """For types whose every change is a replacement, or is made by Terraform elsewhere."""


@dataclass(frozen=True, slots=True)
class Resource:
    """How one Terraform type lives in the emulator.

    `create` gives the attributes that identify it; `read` what the emulator keeps (None when it is gone) and must
    leave out what it does not keep; `locate` turns an import id into enough state for `read`. `title` and `named_by`
    word errors as the real provider does; `service` is boto's name. `defaults` are the cloud's own values of optional
    attributes (nested ones below their block's name); `documents` are attributes that hold JSON.
    """

    title: str
    service: str
    create: Callable[[Aws, State], State]
    read: Callable[[Aws, State], State | None]
    update: Callable[[Aws, State, State], None]
    delete: Callable[[Aws, State], None]
    locate: Callable[[str], State] = by_id
    named_by: str = "name"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    documents: tuple[str, ...] = ()
