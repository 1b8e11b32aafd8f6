"""Validation and synthesis of 10, 50 and 200 services in 10 environments, in one run: seconds of CPU and ratios."""

import sys
import time
from pathlib import Path

import sesari
from sesari.drivers.infra_folder import module_files
from sesari.manifest import SourceFile, Sources, parse
from sesari.pipeline.synth import files

SIZES = (10, 50, 200)
ENVIRONMENTS = 10
ROUNDS = 3
TARGET = 2.0
MODULES = Path(sesari.__file__).parent / "modules"
KINDS = {
    "web": 'target = "vercel"\nvariables = { NEXT_PUBLIC_NAME = "Zażółć" }\n',
    "api": 'target = "ecs"\nport = 8080\nhealth = "/healthz"\nsize = { cpu = 256, memory = 512 }\n',
    "worker": 'target = "ecs"\nqueue = "q-@"\nscale = { min = 0, max = 20, latency = "60s", spot = 0.8 }\n',
}


def text(services: int) -> str:
    """A manifest with that many services, a third of each kind, and overrides in every environment."""
    lines = ['[product]\nname = "bench"\nregion = "us-east-1"\nrepository = "sesari/bench"\n']
    lines += ['[delivery]\naccount = "444444444444"\n', '[secrets.API_KEY]\nrotate = "90d"\n']
    names = [(f"s{index}", tuple(KINDS)[index % 3]) for index in range(services)]
    for name, kind in names:
        lines.append(
            f'[services.{name}]\nkind = "{kind}"\npath = "services/{name}"\n'
            f'secrets = ["API_KEY", "DATABASE_URL"]\n{KINDS[kind].replace("@", name)}'
        )
        if kind == "worker":
            lines.append(f'[queues.q-{name}]\nvisibility = "120s"\nretries = 5\n')
    for index in range(ENVIRONMENTS):
        lines.append(
            f'[environments.e{index}]\naccount = "{100000000000 + index}"\nnetwork = {{ cidr = "10.{index}.0.0/16" }}\n'
            f'vercel_team = "bench-{index}"\n'
        )
        lines += [
            f"services.{name} = {{ size = {{ cpu = 512, memory = 1024 }} }}"
            for name, kind in names[:: index + 1]
            if kind == "api"
        ]
    return "\n".join(lines) + "\n"


def modules(name: str) -> dict[str, bytes]:
    return module_files(MODULES, name)


def measure(services: int) -> tuple[float, float, int]:
    """CPU seconds of validation and of synthesis (the better of some rounds), and the number of files."""
    source = Sources(SourceFile("sesari.toml", text(services)))
    best = (float("inf"), float("inf"))
    for _ in range(ROUNDS):
        start = time.process_time()
        manifest = parse(source)
        middle = time.process_time()
        wanted = files(manifest, modules)
        best = min(best, (middle - start, time.process_time() - middle), key=sum)
    return *best, len(wanted)


def main() -> int:
    base = total = 0.0
    for services in SIZES:
        validated, synthesized, count = measure(services)
        total = validated + synthesized
        each = total / services
        base = base or each
        print(
            f"{services:4} services x {ENVIRONMENTS} environments: validated {validated:6.3f} s, synthesized "
            f"{synthesized:6.3f} s, in all {total:6.3f} s; "
            f"per service {each / base:4.2f} x that of {SIZES[0]} ({count} files)"
        )
    print(f"target: {SIZES[-1]} services at most {TARGET} s in all: {'met' if total <= TARGET else 'MISSED'}")
    return 0 if total <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
