"""Synth on a real folder: what it writes, what it refuses, what a failure leaves behind."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.stack.products import api, environment, manifest, web, whole

import sesari
from sesari.cli import main
from sesari.drivers.infra_folder import STAGING, InfraFolder, module_files
from sesari.errors import Refused, SesariError
from sesari.pipeline import synth

MODULES = Path(sesari.__file__).parent / "modules"
PRODUCT = manifest(whole("staging"))


def modules(name):
    return module_files(MODULES, name)


@pytest.fixture
def infra(tmp_path) -> Path:
    return tmp_path / "infra"


def folder(infra: Path) -> InfraFolder:
    return InfraFolder(infra, infra.parent / "work" / "synth.lock")


def write(infra: Path, product=PRODUCT, force=False):
    return synth.synthesize(product, folder(infra), modules, force)


def tree(infra: Path) -> dict[str, bytes]:
    return {str(path.relative_to(infra)): path.read_bytes() for path in sorted(infra.rglob("*")) if path.is_file()}


def test_writes_the_roots_and_only_the_used_modules_verbatim(infra):
    done = write(infra)
    files = tree(infra)
    assert set(files) == {*done.written, synth.INDEX}
    assert {path.partition("/")[0] for path in done.written} == {"bootstrap", "modules", "staging"}
    assert files["modules/api/variables.tf"] == (MODULES / "api" / "variables.tf").read_bytes()
    other = tree_of(manifest(environment("dev", (web(),))), infra.parent / "other")
    assert {path.split("/")[1] for path in other if path.startswith("modules/")} == {
        "delivery",
        "identity",
        "state",
        "web",
    }


def tree_of(product, infra: Path) -> dict[str, bytes]:
    write(infra, product)
    return tree(infra)


def test_the_same_manifest_gives_the_same_bytes_and_touches_nothing(infra):
    write(infra)
    first, times = tree(infra), {path: path.stat().st_mtime_ns for path in infra.rglob("*")}
    again = write(infra)
    assert (again.written, again.removed) == ((), ())
    assert again.unchanged == len(first) - 1
    assert tree(infra) == first and times == {path: path.stat().st_mtime_ns for path in infra.rglob("*")}
    assert tree_of(PRODUCT, infra.parent / "elsewhere") == first


def test_only_what_changed_is_written(infra):
    write(infra)
    changed = manifest(whole("staging", alarm_emails=("a@example.com",)))
    assert write(infra, changed).written == ("staging/main.tf",)


def test_stale_files_go_and_other_peoples_files_stay(infra):
    write(infra, manifest(whole("dev"), whole("staging")))
    (infra / "dev" / ".terraform.lock.hcl").write_text("theirs")
    done = write(infra, manifest(whole("staging")))
    assert "dev/main.tf" in done.removed and "bootstrap/dev/main.tf" in done.removed
    assert [path.name for path in (infra / "dev").iterdir()] == [".terraform.lock.hcl"]
    assert not (infra / "bootstrap" / "dev").exists()


def test_a_file_edited_by_hand_is_refused_by_name_and_forced(infra):
    write(infra)
    edited = infra / "staging" / "main.tf"
    edited.write_text(edited.read_text() + "# mine\n")
    (infra / "modules" / "api" / "outputs.tf").write_text("")
    before = tree(infra)
    with pytest.raises(Refused) as refused:
        write(infra)
    assert refused.value.codes == ("synth-edited", "synth-edited")
    assert [problem.where for problem in refused.value.problems] == [
        "infra/modules/api/outputs.tf",
        "infra/staging/main.tf",
    ]
    assert tree(infra) == before
    write(infra, force=True)
    assert b"# mine" not in edited.read_bytes()


def test_a_stale_file_edited_by_hand_is_not_removed(infra):
    write(infra, manifest(whole("dev"), whole("staging")))
    (infra / "dev" / "main.tf").write_text("# mine\n")
    with pytest.raises(Refused) as refused:
        write(infra, manifest(whole("staging")))
    assert [problem.where for problem in refused.value.problems] == ["infra/dev/main.tf"]


def test_somebody_elses_file_in_the_place_of_ours_is_refused(infra):
    (infra / "staging").mkdir(parents=True)
    (infra / "staging" / "main.tf").write_text("theirs")
    with pytest.raises(Refused) as refused:
        write(infra)
    assert [problem.where for problem in refused.value.problems] == ["infra/staging/main.tf"]


def test_a_deleted_file_comes_back_and_a_lost_index_is_adopted(infra):
    write(infra)
    (infra / "staging" / "backend.tf").unlink()
    (infra / synth.INDEX).unlink()
    assert write(infra).written == ("staging/backend.tf",)
    assert (infra / synth.INDEX).is_file()


def test_check_names_stale_files_and_writes_nothing(infra):
    write(infra)
    synth.check(PRODUCT, folder(infra), modules)
    before = tree(infra)
    with pytest.raises(Refused) as refused:
        synth.check(manifest(whole("staging"), environment("dev", (api(),))), folder(infra), modules)
    assert refused.value.exit_code == 3 and set(refused.value.codes) == {"synth-stale"}
    assert "infra/dev/main.tf" in [problem.where for problem in refused.value.problems]
    assert tree(infra) == before
    with pytest.raises(Refused):
        synth.check(PRODUCT, folder(infra.parent / "empty"), modules)
    assert not (infra.parent / "empty").exists()


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"files": []}', '{"files": {"../outside": "sha256:0"}}', '{"files": {"/etc/x": "y"}}', '{"files": 3}'],
)
def test_a_damaged_index_is_one_error(infra, text):
    write(infra)
    (infra / synth.INDEX).write_text(text)
    with pytest.raises(SesariError) as error:
        write(infra)
    assert error.value.codes == ("synth-index",)
    write(infra, force=True)
    assert json.loads((infra / synth.INDEX).read_text())["files"]


def test_a_folder_that_is_a_link_to_the_outside_is_refused(infra):
    write(infra)
    outside = infra.parent / "outside"
    (infra / "staging").rename(outside)
    (infra / "staging").symlink_to(outside)
    with pytest.raises(SesariError) as error:
        write(infra, manifest(environment("dev")))
    assert error.value.codes == ("infra-outside",)
    assert (outside / "main.tf").is_file()


def test_a_full_disk_changes_nothing(infra, tmp_path):
    """A real limit on the size of a file, met while staging: the kernel says no."""
    write(infra, manifest(environment("staging")))
    before = tree(infra)
    script = (
        "import resource, signal\n"
        "from tests.functional.test_synth import *\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "try:\n"
        f"    write(Path({str(infra)!r}))\n"
        "except SesariError as error:\n"
        "    print(error.codes)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=root, check=False)
    assert done.stdout == "('disk-full',)\n", done.stderr
    assert tree(infra) == before and not (infra / STAGING).exists()


def test_no_permission_changes_nothing(infra, tmp_path):
    write(infra, manifest(environment("staging")))
    before = tree(infra)
    script = (
        "import os, pathlib\n"
        "from tests.functional.test_synth import *\n"
        "if os.geteuid() == 0:\n"
        "    os.setegid(65534); os.seteuid(65534)\n"
        "try:\n"
        f"    write(Path({str(infra)!r}))\n"
        "except SesariError as error:\n"
        "    print(error.codes)\n"
    )
    for path in (tmp_path, *tmp_path.parents):
        if "pytest" in str(path):
            path.chmod(0o755)
    for path in (infra, *(path for path in infra.rglob("*") if path.is_dir())):
        path.chmod(0o555)
    (infra.parent / "work").chmod(0o777)
    (infra.parent / "work" / "synth.lock").chmod(0o666)
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=root, check=False)
    for path in (infra, *(path for path in infra.rglob("*") if path.is_dir())):
        path.chmod(0o755)
    assert done.stdout == "('no-permission',)\n", done.stderr
    assert tree(infra) == before and not (infra / STAGING).exists()


class Killed(BaseException):
    """Stands for kill -9: nothing of ours runs after it."""


class Mortal(InfraFolder):
    """Dies after `lives` files were moved into place."""

    def __init__(self, infra: Path, lock: Path, lives: int) -> None:
        super().__init__(infra, lock)
        self.lives = lives

    def _at(self, path):
        if self._settling:
            self.lives -= 1
            if self.lives < 0:
                raise Killed
        return super()._at(path)

    _settling = False

    def settle(self, remove_too):
        self._settling = True
        super().settle(remove_too)
        self._settling = False

    def _unstage(self):
        if not self._settling:
            super()._unstage()


def test_a_run_killed_between_two_files_is_finished_by_the_next_even_for_another_manifest(infra):
    both = manifest(whole("dev"), whole("staging", alarm_emails=("a@example.com",)))
    third = manifest(whole("staging", alarm_emails=("b@example.com",)))
    write(infra, PRODUCT)
    for lives in (0, 1, 4, 9):
        with pytest.raises(Killed):
            synth.synthesize(both, Mortal(infra, infra.parent / "lock", lives), modules)
        write(infra, third)
        assert tree(infra) == tree_of(third, infra.parent / f"clean-{lives}")
        write(infra, PRODUCT)


EXAMPLE = Path(__file__).parents[2] / "examples" / "sesari" / "sesari.toml"


@pytest.fixture
def product(tmp_path) -> Path:
    (tmp_path / "product").mkdir()
    (tmp_path / "product" / "sesari.toml").write_bytes(EXAMPLE.read_bytes())
    return tmp_path / "product"


def test_the_command_writes_says_what_and_is_quiet_the_second_time(product, capsys):
    assert main(["synth", "--project", str(product)]) == 0
    out, err = capsys.readouterr()
    assert "  written  infra/bootstrap/delivery/backend.tf\n" in out and err == ""
    assert out.splitlines()[-1].startswith("infra/ is what sesari.toml says: ")
    assert main(["synth", "--project", str(product), "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["written"], done["removed"]) == ([], []) and done["unchanged"] > 50


def test_the_check_exits_with_3_and_names_the_files(product, capsys):
    assert main(["synth", "--project", str(product)]) == 0
    assert main(["synth", "--check", "--project", str(product)]) == 0
    manifest_file = product / "sesari.toml"
    manifest_file.write_text(manifest_file.read_text().replace('health = "/healthz"', 'health = "/ready"'))
    capsys.readouterr()
    assert main(["synth", "--check", "--project", str(product), "--json"]) == 3
    out, err = capsys.readouterr()
    errors = json.loads(err)["errors"]
    assert out == "" and {error["code"] for error in errors} == {"synth-stale"}
    assert [error["at"] for error in errors] == [f"infra/{name}/main.tf" for name in ("dev", "production", "staging")]


def test_a_hand_edit_is_told_in_the_shape_of_an_error(product, capsys):
    assert main(["synth", "--project", str(product)]) == 0
    with (product / "infra" / "dev" / "main.tf").open("a") as file:
        file.write("# mine\n")
    capsys.readouterr()
    assert main(["synth", "--project", str(product)]) == 3
    assert capsys.readouterr().err == (
        "error: infra/dev/main.tf was changed by hand\n"
        "  at: infra/dev/main.tf\n"
        "  because: it is not as `sesari synth` left it\n"
        "\n"
        "hint: Move the change into sesari.toml, or run `sesari synth --force` to lose it\n"
    )


def test_a_wrong_manifest_writes_nothing(product, capsys):
    (product / "sesari.toml").write_text("[product]\nname = 3\n")
    assert main(["synth", "--project", str(product)]) == 1
    assert "error: " in capsys.readouterr().err and not (product / "infra").exists()


def test_check_and_force_are_one_choice(capsys):
    assert main(["synth", "--check", "--force"]) == 1
    assert "not allowed with argument" in capsys.readouterr().err


STALE = """error: infra/dev/main.tf is stale
  at: infra/dev/main.tf
  because: sesari.toml, or Sesari's modules, have changed since

hint: Run `sesari synth`
"""
INDEX_DAMAGED = """error: The index of synth is damaged
  at: infra/.sesari-synth.json
  because: it is not JSON of the expected shape, or names a file outside of infra/

hint: Restore infra/.sesari-synth.json from git, or run `sesari synth --force` to write it anew
"""
OUTSIDE = """error: infra/staging/backend.tf leads out of infra/
  at: PRODUCT/infra/staging/backend.tf

hint: Replace the symbolic link by a folder
"""


def spoil(product: Path, what: str) -> list[str]:
    """Put the product into the state that an error is about; the words that meet it."""
    infra = product / "infra"
    if what == "stale":
        (infra / "dev" / "main.tf").unlink()
        return ["--check"]
    if what == "index":
        (infra / synth.INDEX).write_text("{")
        return []
    (infra / "staging").rename(product / "elsewhere")
    (infra / "staging").symlink_to(product / "elsewhere")
    return []


@pytest.mark.parametrize(
    ("what", "code", "text"), [("stale", 3, STALE), ("index", 1, INDEX_DAMAGED), ("outside", 1, OUTSIDE)]
)
def test_errors_in_words(product, capsys, what, code, text):
    assert main(["synth", "--project", str(product)]) == 0
    words = spoil(product, what)
    capsys.readouterr()
    assert main(["synth", "--project", str(product), *words]) == code
    assert capsys.readouterr().err.replace(str(product), "PRODUCT") == text


def test_an_incomplete_package_is_one_error(tmp_path):
    with pytest.raises(SesariError) as error:
        module_files(tmp_path, "api")
    assert error.value.codes == ("module-missing",)
    assert error.value.problems[0].where == str(tmp_path / "api")
