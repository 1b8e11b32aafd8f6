"""CPU time of `sesari --help` and of one command's help against bare Python, in the same run: medians and ratios."""

import os
import statistics
import subprocess
import sys

RUNS = 25
LINES = {
    "bare python": ["-c", "pass"],
    "sesari --version": ["-m", "sesari", "--version"],
    "sesari --help": ["-m", "sesari", "--help"],
    "sesari completion --help": ["-m", "sesari", "completion", "--help"],
}


def cpu(words: list[str]) -> float:
    """User and system seconds of one child, in milliseconds."""
    child = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{words} left with {child.returncode}")
    return (usage.ru_utime + usage.ru_stime) * 1000


def main() -> int:
    samples: dict[str, list[float]] = {name: [] for name in LINES}
    for _ in range(RUNS):  # interleaved, so that a busy moment meets all of them
        for name, words in LINES.items():
            samples[name].append(cpu(words))
    base = statistics.median(samples["bare python"])
    for name, values in samples.items():
        median = statistics.median(values)
        print(f"{name:<26}{median:7.1f} ms CPU   {median / base:5.2f} x bare python")
    shown = statistics.median(samples["sesari --help"])
    print(f"target: `sesari --help` at most 60 ms of CPU: {'met' if shown <= 60 else 'MISSED'}")
    return 0 if shown <= 60 else 1


if __name__ == "__main__":
    sys.exit(main())
