"""`python -m sesari` is `sesari`."""

from __future__ import annotations

import sys

from sesari.cli import main

if __name__ == "__main__":
    sys.exit(main())
