"""The bootstrap roots: what an account has before, and apart from, the environment that lives in it."""

from __future__ import annotations

from sesari.model.manifest import Manifest
from sesari.model.stack import ModuleCall, Reference, Stack, Value
from sesari.stack import root

DELIVERY = "delivery"


def bootstrap(manifest: Manifest, environment_name: str) -> Stack:
    """State bucket, key and roles of one environment. Raises KeyError when the manifest has no such environment."""
    environment = manifest.environments[environment_name]
    product = manifest.product.name
    reads_secrets = any(service.kind == "web" and service.secrets for service in environment.services.values())
    identity: dict[str, Value] = {
        "product": product,
        "environment": environment.name,
        "account": environment.account,
        "region": environment.region,
        "repository": manifest.product.repository,
        # AWS has one GitHub OIDC provider per account: the first environment there makes it, the others use it.
        "create_provider": None if _first_in(manifest, environment.account) == environment.name else False,
        "vercel_team": environment.vercel_team if reads_secrets else None,
        "state_bucket_arn": Reference("module.state.bucket_arn"),
        "state_key_arn": Reference("module.state.key_arn"),
    }
    calls = (
        _state(product, environment.name, environment.account),
        ModuleCall("identity", "identity", root.given(identity)),
    )
    return _stack(
        product,
        environment.name,
        environment.account,
        environment.region,
        calls,
        {
            "state": root.output_of(calls[0], "bucket", "key_alias"),
            "identity": root.output_of(calls[1], "plan_role_arn", "deploy_role_arn"),
        },
    )


def delivery(manifest: Manifest) -> Stack:
    """The delivery account's root: the delivery store, a role per environment, and the root's own state bucket."""
    product = manifest.product.name
    account, region = manifest.delivery.account, manifest.delivery.region
    inputs: dict[str, Value] = {
        "product": product,
        "account": account,
        "repository": manifest.product.repository,
        "environments": root.strings(manifest.environments),
        "create_provider": None if _first_in(manifest, account) is None else False,
    }
    calls = (_state(product, DELIVERY, account), ModuleCall(DELIVERY, DELIVERY, root.given(inputs)))
    return _stack(
        product,
        DELIVERY,
        account,
        region,
        calls,
        {
            "state": root.output_of(calls[0], "bucket", "key_alias"),
            DELIVERY: root.output_of(calls[1], "bucket", "role_arns"),
        },
    )


def _first_in(manifest: Manifest, account: str) -> str | None:
    """The first environment, in the manifest's order, that lives in the account."""
    return next((item.name for item in manifest.environments.values() if item.account == account), None)


def _state(product: str, environment: str, account: str) -> ModuleCall:
    inputs: dict[str, Value] = {"product": product, "environment": environment, "account": account}
    return ModuleCall("state", "state", inputs, comment="It holds this root's own state too, once it exists.")


def _stack(
    product: str,
    environment: str,
    account: str,
    region: str,
    calls: tuple[ModuleCall, ...],
    outputs: dict[str, Value],
) -> Stack:
    return Stack(
        directory=f"bootstrap/{environment}",
        environment=environment,
        account=account,
        region=region,
        providers=(root.aws(product, environment, account, region),),
        backend=root.backend(product, environment, account, region, f"bootstrap/{environment}.tfstate"),
        modules=calls,
        outputs=outputs,
    )
