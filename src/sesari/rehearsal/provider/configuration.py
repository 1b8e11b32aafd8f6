"""What a provider checks when it is configured. PURE."""

from __future__ import annotations

from collections.abc import Callable

from sesari.rehearsal.provider.backend import ProviderError
from sesari.rehearsal.provider.values import Object


def configuration_check(provider: str, account: str) -> Callable[[Object], None]:
    """The check of one provider: aws refuses an account that the configuration does not allow."""

    def check(config: Object) -> None:
        if provider != "aws":
            return
        allowed, forbidden = config.get("allowed_account_ids"), config.get("forbidden_account_ids")
        refused = isinstance(allowed, list) and allowed and account not in allowed
        if refused or (isinstance(forbidden, list) and account in forbidden):
            raise ProviderError(f"AWS account ID not allowed: {account}")

    return check
