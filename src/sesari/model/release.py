"""A release: everything that is put somewhere, under digests. Made once, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Release:
    """Every digest is `sha256:<hex>`.

    `commit` has 40 (or 64) hex digits. `images` gives each service's image digest: the same in every environment's
    own repository, so a release names no account. `frontends` gives, for each web service, the build for each set of
    public variables: digest of the variables to digest of the build. `migrations` is the digest of the migration set,
    None without a database; `plan` the saved plan that has to be applied first, None when none is needed.
    `created` has a time zone. Its own digest and id: `release.releases`.
    """

    commit: str
    images: Mapping[str, str]
    frontends: Mapping[str, Mapping[str, str]]
    migrations: str | None
    plan: str | None
    created: datetime
    author: str
