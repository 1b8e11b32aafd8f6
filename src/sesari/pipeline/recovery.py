"""A state that an earlier run could not push is put back before anything else is done."""

from __future__ import annotations

from sesari.errors import Problem, SesariError
from sesari.model.progress import Phase, Progress
from sesari.pipeline import terraform_argv
from sesari.pipeline.identity import check_identities
from sesari.pipeline.lease import HeldLease, held
from sesari.pipeline.state_lock import locked
from sesari.pipeline.terraform import initialise, run
from sesari.pipeline.tools import Tools


def recover(tools: Tools) -> bool:
    """Push back an unsaved state under the lease and the state lock; True when there was one."""
    if tools.root.unsaved_state() is None:
        return False
    check_identities(tools)
    initialise(tools)
    with held(tools, "put back a state that was not saved") as lease, locked(tools, lease, "OperationTypeApply"):
        return push_back(tools, lease)


def push_back(tools: Tools, lease: HeldLease) -> bool:
    """The same, for a caller that holds both. Raises SesariError `state-not-saved` with the way out."""
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


def not_saved(tools: Tools, path: str) -> Problem:
    """What a person must know about a state that is only on this machine."""
    return Problem(
        "state-not-saved",
        f"Terraform changed `{tools.name}` but could not save its state",
        where=path,
        why=f"`{tools.where}` could not be written; the state is kept in this private file",
        hint=f"Keep the file. When the bucket can be reached, run `sesari plan -e {tools.name}` here: it puts it back",
    )
