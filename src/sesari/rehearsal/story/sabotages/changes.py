"""What breaks the chapters about changes: edits, refusals, drift, broken applies, removal, what is left."""

from __future__ import annotations

from typing import Final

from sesari.rehearsal.story.sabotage import Edit, Sabotage

EDIT: Final = (
    Sabotage(
        "review-without-causes",
        "edit.reviewed",
        "the review does not read what forces a replacement",
        (Edit("review/read.py", '_absent_as(change, "replace_paths", [])', '_absent_as({}, "replace_paths", [])'),),
    ),
    Sabotage(
        "update-lost",
        "edit.applied",
        "an updated service does not learn its load balancer's new port",
        (
            Edit(
                "rehearsal/aws/types/services.py",
                "loadBalancers=_balancers_out(planned),\n        healthCheckGracePeriodSeconds",
                "healthCheckGracePeriodSeconds",
            ),
        ),
    ),
    Sabotage(
        "protection-off",
        "edit.protected",
        "every type counts as allowed to be destroyed",
        (
            Edit(
                "release/admission.py",
                "allowed = deployed.allow_destroy if deployed else ()",
                "allowed = tuple(change.type for change in plan.changes)",
            ),
        ),
    ),
)

REFUSED: Final = (
    Sabotage(
        "state-not-compared",
        "refused.state-moved",
        "admission does not compare the state's serial",
        (Edit("release/admission.py", "elif saved.state.serial != facts.state.serial:", "elif False:"),),
    ),
    Sabotage(
        "sources-not-compared",
        "refused.sources-moved",
        "admission does not compare the sources",
        (Edit("release/admission.py", "if saved.sources != facts.sources:", "if False:"),),
    ),
    Sabotage(
        "account-not-checked",
        "refused.account",
        "nobody asks whose AWS account it is",
        (
            Edit(
                "release/admission.py",
                '("wrong-account", "AWS account", environment.account, found.account)',
                '("wrong-account", "AWS account", None, found.account)',
            ),
        ),
    ),
    Sabotage(
        "team-not-checked",
        "refused.team",
        "nobody asks whose Vercel team it is",
        (
            Edit(
                "release/admission.py",
                '"Vercel team", environment.vercel_team, found.vercel_team)',
                '"Vercel team", None, found.vercel_team)',
            ),
        ),
    ),
    Sabotage(
        "organization-not-checked",
        "refused.organization",
        "nobody asks whose Supabase organization it is",
        (
            Edit(
                "release/admission.py",
                '"Supabase organization", environment.supabase_organization,',
                '"Supabase organization", None,',
            ),
        ),
    ),
)

DRIFT: Final = (
    Sabotage(
        "drift-unseen",
        "drift.by-hand",
        "what an apply would put back does not count as made by hand",
        (
            Edit(
                "review/drift.py",
                "hand_made = gone or restores or verdict.risk in _DANGEROUS",
                "hand_made = gone or verdict.risk in _DANGEROUS",
            ),
        ),
    ),
    Sabotage(
        "churn-accused",
        "drift.churn",
        "everything that moved counts as made by hand",
        (
            Edit(
                "review/drift.py",
                "hand_made = gone or restores or verdict.risk in _DANGEROUS",
                "hand_made = True",
            ),
        ),
    ),
    Sabotage(
        "door-left-open",
        "drift.repaired",
        "an update of a security group's rule is not sent",
        (
            Edit(
                "rehearsal/aws/types/security.py",
                "    if any(prior.get(name) != planned.get(name) for name in fields):",
                "    if False:",
            ),
        ),
    ),
)

BROKEN: Final = (
    Sabotage(
        "provider-answer-lost",
        "broken.told",
        "a failure loses the provider's answer",
        (
            Edit(
                "pipeline/terraform_events.py",
                'return Problem("terraform-error", f"Terraform: {summary}", where=where, '
                'why=" ".join(detail.split()) or None)',
                'return Problem("terraform-error", "Terraform failed", where=where)',
            ),
        ),
    ),
    Sabotage(
        "lock-kept-after-failure",
        "broken.resumed",
        "an apply that fails keeps the state lock, and nobody knows it as its own",
        (
            Edit(
                "pipeline/state_lock.py",
                "        yield\n    finally:",
                "        yield\n    except KeyError:\n        raise\n    else:",
            ),
            Edit("pipeline/state_lock.py", "if not is_own_lock(there.id, held.lease):", "if True:"),
        ),
    ),
    Sabotage(
        "living-holder-robbed",
        "killed.kept-out",
        "a holder that gives signs of life is taken for dead",
        (
            Edit(
                "release/lease.py",
                "    if moved:\n        return Held(current)",
                "    if moved:\n"
                "        return Take(_fresh(environment, current.token + 1, holder, purpose, now, ttl), dead=current)",
            ),
        ),
    ),
    Sabotage(
        "own-lock-unknown",
        "killed.continued",
        "the lock of a dead holder is taken for a stranger's",
        (Edit("pipeline/state_lock.py", "if not is_own_lock(there.id, held.lease):", "if True:"),),
    ),
    Sabotage(
        "any-lock-removed",
        "killed.foreign-lock",
        "whatever lock is in the way is removed",
        (Edit("pipeline/state_lock.py", "if not is_own_lock(there.id, held.lease):", "if False:"),),
    ),
)

DESTROY: Final = (
    Sabotage(
        "production-destroyed",
        "destroy.production-kept",
        "a destroy plan is not asked what it would destroy",
        (Edit("pipeline/destroy.py", "    if problems:", "    if False:"),),
    ),
    Sabotage(
        "destroy-forgets",
        "destroy.gone",
        "a destroy plan covers one module",
        (
            Edit(
                "pipeline/terraform_argv.py",
                '("-destroy",) if destroy',
                '("-destroy", "-target=module.web") if destroy',
            ),
        ),
    ),
)

AFTERWARDS: Final = (
    Sabotage(
        "environment-written",
        "afterwards.no-secret",
        "the engine writes its variables into a file",
        (
            Edit(
                "drivers/terraform.py",
                "        private_folder(call.data)\n",
                "        private_folder(call.data)\n"
                '        write_whole(call.data / "variables", repr(dict(call.variables)).encode())\n',
            ),
        ),
    ),
    Sabotage(
        "open-to-the-network",
        "afterwards.loopback",
        "the offline cloud's servers listen on every interface",
        (Edit("rehearsal/serving.py", 'LOOPBACK = "127.0.0.1"', 'LOOPBACK = "0.0.0.0"'),),
    ),
    Sabotage(
        "label-missing",
        "afterwards.labelled",
        "one type has no label",
        (
            Edit(
                "rehearsal/cloud.py",
                '"emulated" if name in emulated else "recorded only" for name in known}',
                '"emulated" if name in emulated else "recorded only" for name in known if name != "aws_vpc"}',
            ),
        ),
    ),
)
