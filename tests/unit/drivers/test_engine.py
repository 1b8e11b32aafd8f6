"""The engine: which one is found, what is said when none can be used, and what a child inherits."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from tests.engine import only_with

from sesari.drivers.holder_mark import HolderMark
from sesari.drivers.scratch import scratch
from sesari.drivers.terraform import TerraformEngine, find_engine, scrub, secrets_of
from sesari.errors import SesariError
from sesari.model.engine import EngineCall
from sesari.model.json import JsonObject


def fake(folder: Path, script: str) -> dict[str, str]:
    """A `terraform` on a PATH of its own."""
    binary = folder / "bin" / "terraform"
    binary.parent.mkdir()
    binary.write_text(f"#!/bin/sh\n{script}\n")
    binary.chmod(0o755)
    return {"PATH": f"{binary.parent}:{os.defpath}"}


def test_an_old_engine_is_named_with_its_version(tmp_path: Path) -> None:
    machine = fake(tmp_path, """echo '{"terraform_version": "1.5.7"}'""") | {"SESARI_TERRAFORM": "path"}
    with pytest.raises(SesariError) as caught:
        find_engine(tmp_path / "work", machine)
    assert caught.value.codes == ("engine-old",)
    assert "1.5.7" in str(caught.value.problems[0].why)
    assert "1.11" in str(caught.value.problems[0].hint)


@pytest.mark.parametrize("script", ["exit 127", "echo not json", "echo '{}'", "kill -9 $$"])
def test_a_broken_engine_is_told(tmp_path: Path, script: str) -> None:
    machine = fake(tmp_path, script) | {"SESARI_TERRAFORM": "path"}
    with pytest.raises(SesariError) as caught:
        find_engine(tmp_path / "work", machine)
    assert caught.value.codes == ("engine-broken",)


def test_a_folder_that_cannot_be_used_is_not_blamed_on_the_engine(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("a file where the folder should be")
    with pytest.raises(SesariError) as caught:
        find_engine(tmp_path / "work", {"PATH": os.environ["PATH"]})
    assert caught.value.codes == ("not-a-folder",)


def test_no_engine_names_both_ways_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SesariError) as caught:
        find_engine(tmp_path / "work", {"PATH": str(tmp_path), "SESARI_TERRAFORM": "path"})
    assert caught.value.codes == ("engine-missing",)
    assert "sesari[engine]" in str(caught.value.problems[0].hint) or "no wheel" in str(caught.value.problems[0].hint)


def test_the_embedded_engine_behaves_as_the_command(tmp_path: Path) -> None:
    only_with("embedded")
    engine = find_engine(tmp_path / "work", {"PATH": os.environ["PATH"], "SESARI_TERRAFORM": "embedded"})
    assert engine.label.endswith("(embedded)")
    root = tmp_path / "root"
    root.mkdir()
    (root / "main.tf").write_text('resource "terraform_data" "a" {\n  input = "x"\n}\n')
    events: list[JsonObject] = []

    def run(*words: str, files: tuple[int, ...] = ()) -> int:
        return engine.start(EngineCall(words, root, tmp_path / "data", {}, files), events.append).wait().exit_code

    assert run("init", "-json") == 0
    with scratch(b"") as plan:
        assert run("plan", "-json", "-detailed-exitcode", f"-out={plan.path}", files=(plan.descriptor,)) == 2
        assert run("apply", "-json", plan.path, files=(plan.descriptor,)) == 0
    assert "apply_complete" in [event.get("type") for event in events]


def test_a_child_gets_the_reach_and_none_of_our_own_variables(tmp_path: Path) -> None:
    machine = fake(tmp_path, "env") | {"TF_LOG": "trace", "AWS_PROFILE": "mine", "HOME": "/home/me"}
    engine = TerraformEngine((str(tmp_path / "bin" / "terraform"),), "1.11.4", tmp_path / "work", machine)
    run = engine.start(
        EngineCall((), tmp_path, tmp_path / "data", {"AWS_REGION": "eu-west-1"}), lambda event: None
    ).wait()
    got = dict(line.split("=", 1) for line in run.output.splitlines() if "=" in line)
    assert "TF_LOG" not in got
    assert "AWS_PROFILE" not in got
    assert (got["AWS_REGION"], got["HOME"]) == ("eu-west-1", "/home/me")
    assert (got["TF_DATA_DIR"], got["CHECKPOINT_DISABLE"]) == (str(tmp_path / "data"), "1")
    assert Path(got["TF_CLI_CONFIG_FILE"]).is_file()


def test_secrets_are_scrubbed_from_events_and_errors(tmp_path: Path) -> None:
    script = """echo '{"@level":"error","diagnostic":{"summary":"token s3cr3t-token-value"},"type":"diagnostic"}'
echo s3cr3t-token-value >&2"""
    machine = fake(tmp_path, script)
    engine = TerraformEngine((str(tmp_path / "bin" / "terraform"),), "1.11.4", tmp_path / "work", machine)
    call = EngineCall((), tmp_path, tmp_path / "data", {"VERCEL_API_TOKEN": "s3cr3t-token-value"})
    run = engine.start(call, lambda event: None).wait()
    assert "s3cr3t" not in str(run)
    assert run.diagnostics[0]["summary"] == "token (secret)"
    assert scrub("abc", secrets_of({"AWS_ACCESS_KEY_ID": "111111111111", "A_TOKEN_FILE": "/tmp/token-file"})) == "abc"


def test_kill_takes_the_whole_group(tmp_path: Path) -> None:
    machine = fake(tmp_path, f"echo $$ > {tmp_path}/pid; sleep 60 & wait")
    engine = TerraformEngine((str(tmp_path / "bin" / "terraform"),), "1.11.4", tmp_path / "work", machine)
    run = engine.start(EngineCall((), tmp_path, tmp_path / "data", {}), lambda event: None)
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.01)
    run.kill()
    assert run.wait().exit_code == -9


def test_a_holder_is_dead_only_when_it_and_what_it_started_are_gone(tmp_path: Path) -> None:
    mark = HolderMark(tmp_path / "holders")
    assert not mark.is_dead("never seen")
    with mark.claim("me"):
        assert not mark.is_dead("me")
    assert not mark.is_dead("me"), "one that ended in good order leaves no mark"
    child = os.fork()
    if child == 0:
        with mark.claim("gone"):
            os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    assert mark.is_dead("gone")


def test_a_scratch_file_has_no_place_on_disk(tmp_path: Path) -> None:
    with scratch(b"body") as file:
        assert file.read() == b"body"
        assert Path(file.path).read_bytes() == b"body"
        if sys.platform == "linux":
            assert "memfd" in str(Path(file.path).readlink())
