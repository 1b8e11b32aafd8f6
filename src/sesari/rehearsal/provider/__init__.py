"""Provider doubles: the true schemas of aws, vercel and supabase, served to real Terraform by our own daemon.

One daemon (`python -m sesari.rehearsal.provider`) serves one environment: three providers, each on one unix socket per
identity (plan, deploy, bootstrap), because a provider cannot tell who calls it. Planning is pure and generic; what a
schema does not say is in `sidecar/` (what replaces, defaults) and `computed_blocks.json`. Types that the AWS emulator
has are sent there; every other type is recorded in `<provider>.sqlite`, its computed values made up by `fabricated/`.

In the daemon's folder: `calls.jsonl`, one line per call, never a value; and, when somebody writes it, `faults.json`:
`[{"type": "aws_ecs_service", "operation": "create", "nth": 1, "error": "AccessDenied", "hang_seconds": 0}]`
(`type` may end in `*`; `nth` 0 means every call; `"kill": true` kills the daemon; see faults.py for the errors).
"""
