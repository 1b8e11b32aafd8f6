"""Why a saved plan may not be applied: each reason alone, by name, and all at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sesari.errors import SesariError
from sesari.model.identity import Identities
from sesari.model.manifest import Environment, Network
from sesari.model.plan import Action, Plan, ResourceChange, SavedPlan, StateVersion
from sesari.model.stateful import STATEFUL_TYPES
from sesari.release.admission import Facts, admit
from sesari.release.records import (
    Deployed,
    decode_deployed,
    decode_plan,
    encode_deployed,
    encode_plan,
    environment_digest,
    read_state_version,
    sources_digest,
)
from sesari.release.statefulness import REPLACEABLE_TYPES, Keeping, keeping

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def environment(protect: bool = True, allow: tuple[str, ...] = ()) -> Environment:
    return Environment(
        name="production",
        account="333333333333",
        region="us-east-1",
        protect=protect,
        network=Network("10.0.0.0/16", "none"),
        vercel_team="team_1",
        supabase_organization="org-1",
        allow_destroy=allow,
        alarm_emails=(),
        services={},
        queues={},
        database=None,
        secrets={},
    )


def deployed(protect: bool = True, allow: tuple[str, ...] = ()) -> Deployed:
    body = encode_deployed(environment(protect, allow), saved(), NOW, "me", 3)
    return decode_deployed(body, "key")


def saved() -> SavedPlan:
    return SavedPlan(
        digest="sha256:4f2a91c0aa",
        environment="production",
        sources="sha256:s",
        manifest="sha256:m",
        state=StateVersion(42, "lineage"),
        author="me",
        created=NOW - timedelta(hours=1),
        account="333333333333",
        changes={"create": 1},
    )


def facts(**changes: object) -> Facts:
    values: dict[str, object] = {
        "sources": "sha256:s",
        "state": StateVersion(42, "lineage"),
        "manifest": "sha256:m",
        "deployed": deployed(),
        "identities": Identities("333333333333", "team_1", "org-1"),
        "provider_lock": True,
        "now": NOW,
    }
    return Facts(**{**values, **changes})  # type: ignore[arg-type]


def plan(*changes: ResourceChange, complete: bool = True) -> Plan:
    return Plan("1.11.4", changes, (), {}, complete)


def change(type: str, action: Action, address: str = "module.x.this", previous: str | None = None) -> ResourceChange:
    return ResourceChange(address, "module.x", type, "this", "p", action, {}, {}, {}, {}, {}, previous_address=previous)


def codes(subject: Plan, about: Facts, env: Environment | None = None) -> tuple[str, ...]:
    return tuple(problem.code for problem in admit(saved(), subject, env or environment(), about))


def test_nothing_against_it() -> None:
    assert codes(plan(change("aws_s3_bucket", Action.CREATE), change("aws_s3_bucket", Action.UPDATE)), facts()) == ()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"sources": "sha256:other"}, "plan-sources-moved"),
        ({"state": StateVersion(43, "lineage")}, "plan-state-moved"),
        ({"state": StateVersion(42, "other")}, "plan-state-moved"),
        ({"manifest": "sha256:other"}, "plan-manifest-moved"),
        ({"identities": Identities("111111111111", "team_1", "org-1")}, "wrong-account"),
        ({"identities": Identities("333333333333", None, "org-1")}, "wrong-vercel-team"),
        ({"identities": Identities("333333333333", "team_1", "org-2")}, "wrong-supabase-organization"),
        ({"provider_lock": False}, "no-provider-lock"),
        ({"now": NOW + timedelta(days=8)}, "plan-expired"),
        ({"now": NOW - timedelta(days=1)}, "plan-expired"),
    ],
)
def test_each_reason_by_name(changed: dict[str, object], code: str) -> None:
    assert codes(plan(), facts(**changed)) == (code,)


def test_every_reason_at_once() -> None:
    about = facts(sources="x", state=StateVersion(1, "y"), identities=Identities("1"), provider_lock=False)
    found = codes(plan(change("aws_kms_key", Action.DELETE), complete=False), about)
    assert set(found) == {
        "plan-sources-moved",
        "plan-state-moved",
        "wrong-account",
        "wrong-vercel-team",
        "wrong-supabase-organization",
        "no-provider-lock",
        "plan-incomplete",
        "protected-destroy",
    }


def test_a_plan_of_another_environment_is_not_looked_into() -> None:
    other = replace(environment(), name="staging")
    assert codes(plan(), facts(), other) == ("plan-of-another-environment",)


@pytest.mark.parametrize("action", [Action.DELETE, Action.REPLACE])
@pytest.mark.parametrize("type", ["aws_s3_bucket", "supabase_project", "a_type_nobody_knows"])
def test_what_is_protected_stays_unless_the_deployed_manifest_gives_it_away(action: Action, type: str) -> None:
    subject = plan(change(type, action, 'module.x.this["a"]'))
    assert codes(subject, facts()) == ("protected-destroy",)
    for allowed in (type, 'module.x.this["a"]', "module.x.this"):
        assert codes(subject, facts(deployed=deployed(allow=(allowed,)))) == ()
    for other in ("aws_sqs_queue", "module.x", "module.x.this.more", ""):
        assert codes(subject, facts(deployed=deployed(allow=(other,)))) == ("protected-destroy",)


def test_the_proposed_manifest_gives_nothing_away_and_cannot_unprotect() -> None:
    subject = plan(change("aws_s3_bucket", Action.DELETE))
    assert codes(subject, facts(), environment(allow=("aws_s3_bucket",))) == ("protected-destroy",)
    assert codes(subject, facts(), environment(protect=False)) == ("protected-destroy",)
    assert codes(subject, facts(deployed=deployed(protect=False))) == ("protected-destroy",)
    assert codes(subject, facts(deployed=None)) == ("protected-destroy",)
    assert codes(subject, facts(deployed=deployed(protect=False)), environment(protect=False)) == ()
    assert codes(subject, facts(deployed=None), environment(protect=False)) == ()


def test_what_can_be_made_again_and_what_is_only_forgotten_goes() -> None:
    subject = plan(change("aws_ecs_service", Action.REPLACE), change("aws_s3_bucket", Action.FORGET))
    assert codes(subject, facts()) == ()
    assert keeping("aws_kms_key") is Keeping.STATEFUL
    assert keeping("nobody_knows") is Keeping.UNKNOWN
    assert not STATEFUL_TYPES & REPLACEABLE_TYPES


def test_records_and_back() -> None:
    assert decode_plan(encode_plan(saved()), "key") == saved()
    assert deployed(allow=("x",)).allow_destroy == ("x",)
    assert deployed().manifest == environment_digest(environment())
    for body in (b"", b"[]", b"{}", encode_plan(saved())[:-4], b"\xff\xfe"):
        with pytest.raises(SesariError) as caught:
            decode_plan(body, "key")
        assert caught.value.codes == ("plan-corrupt",)
        with pytest.raises(SesariError) as caught:
            decode_deployed(body, "key")
        assert caught.value.codes == ("deployed-corrupt",)
        with pytest.raises(SesariError) as caught:
            read_state_version(body, "key")
        assert caught.value.codes == ("state-corrupt",)
    assert read_state_version(None, "key") == StateVersion(0, "")


def test_sources_are_told_apart_by_path_and_content_and_not_by_order() -> None:
    assert sources_digest({"a": b"1", "b": b"2"}) == sources_digest({"b": b"2", "a": b"1"})
    assert (
        len({sources_digest(each) for each in ({"a": b"1"}, {"a": b"2"}, {"b": b"1"}, {}, {"a": b"1", "b": b""})}) == 5
    )
