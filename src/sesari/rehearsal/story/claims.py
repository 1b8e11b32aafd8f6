"""What the rehearsal claims to prove: every line, by chapter, in the order of the story."""

from __future__ import annotations

from typing import Final

CLAIMS: Final[dict[str, dict[str, str]]] = {
    "manifest": {
        "manifest.all-errors": "a wrong manifest gets every error at once, and nothing is written",
        "synth.repeatable": "the same manifest gives the same Terraform, byte for byte",
        "synth.plain": "the roots name no endpoint and nothing of Sesari",
        "synth.stale": "`synth --check` finds a manifest that moved on",
    },
    "bootstrap": {
        "bootstrap.buckets": "every state bucket is versioned, encrypted and closed to the public",
        "bootstrap.again": "a second bootstrap changes nothing",
    },
    "environments": {
        "apply.only-adds": "the first plan of each environment only adds, and its review says so",
        "apply.plan-sealed": "no saved plan lies anywhere in clear",
        "apply.exists": "what was applied exists, each in its own account and no other",
        "apply.second-empty": "a second plan of each environment is empty",
        "apply.by-hand": "`terraform plan` by hand, without Sesari, shows no change",
    },
    "isolation": {
        "isolation.foreign-job": "no environment's job can take another's role",
        "isolation.plan-reads-no-secret": "the plan role reads no secret value",
        "isolation.plan-changes-nothing": "the plan role changes nothing",
        "isolation.deploy-reads-no-secret": "the deploy role writes secrets and reads none",
    },
    "edit": {
        "edit.reviewed": "an edit with an update and a replacement: both shown, dangerous first, with what forces it",
        "edit.applied": "applied to one environment; the others did not move",
        "edit.protected": "production keeps its data: deleting a queue needs the deployed manifest's leave",
    },
    "refused": {
        "refused.state-moved": "a plan is refused when the state has moved on",
        "refused.sources-moved": "a plan is refused when its Terraform has been edited since",
        "refused.account": "another environment's AWS account is refused before anything is written",
        "refused.team": "another environment's Vercel team is refused",
        "refused.organization": "another environment's Supabase organization is refused",
    },
    "drift": {
        "drift.by-hand": "what was changed by hand is found and named",
        "drift.churn": "what moves by itself is told apart from it",
        "drift.repaired": "the next apply puts it back, and a second plan is empty",
    },
    "broken": {
        "broken.told": "an apply that breaks half-way says which resource, and what the provider answered",
        "broken.resumed": "the next apply goes on from there, and a second plan is empty",
        "killed.kept-out": "while a holder lives nobody else gets in, not even a Terraform by hand",
        "killed.continued": "after kill -9 the dead holder's own lock is released and the next apply continues",
        "killed.foreign-lock": "a lock that a Terraform by hand left is not touched",
    },
    "destroy": {
        "destroy.production-kept": "destroying production is refused",
        "destroy.gone": "a destroyed environment is gone from its account, and the others have nothing to repair",
    },
    "afterwards": {
        "afterwards.no-secret": "no token, key or password lies in clear in any file that was written",
        "afterwards.loopback": "nothing listened beyond this machine's loopback",
        "afterwards.labelled": "every resource shown says how true it is",
    },
}

TITLES: Final[dict[str, str]] = {name: name for name in CLAIMS}
