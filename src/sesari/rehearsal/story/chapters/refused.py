"""Plans that may no longer be applied, and credentials that are somebody else's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sesari.model.access import Access, Purpose, Reach
from sesari.model.store import Stored
from sesari.rehearsal.story import edits
from sesari.rehearsal.story.stage import Stage
from sesari.rehearsal.story.telling import Telling, refusal


@dataclass(frozen=True, slots=True)
class Mixed:
    """An access in which some variables of one environment are another's: a wrong profile, a wrong token."""

    inner: Access
    other: str
    prefixes: tuple[str, ...]

    def reach(self, environment: str, purpose: Purpose) -> Reach:
        own, foreign = self.inner.reach(environment, purpose), self.inner.reach(self.other, purpose)
        mixed: Mapping[str, str] = {
            **own.variables,
            **{name: value for name, value in foreign.variables.items() if name.startswith(self.prefixes)},
        }
        return Reach(mixed, own.rehearsal)


AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")


def play(stage: Stage, telling: Telling) -> str:
    """Everything here must be refused, by name, with nothing changed."""
    first = stage.environments[0]
    other = stage.environments[-1] if len(stage.environments) > 1 else None
    telling.doing("a plan overtaken by another apply")
    with telling.proving("refused.state-moved") as evidence:
        late = stage.plan(first)
        before = stage.edit(edits.more_retries)
        stage.apply(first, stage.plan(first))
        stage.rewrite(before)
        with refusal("plan-state-moved", evidence):
            stage.apply(first, late)
    with telling.proving("refused.sources-moved") as evidence:
        planned = stage.plan(first)
        main = stage.project.infra / first / "main.tf"
        written = main.read_bytes()
        main.write_bytes(written + b"\n# edited after the plan\n")
        with refusal("plan-sources-moved", evidence):
            stage.apply(first, planned)
        main.write_bytes(written)
        stage.apply(first, planned)
    if other is None:
        raise LookupError("the refusals need two environments")
    wrong = (
        ("refused.account", AWS, "wrong-account"),
        ("refused.team", ("VERCEL_",), "wrong-vercel-team"),
        ("refused.organization", ("SUPABASE_",), "wrong-supabase-organization"),
    )
    planned = stage.plan(first)
    for claim, prefixes, code in wrong:
        telling.doing(code.replace("-", " "))
        with telling.proving(claim) as evidence:
            states = _states(stage)
            with refusal(code, evidence):
                stage.apply(first, planned, Mixed(stage.access, other, prefixes))
            if _states(stage) != states:
                evidence.settle(False, "refused, but a state changed")
    return "five refusals, each by name, nothing changed"


def _states(stage: Stage) -> dict[str, Stored | None]:
    tools = {name: stage.tools(name, Purpose.PLAN) for name in stage.environments}
    return {name: tool.state.get(tool.state_key) for name, tool in tools.items()}
