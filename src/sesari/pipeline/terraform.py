"""One Terraform run of a stage: told live, stoppable, its failure as problems."""

from __future__ import annotations

import json
import re

from sesari.errors import Problem, SesariError
from sesari.model.engine import EngineCall, EngineRun
from sesari.model.json import Json, JsonObject
from sesari.pipeline import terraform_argv
from sesari.pipeline.terraform_events import Tally, created_by, failure_of, progress_of
from sesari.pipeline.tools import Scratch, Tools
from sesari.release.records import digest_of, sources_digest

_NO_BUCKET = re.compile(r"NoSuchBucket|S3 bucket .* does not exist", re.IGNORECASE)
_OTHER_VERSION = re.compile(r"plan file was created by Terraform")


def run(
    tools: Tools, step: str, arguments: tuple[str, ...], files: tuple[int, ...] = (), fine: tuple[int, ...] = (0,)
) -> EngineRun:
    """Run Terraform in the environment's root. Raises SesariError with its errors when it ends other than `fine`."""
    tools.stop.check()
    tally = Tally(tools.name, step)

    def on_event(event: JsonObject) -> None:
        nonlocal tally
        made = created_by(event)
        if made is not None:
            tools.root.note_created(*made)
        progress, tally = progress_of(event, tally)
        if progress is not None:
            tools.report(progress)

    call = EngineCall(arguments, tools.root.directory, tools.root.data, tools.reach.variables, files)
    running = tools.engine.start(call, on_event)
    with tools.stop.attached(running):
        result = running.wait()
    if result.exit_code >= 0 and arguments[0] == "apply":
        # It ended by itself, so everything it made is in the state it saved, or in the one it left to be put back.
        tools.root.discard_created()
    if result.exit_code not in fine:
        tools.stop.check()
        raise SesariError(_explained(failure_of(result, f"infra/{tools.name}"), tools.name))
    return result


def initialise(tools: Tools) -> None:
    """`terraform init`, when anything that it depends on has changed since it last succeeded."""
    sources = sources_digest(tools.root.sources())
    attached = tools.reach.variables.get("TF_REATTACH_PROVIDERS", "")
    key = digest_of(json.dumps([sources, tools.engine.label, bool(attached)]).encode())
    if tools.root.initialised(key):
        return
    run(tools, "init", terraform_argv.init())
    # init may have written the lock file, which is one of the sources.
    written = sources_digest(tools.root.sources())
    tools.root.mark_initialised(digest_of(json.dumps([written, tools.engine.label, bool(attached)]).encode()))


def shown(tools: Tools, plan: Scratch) -> Json:
    """The document of `terraform show -json` of a plan file."""
    result = run(tools, "read the plan", terraform_argv.show(plan.path), (plan.descriptor,))
    try:
        document: Json = json.loads(result.output)
    except ValueError as error:
        why = f"its JSON breaks off: {error}"
        raise SesariError(Problem("plan-unreadable", "Terraform's plan cannot be read", tools.name, why)) from error
    return document


def _explained(problems: tuple[Problem, ...], name: str) -> tuple[Problem, ...]:
    """The failures that have a way out of their own, with it."""
    text = " ".join(f"{problem.what} {problem.why}" for problem in problems)
    if _NO_BUCKET.search(text):
        why = "the account has not been bootstrapped, or the credentials are another account's"
        hint = f"To prepare the account, run `sesari bootstrap -e {name}`"
        return (Problem("bucket-missing", f"The state bucket of `{name}` does not exist", None, why, hint),)
    if _OTHER_VERSION.search(text):
        hint = f"To plan again with this Terraform, run `sesari plan -e {name}`"
        return (Problem("plan-of-another-engine", "This plan is of another Terraform version", name, text, hint),)
    return problems
