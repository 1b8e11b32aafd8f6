"""The commands: names and one line of help, known without importing any of them."""

from __future__ import annotations

GROUPS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "The product's file",
        (
            ("validate", "check sesari.toml; every error at once, nothing is written"),
            ("config", "show one environment's effective values and where each came from"),
            ("schema", "print the JSON Schema of sesari.toml"),
            ("synth", "write the product's Terraform into infra/"),
            ("lock", "write .terraform.lock.hcl for all platforms"),
        ),
    ),
    (
        "Environments",
        (
            ("bootstrap", "prepare an account once: state bucket, key, roles, delivery store"),
            ("plan", "propose changes and save them, encrypted, for apply"),
            ("apply", "apply a saved plan, and only that plan"),
            ("drift", "find what was changed by hand"),
            ("destroy", "plan and apply the removal of an environment"),
            ("unlock", "release the lock of a holder that is dead"),
        ),
    ),
    (
        "Offline",
        (
            ("rehearse", "run the whole path on an offline cloud, with no account and no network"),
            ("completion", "print the completion script of a shell"),
        ),
    ),
)

COMMANDS: dict[str, str] = {name: line for _, commands in GROUPS for name, line in commands}


def overview() -> str:
    """The text of `sesari --help`."""
    lines = ["usage: sesari COMMAND [options]", ""]
    for title, commands in GROUPS:
        lines += [f"{title}:", *(f"  {name:<12}{line}" for name, line in commands), ""]
    lines += [
        "examples:",
        "  sesari rehearse                    try everything offline, on this machine",
        "  sesari plan -e staging             see what would change",
        "",
        "`sesari COMMAND --help` explains a command; `sesari --version` tells the version.",
        "exit codes: 0 done or no change, 1 error, 2 changes or drift, 3 a gate is closed, 130 stopped by Ctrl-C",
    ]
    return "\n".join(lines) + "\n"


def version() -> str:
    """The text of `sesari --version`."""
    import sys

    from sesari import __version__

    return f"sesari {__version__} (Python {'.'.join(map(str, sys.version_info[:3]))})\n"
