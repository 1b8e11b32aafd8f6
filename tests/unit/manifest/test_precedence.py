"""Default < sesari.toml < its section < sesari.ENV.toml < environment variable, and how it is explained."""

import pytest

from sesari.errors import SesariError
from sesari.manifest import SourceFile, Sources, below, explain, parse, select
from sesari.manifest.variables import variable_name
from sesari.model.manifest import Origin, Setting

BASE = """\
[product]
name = "shop"
repository = "shop/shop"
region = "eu-west-1"

[delivery]
account = "444444444444"

[services.api]
kind = "api"
target = "ecs"
path = "api"
port = 8080
health = "/healthz"
size = { cpu = 512, memory = 1024 }
variables = { LEVEL = "info", PLACE = "base" }

[services.my-worker]
kind = "worker"
target = "ecs"
path = "worker"
queue = "jobs"

[queues.jobs]

[environments.pre-prod]
account = "222222222222"
network.cidr = "10.20.0.0/16"
services.api.size = { cpu = 1024, memory = 2048 }
services.api.variables = { LEVEL = "debug" }

[environments.production]
network = { nat = "single" }
"""
OVERLAYS = {
    "pre-prod": SourceFile("sesari.pre-prod.toml", "services.api.size.memory = 3072\nregion = 'eu-north-1'\n"),
    "production": SourceFile("sesari.production.toml", '[network]\ncidr = "10.30.0.0/16"\n'),
}
VARIABLES = {
    "SESARI_PRE_PROD__SERVICES__API__SIZE__MEMORY": "4096",
    "SESARI_PRE_PROD__SERVICES__MY_WORKER__SCALE__SPOT": "0.5",
    "SESARI_PRE_PROD__PROTECT": "true",
    "SESARI_PRE_PROD__ALARMS__EMAILS": "a@example.com, b@example.com",
    "SESARI_PRE_PROD__SERVICES__API__VARIABLES__DB__HOST": "db",
    "SESARI_PRODUCTION__ACCOUNT": "333333333333",
    "SESARI_REHEARSAL": "/somewhere",
    "SESARI_DELIVERY_AWS_ACCESS_KEY_ID": "x",
    "HOME": "/root",
}
SOURCES = Sources(SourceFile("sesari.toml", BASE), OVERLAYS, VARIABLES)


def test_each_layer_overrides_the_weaker_ones() -> None:
    manifest = parse(SOURCES)
    staging, production = manifest.environments["pre-prod"], manifest.environments["production"]
    size = staging.services["api"].size
    assert size is not None and (size.cpu, size.memory) == (1024, 4096)
    assert staging.services["api"].variables == {"LEVEL": "debug", "PLACE": "base", "DB__HOST": "db"}
    assert staging.services["my-worker"].scale is not None and staging.services["my-worker"].scale.spot == 0.5
    assert (staging.region, production.region, manifest.delivery.region) == ("eu-north-1", "eu-west-1", "eu-west-1")
    assert (staging.protect, production.protect) == (True, False)
    assert staging.alarm_emails == ("a@example.com", "b@example.com")
    assert (production.account, production.network.cidr, production.network.nat) == (
        "333333333333",
        "10.30.0.0/16",
        "single",
    )
    assert production.services["api"].size != size


def test_one_environments_values_do_not_reach_another() -> None:
    production = parse(SOURCES).environments["production"]
    assert production.services["api"].variables == {"LEVEL": "info", "PLACE": "base"}


def test_every_value_is_explained_with_what_it_overrode() -> None:
    settings = {setting.key: setting for setting in explain(SOURCES, "pre-prod")}
    name = "SESARI_PRE_PROD__SERVICES__API__SIZE__MEMORY"
    assert settings["services.api.size.memory"] == Setting(
        "services.api.size.memory",
        4096,
        Origin(name),
        (
            (Origin("sesari.pre-prod.toml", 1), 3072),
            (Origin("sesari.toml", 29), 2048),
            (Origin("sesari.toml", 15), 1024),
            (Origin("default"), 512),
        ),
    )
    assert settings["region"].overrode[0] == (Origin("sesari.toml", 4), "eu-west-1")
    assert settings["network.nat"] == Setting("network.nat", "none", Origin("default"))
    assert settings["delivery.region"].origin == Origin("sesari.toml", 4)


def test_explained_are_the_settings_below_a_key() -> None:
    settings = explain(SOURCES, "production")
    assert [setting.key for setting in below(settings, "network")] == ["network.cidr", "network.nat"]
    assert len(below(settings, "")) == len(settings)
    with pytest.raises(SesariError) as caught:
        below(settings, "netwrk")
    assert caught.value.problems[0].hint == "Did you mean `network`?"


@pytest.mark.parametrize("call", [lambda: explain(SOURCES, "prod"), lambda: select(parse(SOURCES), "prod")])
def test_an_unknown_environment_has_a_nearest_one(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SesariError) as caught:
        call()
    (problem,) = caught.value.problems
    assert problem.code == "manifest-unknown-environment"
    assert problem.hint == "Did you mean `production`?"


def test_a_variables_name_stands_for_one_path() -> None:
    assert variable_name("pre-prod", ("services", "my-worker", "scale", "spot")) in VARIABLES


def test_variables_of_another_kind_are_left_alone_whatever_the_environments_are_called() -> None:
    text = BASE.replace("[environments.production]", "[environments.rehearsal]").replace("pre-prod", "vercel")
    variables = {
        "SESARI_REHEARSAL": "/somewhere",
        "SESARI_REHEARSAL__ACCOUNT": "333333333333",
        "SESARI_REHEARSAL__NETWORK__CIDR": "10.30.0.0/16",
        "SESARI_VERCEL_API": "http://127.0.0.1:1",
    }
    manifest = parse(Sources(SourceFile("sesari.toml", text), {}, variables))
    assert manifest.environments["rehearsal"].account == "333333333333"


def test_a_needed_key_that_a_variable_says_wrongly_is_not_missing_too() -> None:
    variables = {"SESARI_PRODUCTION__ACCOUNT": "three", "SESARI_PRODUCTION__NETWORK__CIDR": "10.30.0.0/16"}
    with pytest.raises(SesariError) as caught:
        parse(Sources(SourceFile("sesari.toml", BASE), {}, variables))
    assert [(p.code, p.where) for p in caught.value.problems] == [("manifest-value", "SESARI_PRODUCTION__ACCOUNT")]
