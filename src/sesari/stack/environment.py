"""The root of one environment: which module calls it has, and what each is given."""

from __future__ import annotations

from collections.abc import Callable

from sesari.model.manifest import Environment, Manifest, Service
from sesari.model.stack import ModuleCall, ProviderPin, Reference, Stack, Value
from sesari.stack import root

# Zones are written down, since a list that the API sorts would replace subnets one day. Two letters exist nearly
# everywhere; new accounts get no `b` in Tokyo.
ZONES = {"ap-northeast-1": "ac"}


def desired(manifest: Manifest, environment_name: str) -> Stack:
    """What one environment should have. Raises KeyError when the manifest has no such environment."""
    environment = manifest.environments[environment_name]
    product = manifest.product.name
    calls = (*_shared(product, environment), *_services(product, environment))
    return Stack(
        directory=environment.name,
        environment=environment.name,
        account=environment.account,
        region=environment.region,
        providers=_providers(product, environment),
        backend=root.backend(
            product,
            environment.name,
            environment.account,
            environment.region,
            f"{environment.name}/terraform.tfstate",
        ),
        modules=calls,
        outputs=_outputs(calls),
    )


def _providers(product: str, environment: Environment) -> tuple[ProviderPin, ...]:
    pins = [root.aws(product, environment.name, environment.account, environment.region)]
    if _of_kind(environment, "web"):
        pins.append(root.vercel(environment.vercel_team))
    if environment.database:
        pins.append(root.supabase())
    return tuple(pins)


def _of_kind(environment: Environment, *kinds: str) -> tuple[Service, ...]:
    return tuple(service for service in environment.services.values() if service.kind in kinds)


def _shared(product: str, environment: Environment) -> list[ModuleCall]:
    """The parts that belong to no service, only those that something uses."""
    calls = []
    containers = _of_kind(environment, "api", "worker")
    if containers or environment.secrets:
        calls.append(_secrets(product, environment))
    if containers:
        calls += [
            _network(product, environment),
            _call("cluster", {"product": product, "environment": environment.name}),
            _registry(product, environment, containers),
            _alarms(product, environment),
        ]
    if environment.database:
        calls.append(_database(product, environment))
    return calls


def _secrets(product: str, environment: Environment) -> ModuleCall:
    readers: dict[str, Value] = {
        service.name: root.strings(service.secrets) for service in environment.services.values() if service.secrets
    }
    # An environment that may be destroyed must come back under the same names; a protected one keeps the default.
    recovery_days = None if environment.protect else 0
    inputs: dict[str, Value] = {
        **_place(product, environment),
        "secrets": {name: secret.description or "" for name, secret in environment.secrets.items()},
        **root.given({"readers": readers, "recovery_days": recovery_days}),
    }
    return _call("secrets", inputs, "Containers and one key. Terraform never holds a value.")


def _network(product: str, environment: Environment) -> ModuleCall:
    letters = ZONES.get(environment.region, "ab")
    return _call(
        "network",
        {
            "product": product,
            "environment": environment.name,
            "region": environment.region,
            "cidr": environment.network.cidr,
            "zones": tuple(f"{environment.region}{letter}" for letter in letters),
            "nat": environment.network.nat,
        },
    )


def _registry(product: str, environment: Environment, containers: tuple[Service, ...]) -> ModuleCall:
    return _call(
        "registry",
        {
            "product": product,
            "environment": environment.name,
            "key_arn": Reference("module.secrets.key_arn"),
            "services": root.strings(service.name for service in containers),
        },
    )


def _alarms(product: str, environment: Environment) -> ModuleCall:
    inputs: dict[str, Value] = {
        **_place(product, environment),
        "key_arn": Reference("module.secrets.key_arn"),
        "emails": root.strings(environment.alarm_emails),
    }
    return _call("alarms", root.given(inputs))


def _database(product: str, environment: Environment) -> ModuleCall:
    # Nobody has to give, keep or know this password: a plan by hand needs no value, and only a creation takes one.
    comment = "The project is created with a random password that is used for nothing; later values are ignored."
    return _call(
        "database",
        {
            "product": product,
            "environment": environment.name,
            "organization": environment.supabase_organization,
            "region": environment.region,
            "instance": environment.database.instance if environment.database else None,
            "initial_database_password": Reference("uuid()"),
        },
        comment,
    )


def _services(product: str, environment: Environment) -> list[ModuleCall]:
    inputs_of: dict[str, Callable[[str, Environment, Service], dict[str, Value]]] = {
        "web": _web,
        "api": _api,
        "worker": _worker,
    }
    return [
        ModuleCall(
            name=service.name,
            source=service.kind,
            inputs=root.given(inputs_of[service.kind](product, environment, service)),
            service=service.name,
        )
        for service in environment.services.values()
    ]


def _web(product: str, environment: Environment, service: Service) -> dict[str, Value]:
    return {
        "product": product,
        "environment": environment.name,
        "account": environment.account,
        "service": service.name,
        "vercel_team": environment.vercel_team,
        "path": service.path,
        "domain": service.domain,
        **_reads(service),
    }


def _api(product: str, environment: Environment, service: Service) -> dict[str, Value]:
    # The manifest does not say who sends to a queue, so every api may send to every queue; workers only receive.
    queues: dict[str, Value] = {
        worker.queue: Reference(f"module.{worker.name}.queue_arn")
        for worker in _of_kind(environment, "worker")
        if worker.queue
    }
    return {
        **_name(product, environment, service),
        "port": service.port,
        "health": service.health,
        "domain": service.domain,
        "protect": environment.protect or None,
        **_container(service),
        "public_subnet_ids": Reference("module.network.public_subnet_ids"),
        "queues": queues,
    }


def _worker(product: str, environment: Environment, service: Service) -> dict[str, Value]:
    queue = environment.queues[service.queue or ""]
    scale = service.scale
    return {
        **_name(product, environment, service),
        "latency": scale.latency if scale else None,
        "spot": (scale.spot or None) if scale else None,
        "queue": {
            "name": queue.name,
            "visibility": queue.visibility,
            "retries": queue.retries,
            "retention": queue.retention,
        },
        **_container(service),
    }


def _container(service: Service) -> dict[str, Value]:
    """What api and worker have in common. A valid manifest gives both a size and a scale."""
    return {
        "cpu": service.size.cpu if service.size else None,
        "memory": service.size.memory if service.size else None,
        "min": service.scale.min if service.scale else None,
        "max": service.scale.max if service.scale else None,
        **_reads(service),
        "key_arn": Reference("module.secrets.key_arn"),
        "topic_arn": Reference("module.alarms.topic_arn"),
        "repository_url": Reference(f'module.registry.repository_urls["{service.name}"]'),
        "cluster_name": Reference("module.cluster.name"),
        "cluster_arn": Reference("module.cluster.arn"),
        "vpc_id": Reference("module.network.vpc_id"),
        "task_subnet_ids": Reference("module.network.task_subnet_ids"),
        "assign_public_ip": Reference("module.network.assign_public_ip"),
    }


def _name(product: str, environment: Environment, service: Service) -> dict[str, Value]:
    return {**_place(product, environment), "service": service.name}


def _reads(service: Service) -> dict[str, Value]:
    """Plain variables, and the service's own secrets: never another's."""
    return {
        "variables": dict(service.variables),
        "secrets": Reference(f'module.secrets.service_arns["{service.name}"]') if service.secrets else None,
        "secrets_policy": Reference(f'module.secrets.read_policies["{service.name}"]') if service.secrets else None,
    }


def _place(product: str, environment: Environment) -> dict[str, Value]:
    return {
        "product": product,
        "environment": environment.name,
        "account": environment.account,
        "region": environment.region,
    }


def _call(module: str, inputs: dict[str, Value], comment: str | None = None) -> ModuleCall:
    return ModuleCall(name=module, source=module, inputs=inputs, comment=comment)


OUTPUTS = {
    "cluster": ("name",),
    "registry": ("repository_urls",),
    "database": ("project_ref", "api_url"),
    "web": ("project_id", "domain_verification"),
    "api": ("url", "dns_name", "certificate_validation", "service_name", "task_family"),
    "worker": ("queue_url", "dead_letter_queue_url", "service_name", "task_family"),
}


def _outputs(calls: tuple[ModuleCall, ...]) -> dict[str, Value]:
    """One output per part, named as its module call: what a person or a release needs to know of it."""
    return {call.name: root.output_of(call, *OUTPUTS[call.source]) for call in calls if call.source in OUTPUTS}
