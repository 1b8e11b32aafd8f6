"""The builder's edges, with small programs in Node's and npm's place: no network, no Node."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sesari.drivers.frontend_builder import FrontendBuilder
from sesari.errors import SesariError
from sesari.model.image import Entry
from sesari.release.vercel import build_digest, mapped_files

ENTRIES = [Entry("package.json", "file", b"{}"), Entry("package-lock.json", "file", b"{}")]
# npm in two roles: it installs the CLI (here: a script that "builds"), and the app's packages.
NPM = """#!/bin/sh
if [ "$1" = install ]; then
  mkdir -p "$3/node_modules/.bin"
  cp "$(dirname "$0")/fake-vercel" "$3/node_modules/.bin/vercel"
else
  %s
fi
"""
VERCEL = """#!/bin/sh
env > environment.txt
mkdir -p .vercel/output/static .vercel/output/functions/a.func
echo '{"version":3}' > .vercel/output/config.json
echo "$NEXT_PUBLIC_NAME" > .vercel/output/static/index.html
echo '{"filePathMap":{"x":"lib.js"}}' > .vercel/output/functions/a.func/.vc-config.json
ln -s a.func .vercel/output/functions/b.func
echo library > lib.js; echo not sent > other.js
echo "built $NEXT_PUBLIC_NAME"
%s
"""


def builder(folder: Path, npm: str = "true", vercel: str = "", **variables: str) -> FrontendBuilder:
    programs = folder / "programs"
    programs.mkdir()
    scripts = {"npm": NPM % npm, "node": "#!/bin/sh\necho v20.1.0\n", "fake-vercel": VERCEL % vercel}
    for name, text in scripts.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    path = f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin"
    return FrontendBuilder(folder / "cache", "60.0.1", {"PATH": path, "HOME": str(folder), **variables}, mapped_files)


def test_what_is_sent_is_kept_under_its_digest_and_private(tmp_path: Path) -> None:
    made = builder(tmp_path)
    assert made.node() == "20"
    lines: list[str] = []
    name = made.build("key", ENTRIES, {"NEXT_PUBLIC_NAME": "A"}, lines.append)
    files = made.files(name)
    digest = build_digest(files)
    made.adopt(name, digest)
    assert lines == ["built A"]
    functions = ".vercel/output/functions"
    assert [file.path for file in files] == [
        ".vercel/output/config.json",
        f"{functions}/a.func/.vc-config.json",
        f"{functions}/b.func",
        ".vercel/output/static/index.html",
        "lib.js",
    ]
    assert made.kept(digest) == files
    assert Path(made.folder(digest)).stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "cache" / "work").iterdir()) == []
    assert made.kept("sha256:" + "0" * 64) is None


def test_a_build_sees_no_credentials(tmp_path: Path) -> None:
    secrets = {"AWS_SECRET_ACCESS_KEY": "s", "VERCEL_API_TOKEN": "s", "SESARI_REHEARSAL": "s", "DATABASE_URL": "s"}
    made = builder(tmp_path, **secrets, NPM_CONFIG_REGISTRY="https://registry.example.com")
    name = made.build("key", ENTRIES, {"NEXT_PUBLIC_NAME": "A"}, lambda line: None)
    seen = dict(
        line.split("=", 1)
        for line in (tmp_path / "cache" / "work" / name / "environment.txt").read_text().splitlines()
        if "=" in line
    )
    assert not set(secrets) & set(seen)
    assert seen["NPM_CONFIG_REGISTRY"] == "https://registry.example.com"
    assert seen["HOME"] != str(tmp_path)


@pytest.mark.parametrize(
    ("npm", "why"),
    [
        ("echo 'npm error code ENOTFOUND' >&2; exit 1", "npm's registry could not be reached"),
        ("echo 'npm error 404 no such package' >&2; exit 1", "npm error 404 no such package"),
        ("exit 1", "npm gave no reason"),
    ],
)
def test_packages_that_cannot_be_fetched_are_told(tmp_path: Path, npm: str, why: str) -> None:
    with pytest.raises(SesariError) as raised:
        builder(tmp_path, npm).build("key", ENTRIES, {}, lambda line: None)
    assert raised.value.codes == ("dependencies-not-fetched",)
    assert raised.value.problems[0].why == why


def test_a_failing_build_tells_its_last_lines(tmp_path: Path) -> None:
    with pytest.raises(SesariError) as raised:
        builder(tmp_path, vercel="echo 'Type error: no' >&2; exit 3").build("key", ENTRIES, {}, lambda line: None)
    problem = raised.value.problems[0]
    assert (problem.code, problem.why) == ("build-failed", "built\nType error: no")


def test_what_a_killed_build_left_is_removed_by_the_next(tmp_path: Path) -> None:
    made = builder(tmp_path)
    left = tmp_path / "cache" / "work" / "of-a-killed-build"
    left.mkdir(parents=True)
    (left / "half").write_text("x")
    with made.alone("other"):
        made.build("other", ENTRIES, {}, lambda line: None)
        assert not left.exists()
        with made.alone("key"):
            made.build("key", ENTRIES, {}, lambda line: None)
        assert len(list((tmp_path / "cache" / "work").iterdir())) == 2  # the other one is still being built


def test_without_node_the_way_out_is_named(tmp_path: Path) -> None:
    made = FrontendBuilder(tmp_path / "cache", "60.0.1", {"PATH": str(tmp_path), "HOME": str(tmp_path)}, mapped_files)
    with pytest.raises(SesariError) as raised:
        made.node()
    assert raised.value.codes == ("node-missing",)
    assert "sesari[node]" in str(raised.value.problems[0].hint)
