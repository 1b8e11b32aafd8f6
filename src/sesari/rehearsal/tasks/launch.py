"""Becomes a task's process, which the kernel ends when the offline cloud dies: `launch.py PARENT PROGRAM ARGUMENT...`.

Run with `python -I -S`, so that neither the task's variables nor the machine's packages reach it.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, program, *arguments = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit(1)
    try:
        os.execvpe(program, [program, *arguments], os.environ)  # noqa: S606  (a shell is what it must not have)
    except OSError as problem:
        # What a container runtime says; the exit codes are a shell's.
        sys.stderr.write(f'exec: "{program}": {problem.strerror}\n')
        sys.exit(127 if isinstance(problem, FileNotFoundError) else 126)


if __name__ == "__main__":
    main()
