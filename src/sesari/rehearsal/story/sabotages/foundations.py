"""What breaks the chapters up to the isolation of applied environments."""

from __future__ import annotations

from typing import Final

from sesari.rehearsal.story.sabotage import Edit, Sabotage

MANIFEST: Final = (
    Sabotage(
        "first-error-only",
        "manifest.all-errors",
        "the validation stops at the first error",
        (Edit("manifest/shape.py", "found = _without_echoes(found)", "found = _without_echoes(found)[:1]"),),
    ),
    Sabotage(
        "synth-with-a-clock",
        "synth.repeatable",
        "synth writes the time into every file",
        (
            Edit(
                "stack/files.py",
                "hcl.comment(_header(stack))",
                "hcl.comment(f\"{_header(stack)}\\n{__import__('time').time_ns()}\")",
            ),
        ),
    ),
    Sabotage(
        "endpoint-in-root",
        "synth.plain",
        "the roots take their modules from an address on the network",
        (Edit("stack/files.py", 'f"{up}modules/{call.source}"', 'f"https://example.com/{call.source}"'),),
    ),
    Sabotage(
        "stale-unnoticed",
        "synth.stale",
        "`synth --check` looks only at files to remove",
        (Edit("pipeline/synth.py", "sorted({*found.written, *found.removed})", "sorted(found.removed)"),),
    ),
)

BOOTSTRAP: Final = (
    Sabotage(
        "state-unversioned",
        "bootstrap.buckets",
        "the state module does not switch versioning on",
        (
            Edit(
                "modules/state/main.tf",
                'versioning_configuration {\n    status = "Enabled"',
                'versioning_configuration {\n    status = "Suspended"',
            ),
        ),
    ),
    Sabotage(
        "bootstrap-never-settles",
        "bootstrap.again",
        "the state module tags its key with the time",
        (
            Edit(
                "modules/state/main.tf",
                "  enable_key_rotation     = true\n",
                "  enable_key_rotation     = true\n  tags = { touched = timestamp() }\n",
            ),
        ),
    ),
)

ENVIRONMENTS: Final = (
    Sabotage(
        "creation-read-as-update",
        "apply.only-adds",
        "a plan's creations are read as updates",
        (Edit("review/read.py", '("create",): Action.CREATE', '("create",): Action.UPDATE'),),
    ),
    Sabotage(
        "plan-in-clear",
        "apply.plan-sealed",
        "the vault seals nothing",
        (
            Edit(
                "drivers/vault.py",
                'AESGCM(answer["Plaintext"]).encrypt(nonce, body, _associated(context))',
                "body",
            ),
        ),
    ),
    Sabotage(
        "queue-only-pretended",
        "apply.exists",
        "the double keeps queues itself and calls nobody",
        (
            Edit(
                "rehearsal/aws/types/__init__.py",
                "for name, resource in group.RESOURCES.items()}",
                'for name, resource in group.RESOURCES.items() if not name.startswith("aws_sqs")}',
            ),
        ),
    ),
    Sabotage(
        "plan-never-empty",
        "apply.second-empty",
        "the cluster module tags its cluster with the time",
        (
            Edit(
                "modules/cluster/main.tf",
                'resource "aws_ecs_cluster" "this" {\n',
                'resource "aws_ecs_cluster" "this" {\n  tags = { touched = timestamp() }\n',
            ),
        ),
    ),
    Sabotage(
        "needs-sesari",
        "apply.by-hand",
        "the roots need a variable that only Sesari passes",
        (
            Edit(
                "stack/files.py",
                '        "main.tf": _main(stack),\n',
                '        "main.tf": _main(stack),\n'
                '        "variables.tf": [hcl.block(\'variable "only_sesari"\', hcl.body({"nullable": False}))],\n',
            ),
            Edit(
                "drivers/terraform.py",
                '"TF_IN_AUTOMATION": "1",',
                '"TF_IN_AUTOMATION": "1", "TF_VAR_only_sesari": "1",',
            ),
        ),
    ),
)

ISOLATION: Final = (
    Sabotage(
        "trust-widened",
        "isolation.foreign-job",
        "the deploy role trusts the jobs of every environment",
        (
            Edit("modules/identity/main.tf", "          StringEquals = {", "          StringLike = {"),
            Edit(
                "modules/identity/main.tf",
                'deploy = "repo:${var.repository}:environment:${var.environment}"',
                'deploy = "repo:${var.repository}:environment:*"',
            ),
        ),
    ),
    Sabotage(
        "plan-role-reads-secrets",
        "isolation.plan-reads-no-secret",
        "the roles' denial of secret values has become a permission",
        (
            Edit(
                "modules/identity/main.tf",
                '    Sid      = "NoSecretValues"\n    Effect   = "Deny"',
                '    Sid      = "NoSecretValues"\n    Effect   = "Allow"',
            ),
        ),
    ),
    Sabotage(
        "plan-role-writes-state",
        "isolation.plan-changes-nothing",
        "the plan role may write the whole state bucket",
        (
            Edit(
                "modules/identity/state.tf",
                'Sid      = "SavePlans"\n        Effect   = "Allow"\n        Action   = "s3:PutObject"\n'
                '        Resource = "${var.state_bucket_arn}/plans/*"',
                'Sid      = "SavePlans"\n        Effect   = "Allow"\n        Action   = "s3:PutObject"\n'
                '        Resource = "${var.state_bucket_arn}/*"',
            ),
        ),
    ),
    Sabotage(
        "deploy-role-reads-secrets",
        "isolation.deploy-reads-no-secret",
        "the deploy role's denial of secret values has become a permission",
        (
            Edit(
                "modules/identity/state.tf",
                '"kms:UntagResource"]\n        Resource = var.state_key_arn\n      },\n      local.no_secret_values,',
                '"kms:UntagResource"]\n        Resource = var.state_key_arn\n      },\n'
                '      merge(local.no_secret_values, { Effect = "Allow" }),',
            ),
        ),
    ),
)
