"""Valid manifests made in code, for the tests of stack/."""

from sesari.model.manifest import (
    Database,
    DeliveryStore,
    Environment,
    Manifest,
    Network,
    Product,
    Queue,
    Scale,
    SecretName,
    Service,
    Size,
)


def web(name="web", **more) -> Service:
    given = {"port": None, "health": None, "queue": None, "size": None, "scale": None, "variables": {}, "secrets": ()}
    return Service(**{"name": name, "kind": "web", "target": "vercel", "path": f"apps/{name}", **given, **more})


def api(name="api", **more) -> Service:
    given = {"port": 8080, "health": "/healthz", "queue": None, "size": Size(256, 512), "scale": Scale(1, 3)}
    base = {"name": name, "kind": "api", "target": "ecs", "path": name, "variables": {}, "secrets": ()}
    return Service(**{**base, **given, **more})


def worker(name="worker", queue="jobs", **more) -> Service:
    given = {"port": None, "health": None, "size": Size(256, 512), "scale": Scale(0, 20, 60, 0.8)}
    base = {"name": name, "kind": "worker", "target": "ecs", "path": name, "variables": {}, "secrets": ()}
    return Service(**{**base, **given, "queue": queue, **more})


def environment(name="staging", services=(), account="222222222222", second=20, **more) -> Environment:
    secrets = {secret: SecretName(secret, None, None) for service in services for secret in service.secrets}
    queues = {service.queue: Queue(service.queue, 120, 5, 1209600) for service in services if service.queue}
    given = {
        "region": "us-east-1",
        "protect": False,
        "network": Network(f"10.{second}.0.0/16", "none"),
        "vercel_team": "sesari-" + name,
        "supabase_organization": "sesari-" + name,
        "allow_destroy": (),
        "alarm_emails": (),
        "database": None,
    }
    named = {"services": {service.name: service for service in services}, "queues": queues, "secrets": secrets}
    return Environment(**{"name": name, "account": account, **given, **named, **more})


def manifest(*environments: Environment) -> Manifest:
    named = {item.name: item for item in environments}
    return Manifest(Product("sesari", "us-east-1", "sesari/sesari"), DeliveryStore("444444444444", "us-east-1"), named)


def whole(name="staging", **more) -> Environment:
    """An environment with everything a manifest can say."""
    services = (
        web(secrets=("NEXTAUTH_SECRET",), variables={"NEXT_PUBLIC_APP_NAME": "Sesari"}, domain="www.example.com"),
        api(secrets=("DATABASE_URL",), variables={"LOG_LEVEL": "info"}, domain="api.example.com"),
        worker(secrets=("DATABASE_URL", "OPENAI_API_KEY")),
    )
    given = {"database": Database("supabase", "micro", "migrations"), "alarm_emails": ("oncall@example.com",)}
    return environment(name, services, **{**given, **more})
