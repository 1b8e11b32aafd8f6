"""Who is calling: a session token, an HS256 JWT with the user's id as `sub`."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import jwt


class NotSignedIn(Exception):
    """The request carries no valid session."""


def user_of(authorization: str, secret: str) -> str:
    """The user's id from an `Authorization: Bearer` header. Raises NotSignedIn."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn
    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["exp", "sub"]})
        return str(uuid.UUID(claims["sub"]))
    except (jwt.InvalidTokenError, ValueError) as error:
        raise NotSignedIn from error


def sign(user: str, secret: str, lifetime: timedelta = timedelta(hours=1)) -> str:
    """A session token, as the sign-in page gives out."""
    return jwt.encode({"sub": user, "exp": datetime.now(UTC) + lifetime}, secret, algorithm="HS256")
