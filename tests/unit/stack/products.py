"""Valid manifests made in code, for the tests of stack/."""

from hypothesis import strategies as st

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


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,6}(-[a-z0-9]{1,5})?", fullmatch=True).filter(
    lambda name: name not in {"shared", "network", "registry", "database", "secrets", "alarms", "cluster"}
)
CAPITALS = st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


@st.composite
def services(draw) -> Service:
    """One service of any kind, with any variables."""
    name = draw(NAMES)
    more = {
        "variables": draw(st.dictionaries(CAPITALS.map(lambda key: "V_" + key), TEXTS, max_size=3)),
        "secrets": tuple(draw(st.lists(CAPITALS.map(lambda key: "S_" + key), unique=True, max_size=3))),
    }
    kind = draw(st.sampled_from(["web", "api", "worker"]))
    if kind == "web":
        return web(name, **more)
    least = draw(st.integers(0, 3))
    most = least + draw(st.integers(0, 4))
    more["size"] = draw(st.sampled_from([Size(256, 512), Size(1024, 4096)]))
    if kind == "api":
        return api(name, scale=Scale(max(least, 1), max(most, 1)), **more)
    spot = draw(st.sampled_from([0.0, 0.25, 1.0]))
    return worker(name, queue=f"q-{name}", scale=Scale(least, max(most, 1), 60, spot), **more)


@st.composite
def manifests(draw) -> Manifest:
    """Any valid manifest that the model can hold, up to four services and three environments."""
    parts = draw(st.lists(services(), unique_by=lambda service: service.name, max_size=4))
    names = draw(st.lists(NAMES, unique=True, min_size=1, max_size=3).filter(lambda names: "delivery" not in names))
    accounts = draw(st.lists(st.from_regex(r"[1-9][0-9]{11}", fullmatch=True), min_size=3, max_size=3))
    return manifest(
        *(
            environment(
                name,
                parts,
                account=accounts[index],
                second=index,
                region=draw(st.sampled_from(["us-east-1", "eu-central-1", "ap-northeast-1"])),
                protect=draw(st.booleans()),
                network=Network(f"10.{index}.0.0/16", draw(st.sampled_from(["none", "single", "per_zone"]))),
                database=draw(st.sampled_from([None, Database("supabase", "micro", "migrations")])),
                alarm_emails=draw(st.sampled_from([(), ("a@example.com", "b@example.com")])),
            )
            for index, name in enumerate(names)
        )
    )
