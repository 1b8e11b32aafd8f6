"""The rules of docs/ARCHITECTURE.md, read from the source itself; each rule is shown to fail on a planted violation."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import sesari

PACKAGE = Path(sesari.__file__).parent
REPOSITORY = Path(__file__).parents[2]
LONGEST = 400

CORE = {"model", "errors"}
# Part of the package -> the parts that it may import, beside itself and the core.
MAY_IMPORT = {
    "model": set(),
    "errors": set(),
    "manifest": set(),
    "stack": set(),
    "review": set(),
    "release": set(),
    "views": set(),
    "drivers": set(),
    "pipeline": {"manifest", "stack", "review", "release"},
    "rehearsal": {"manifest", "stack", "review", "release", "drivers", "pipeline", "views"},
    # validate, config and schema are questions about texts: the pure manifest answers them without a pipeline.
    "cli": {"pipeline", "views", "manifest"},
}
PURE = ("model", "errors", "manifest", "stack", "review", "release", "views")
# Who joins the pure to the edge: the wiring, and the reading of the manifest's own files, where nothing is chosen.
JOINTS = ("sesari.pipeline.wiring", "sesari.pipeline.manifest")
# The rehearsal is a command and an access: nothing else knows that it exists.
KNOWS_REHEARSAL = ("sesari.pipeline.wiring", "sesari.cli.rehearse")
EFFECTS = {
    *(
        "asyncio",
        "fcntl",
        "getpass",
        "glob",
        "http",
        "multiprocessing",
        "os",
        "platform",
        "random",
        "secrets",
        "select",
    ),
    *("shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "time", "urllib"),
    *("boto3", "botocore", "cryptography", "grpc", "httpx", "hypercorn", "ministack", "starlette"),
}
# A Project says where things are, an EngineCall where to run; they open nothing.
PATHS_THAT_ONLY_NAME = {"sesari.model.access", "sesari.model.engine"}
CLOCK_CALLS = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today")
EFFECT_CALLS = {"open", "print", "input", "exec", "eval"}


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every imported module, with its line; the name in `from package import name` is taken along."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ("." * node.level) + (node.module or "")
            names = [f"{base}.{alias.name}" for alias in node.names] if base == "sesari" else [base]
            yield from ((name, node.lineno) for name in names)


def part_of(module: str) -> str:
    words = module.split(".")
    return words[1] if len(words) > 1 else ""


def import_violations(module: str, tree: ast.AST) -> Iterator[str]:
    """What one module imports against the rules."""
    part = part_of(module)
    for name, line in imports(tree):
        where = f"{module}:{line}"
        if name.startswith("."):
            yield f"{where} relative import"
        if part in PURE and name.split(".")[0] in EFFECTS:
            yield f"{where} pure code imports {name}"
        if part in PURE and name.split(".")[0] == "pathlib" and module not in PATHS_THAT_ONLY_NAME:
            yield f"{where} pure code imports {name}"
        other = part_of(name)
        if not name.startswith("sesari.") or other in ("__version__", part) or other in CORE:
            continue
        allowed = MAY_IMPORT.get(part, set()) | ({"cli"} if module == "sesari.__main__" else set())
        if other == "drivers" and module.startswith(JOINTS):
            continue
        if other == "rehearsal" and module.startswith(KNOWS_REHEARSAL):
            continue
        if other not in allowed:
            yield f"{where} {part} imports {name}"


def effect_violations(module: str, tree: ast.AST) -> Iterator[str]:
    """Calls that touch the world or the clock in pure code."""
    if part_of(module) not in PURE:
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        called = ast.unparse(node.func)
        if name in EFFECT_CALLS or called.endswith(CLOCK_CALLS):
            yield f"{module}:{node.lineno} pure code calls {called}"


def module_name(path: Path) -> str:
    words = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(words[:-1] if words[-1] == "__init__" else words)


def source_files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def violations(module: str, text: str) -> list[str]:
    tree = ast.parse(text)
    return [*import_violations(module, tree), *effect_violations(module, tree)]


def test_the_package_keeps_the_rules():
    files = source_files()
    assert len(files) > 30
    assert [found for path in files for found in violations(module_name(path), path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("sesari.stack.x", "from sesari.review import review"),
        ("sesari.stack.x", "import sesari.manifest.parse"),
        ("sesari.stack.x", "from sesari import manifest"),
        ("sesari.review.x", "def f():\n    import subprocess"),
        ("sesari.release.x", "from time import time"),
        ("sesari.release.x", "from datetime import datetime\nnow = datetime.now()"),
        ("sesari.release.x", "from pathlib import Path"),
        ("sesari.manifest.x", "text = open('x').read()"),
        ("sesari.views.x", "print('x')"),
        ("sesari.views.x", "from sesari.pipeline import plan"),
        ("sesari.model.x", "from sesari.stack import desired"),
        ("sesari.drivers.x", "from sesari.pipeline import plan"),
        ("sesari.drivers.x", "from sesari.manifest import parse"),
        ("sesari.pipeline.plan", "from sesari.drivers.terraform import find_engine"),
        ("sesari.pipeline.plan", "from sesari.rehearsal.cloud import attach"),
        ("sesari.pipeline.plan", "from sesari.views import terminal"),
        ("sesari.pipeline.plan", "from sesari.cli import main"),
        ("sesari.rehearsal.x", "from sesari.cli import main"),
        ("sesari.cli.plan", "from sesari.drivers.terraform import find_engine"),
        ("sesari.cli.plan", "from sesari.stack import desired"),
        ("sesari.cli.plan", "from sesari.rehearsal.cloud import Cloud"),
        ("sesari.stack.x", "from . import root"),
    ],
)
def test_a_planted_violation_is_found(module, text):
    assert violations(module, text)


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("sesari.stack.x", "from sesari.stack import root\nfrom sesari.model.stack import Stack\nimport json"),
        ("sesari.pipeline.wiring", "from sesari.drivers.terraform import find_engine"),
        ("sesari.pipeline.plan", "from sesari.review.read import read_plan"),
        ("sesari.cli.rehearse", "from sesari.rehearsal.cloud import Cloud"),
        ("sesari.cli.failures", "from sesari import __version__"),
        ("sesari.__main__", "from sesari.cli import main"),
    ],
)
def test_what_is_allowed_is_not_reported(module, text):
    assert violations(module, text) == []


def too_long(paths: list[Path], longest: int = LONGEST) -> list[str]:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in paths}
    return [f"{path.name}: {length} lines" for path, length in lengths.items() if length > longest]


def test_no_file_is_longer_than_400_lines(tmp_path):
    written = [path for folder in ("tests", "bench", "tools") for path in sorted((REPOSITORY / folder).rglob("*.py"))]
    assert too_long([*source_files(), *written]) == []
    (tmp_path / "long.py").write_text("x = 1\n" * (LONGEST + 1))
    assert too_long([tmp_path / "long.py"]) == ["long.py: 401 lines"]


def test_folders_that_should_not_exist():
    names = {"utils", "util", "common", "helpers", "helper", "misc", "managers"}
    assert [str(path) for path in PACKAGE.rglob("*") if path.stem in names] == []
