"""What synth writes, held to Terraform itself: canonical, and with the values that were meant."""

import base64
import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from tests import engine
from tests.strategies import manifests
from tests.unit.stack.products import api, environment, manifest, whole
from tests.unit.stack.test_stack import roots

import sesari
from sesari.drivers.infra_folder import InfraFolder, module_files
from sesari.pipeline.synth import synthesize
from sesari.stack import hcl, render

MODULES = Path(sesari.__file__).parent / "modules"

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12) | st.text("${}%\\\"'\n a", max_size=12)
KEYS = st.text(st.characters(codec="ascii"), min_size=1, max_size=6) | st.sampled_from(["for", "null", "a-b", "1", "ż"])
SCALARS = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.sampled_from([0.25, 0.8, 1e-7]) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)


def terraform(*words: str, cwd: Path, text: str | None = None, **more: str) -> str:
    """Run Terraform."""
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), "TF_CLI_CONFIG_FILE": os.devnull, **more}
    done = subprocess.run(
        [*engine.command(), *words],
        cwd=cwd,
        env=env,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def collected(strategy, count: int, number: int) -> list:
    """Examples of a strategy, the same in every run: Terraform is started once for all of them."""
    found: list = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example):
        found.append(example)

    collect()
    return found


def as_json(value):
    """A value as Terraform's jsonencode would see it."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, tuple):
        return [as_json(item) for item in value]
    if isinstance(value, dict):
        return {as_json(key): as_json(item) for key, item in value.items()}
    return value


def test_terraform_reads_the_values_that_were_written(tmp_path):
    values = [value for value in collected(VALUES, 300, 11) if unique_keys(value)]
    named = {f"v{index}": value for index, value in enumerate(values)}
    text = "\n".join(hcl.block("locals", hcl.body(named))) + "\n"
    (tmp_path / "main.tf").write_text(text, encoding="utf-8", newline="")
    assert terraform("fmt", "-check", "-diff", cwd=tmp_path) == ""
    whole_list = f"base64encode(jsonencode([{', '.join(f'local.{name}' for name in named)}]))\n"
    shown = terraform("console", cwd=tmp_path, text=whole_list)
    read = json.loads(base64.b64decode(shown.strip().strip('"')))
    assert read == [as_json(value) for value in values]
    assert len(values) > 250


def unique_keys(value) -> bool:
    """Keys that only differ by normalization are one key to Terraform."""
    if isinstance(value, dict):
        return len(as_json(value)) == len(value) and all(map(unique_keys, value.values()))
    return all(map(unique_keys, value)) if isinstance(value, tuple) else True


def test_rendered_roots_are_canonical(tmp_path):
    products = collected(manifests(), 40, 12)
    for index, product in enumerate([manifest(whole("staging"), whole("production", protect=True)), *products]):
        for stack in roots(product):
            for path, text in render(stack).items():
                file = tmp_path / str(index) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8", newline="")
    assert terraform("fmt", "-recursive", "-check", "-diff", cwd=tmp_path) == ""


@pytest.fixture(scope="module")
def reattach(tmp_path_factory):
    """Provider doubles with the true schemas, as TF_REATTACH_PROVIDERS."""
    words = [sys.executable, "-m", "sesari.rehearsal.provider", "--folder", str(tmp_path_factory.mktemp("double"))]
    words += ["--environment", "staging", "--account", "222222222222", "--region", "us-east-1"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as double:
        assert double.stdout
        documents = json.loads(double.stdout.readline())["reattach"]
        yield json.dumps(documents["plan"])
        double.terminate()


def invalid(infra: Path, reattach: str) -> dict[str, str]:
    """The roots that Terraform does not accept, with what it says."""
    found = {}
    for versions in sorted(infra.glob("**/versions.tf")):
        root = versions.parent
        if (root / "backend.tf").is_file():
            try:
                terraform("init", "-backend=false", "-input=false", cwd=root, TF_REATTACH_PROVIDERS=reattach)
                terraform("validate", "-no-color", cwd=root, TF_REATTACH_PROVIDERS=reattach)
            except AssertionError as error:
                found[str(root.relative_to(infra))] = str(error)
    return found


def written(infra: Path, product) -> Path:
    synthesize(product, InfraFolder(infra, infra.parent / "lock"), lambda name: module_files(MODULES, name))
    return infra


def test_any_valid_manifest_synthesizes_to_terraform_that_validates(tmp_path, reattach):
    products = [manifest(whole("staging")), *collected(manifests(), 3, 13)]
    for index, product in enumerate(products):
        assert invalid(written(tmp_path / str(index) / "infra", product), reattach) == {}


def test_a_wrong_input_is_seen(tmp_path, reattach):
    infra = written(tmp_path / "infra", manifest(environment("dev", (api(),))))
    main = infra / "dev" / "main.tf"
    main.write_text(main.read_text().replace("health ", "helth  "))
    assert list(invalid(infra, reattach)) == ["dev"]
