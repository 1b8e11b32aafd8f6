"""What synth writes, held to Terraform itself: canonical, and with the values that were meant."""

import base64
import json
import os
import shutil
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from tests.unit.stack.products import manifest, manifests, whole
from tests.unit.stack.test_stack import roots

from sesari.stack import hcl, render

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12) | st.text("${}%\\\"'\n a", max_size=12)
KEYS = st.text(st.characters(codec="ascii"), min_size=1, max_size=6) | st.sampled_from(["for", "null", "a-b", "1", "ż"])
SCALARS = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.sampled_from([0.25, 0.8, 1e-7]) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)


def terraform(*words: str, cwd: Path, text: str | None = None) -> str:
    """Run the engine that PATH has; a machine without one says so and fails here, as nothing would be proven."""
    engine = shutil.which("terraform")
    if engine is None:
        pytest.fail("no terraform on PATH: what synth writes was not held to Terraform")
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"}
    done = subprocess.run(
        [engine, *words], cwd=cwd, env=env, input=text, capture_output=True, text=True, check=False, timeout=120
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
