"""A database URL: read without ever being shown."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from sesari.errors import Problem, SesariError
from sesari.model.secret import Secret

_POOLER_PORT = "6543"
_LOCAL = ("127.0.0.1", "localhost", "::1")


def connection_parameters(url: Secret) -> dict[str, Any]:
    """What the URL says, for libpq. Everything that is not on this machine is reached over TLS.

    Raises SesariError `database-url`, `database-pooler`.
    """
    try:
        parameters = conninfo_to_dict(url.reveal())
    except psycopg.Error:
        # What libpq says of it can hold the password.
        parameters = {}
    host, port = str(parameters.get("host") or ""), str(parameters.get("port") or "5432")
    # A / or @ that should have been escaped makes a part of the password a port, a host or a database.
    torn = not port.isdecimal() or "@" in f"{host}{parameters.get('dbname')}"
    if not host or torn:
        hint = "It looks like postgresql://USER:PASSWORD@HOST:5432/postgres, with / @ : in the password as %2F %40 %3A"
        raise SesariError(
            Problem("database-url", "The database URL cannot be read", None, "it names no host and port", hint)
        )
    if host in _LOCAL or host.startswith("/"):
        return parameters
    if port == _POOLER_PORT:
        raise SesariError(
            Problem(
                "database-pooler",
                "The database URL is that of a transaction pooler",
                f"{host}:{port}",
                "it changes the session between transactions, and a migration lock belongs to a session",
                "Use the session pooler or the database itself: port 5432",
            )
        )
    return {**parameters, "sslmode": parameters.get("sslmode") or "require"}


def without_password(message: str, parameters: dict[str, Any]) -> str:
    """The first line of what libpq says, for people."""
    password = str(parameters.get("password") or "")
    line = message.strip().splitlines()[0] if message.strip() else "the server said nothing"
    return line.replace(password, "***") if password else line
