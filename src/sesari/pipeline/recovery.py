"""What an earlier run made and could not record is put right before anything else is done."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sesari.errors import Problem, SesariError
from sesari.model.progress import Phase, Progress
from sesari.pipeline import terraform_argv
from sesari.pipeline.identity import check_identities
from sesari.pipeline.lease import HeldLease, held
from sesari.pipeline.state_lock import locked
from sesari.pipeline.terraform import initialise, run
from sesari.pipeline.tools import Root, Tools
from sesari.release.records import addresses_in_state

_GONE = re.compile(r"non-existent remote object", re.IGNORECASE)


def unrecorded(root: Root) -> bool:
    """Whether an earlier run left something to put right."""
    return root.unsaved_state() is not None or bool(root.created())


def recover(tools: Tools) -> bool:
    """Put things right under the lease and the state lock; True when there was something. Raises SesariError."""
    if not unrecorded(tools.root):
        return False
    check_identities(tools)
    initialise(tools)
    with held(tools, "put right what was not recorded") as lease, locked(tools, lease, "OperationTypeApply"):
        return put_right(tools, lease)


def put_right(tools: Tools, lease: HeldLease) -> bool:
    """The same, for a caller that holds both."""
    return any([_push_back(tools, lease), _adopt(tools, lease)])


def _push_back(tools: Tools, lease: HeldLease) -> bool:
    unsaved = tools.root.unsaved_state()
    if unsaved is None:
        return False
    lease.check()
    try:
        run(tools, "put back the state", terraform_argv.push(str(unsaved)))
    except SesariError as error:
        raise SesariError((not_saved(tools, str(unsaved)), *error.problems)) from error
    tools.root.discard_unsaved_state()
    tools.report(Progress(tools.name, "state", Phase.SUCCEEDED, "the state that could not be saved is put back"))
    return True


def _adopt(tools: Tools, lease: HeldLease) -> bool:
    """A Terraform that was killed had created what its last saved state does not hold: take it into the state."""
    created = tools.root.created()
    if not created:
        return False
    stored = tools.state.get(tools.state_key)
    missing = sorted(set(created) - addresses_in_state(stored.body if stored else None, tools.where))
    problems = [problem for address in missing for problem in _adopted(tools, lease, address, created[address])]
    if problems:
        raise SesariError(problems)
    tools.root.discard_created()
    if missing:
        words = f"{len(missing)} created by a killed run and not recorded: found and recorded"
        tools.report(Progress(tools.name, "state", Phase.SUCCEEDED, words))
    return True


def _adopted(tools: Tools, lease: HeldLease, address: str, id: str) -> Iterator[Problem]:
    lease.check()
    try:
        run(tools, f"record {address}", terraform_argv.adopt(address, id), (lease.inherited,))
    except SesariError as error:
        why = "; ".join(problem.why or problem.what for problem in error.problems)
        if not _GONE.search(why):
            yield _not_recorded(tools, address, id, why)


def _not_recorded(tools: Tools, address: str, id: str, why: str) -> Problem:
    return Problem(
        "created-not-recorded",
        f"A killed Terraform created something in `{tools.name}` that its state does not hold",
        where=f"{address}, id {id}",
        why=why,
        hint=f"Record it with `terraform import '{address}' ID` in infra/{tools.name}, or delete it; "
        f"then remove {tools.root.data / 'created.jsonl'}",
    )


def not_saved(tools: Tools, path: str) -> Problem:
    """What a person must know about a state that is only on this machine."""
    return Problem(
        "state-not-saved",
        f"Terraform changed `{tools.name}` but could not save its state",
        where=path,
        why=f"`{tools.where}` could not be written; the state is kept in this private file",
        hint=f"Keep the file. When the bucket can be reached, run `sesari plan -e {tools.name}` here: it puts it back",
    )
