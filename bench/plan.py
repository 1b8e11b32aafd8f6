"""`sesari plan` against the same `terraform plan` and `show -json` by hand, and three environments against the slowest.

On the example product and the offline cloud, bootstrapped and empty, so that every resource is planned. Rounds are
interleaved: a busy moment meets both sides.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sesari.drivers.terraform import find_engine
from sesari.manifest import SourceFile, Sources, parse
from sesari.model.access import Purpose
from sesari.rehearsal.cloud import Cloud

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "sesari"
ROUNDS = 5
ONE = "staging"
BY_HAND_TARGET = 1.15
TOGETHER_TARGET = 1.5


def timed(argv: list[str], where: Path, environment: dict[str, str], expected: tuple[int, ...] = (0, 2)) -> float:
    """Seconds of one command. Ends the bench with the command's output when it did not do its work."""
    start = time.perf_counter()
    done = subprocess.run(argv, cwd=where, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in expected:
        sys.exit(f"{' '.join(argv)} left with {done.returncode}:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - start


class Bench:
    """A product in a folder and the cloud that it plans against."""

    def __init__(self, product: Path, cloud: Cloud) -> None:
        self.product = product
        self.cloud = cloud
        self.environment = dict(os.environ, SESARI_REHEARSAL=str(cloud.folder), CI="true")
        engine = find_engine(product / ".sesari", os.environ)
        embedded = [sys.executable, "-m", "sesari.drivers.embedded_terraform"]
        self.terraform = embedded if engine.label.endswith("(embedded)") else [shutil.which("terraform") or "terraform"]
        print(engine.label)

    def sesari(self, *words: str) -> float:
        return timed([sys.executable, "-m", "sesari", *words], self.product, self.environment)

    def by_hand(self, name: str) -> float:
        """`terraform plan -out` and `show -json`, in a folder that is initialised already."""
        reach = self.cloud.access().reach(name, Purpose.PLAN)
        machine = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environment = {**machine, **reach.variables, "CHECKPOINT_DISABLE": "1"}
        root = self.product / "infra" / name
        terraform = self.terraform
        if not (root / ".terraform").exists():
            timed([*terraform, "init", "-input=false"], root, environment)
        plan = [*terraform, "plan", "-input=false", "-lock=false", "-out=bench.tfplan", "-detailed-exitcode"]
        seconds = timed(plan, root, environment)
        seconds += timed([*terraform, "show", "-json", "bench.tfplan"], root, environment)
        (root / "bench.tfplan").unlink()
        return seconds


def line(name: str, seconds: list[float]) -> float:
    median = statistics.median(seconds)
    print(f"{name:<44}{median:7.2f} s   ({', '.join(f'{one:.2f}' for one in seconds)})")
    return median


def verdict(words: str, ratio: float, target: float) -> bool:
    print(f"{words}: {ratio:.2f} x, target at most {target} x: {'met' if ratio <= target else 'MISSED'}")
    return ratio <= target


def measure(bench: Bench, names: list[str]) -> bool:
    hand: list[float] = []
    alone: dict[str, list[float]] = {name: [] for name in names}
    together: list[float] = []
    for _ in range(ROUNDS):
        hand.append(bench.by_hand(ONE))
        for name in names:
            alone[name].append(bench.sesari("plan", "-e", name))
        together.append(bench.sesari("plan", "--all"))
    base = line(f"terraform plan + show, {ONE}, by hand", hand)
    singles = {name: line(f"sesari plan -e {name}", seconds) for name, seconds in alone.items()}
    all_of_them = line(f"sesari plan --all ({len(names)} environments)", together)
    print(f"sesari plan costs {singles[ONE] - base:.2f} s more, whatever the size of the plan")
    first = verdict("sesari plan against by hand", singles[ONE] / base, BY_HAND_TARGET)
    second = verdict("all at once against the slowest", all_of_them / max(singles.values()), TOGETHER_TARGET)
    return first and second


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        product = Path(folder) / "product"
        product.mkdir()
        shutil.copy(EXAMPLE / "sesari.toml", product)
        manifest = parse(Sources(SourceFile("sesari.toml", (product / "sesari.toml").read_text(encoding="utf-8"))))
        with Cloud.start(Path(folder) / "cloud", manifest.environments, manifest.delivery, manifest.product) as cloud:
            bench = Bench(product, cloud)
            bench.sesari("synth")
            bench.sesari("bootstrap", "--yes")
            return 0 if measure(bench, list(manifest.environments)) else 1


if __name__ == "__main__":
    sys.exit(main())
