"""A plain service's Dockerfile is read as a recipe; whatever needs a builder is named by its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sesari.errors import SesariError
from sesari.model.image import Source
from sesari.release.context import placed, sent
from sesari.release.dockerfile import Copy, Dependencies, Recipe, base_of, read_recipe

EXAMPLE = Path(__file__).parents[3] / "examples" / "sesari" / "services"
PYTHON = "FROM python:3.13-slim\nWORKDIR /app\n"


def source(path: str) -> Source:
    return Source(path, "100644", path)


def test_the_examples_api():
    assert read_recipe((EXAMPLE / "api" / "Dockerfile").read_text(), "Dockerfile") == Recipe(
        base="python:3.13-slim-bookworm",
        folder="/app",
        variables=(("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONUNBUFFERED", "1")),
        copies=(
            Copy(("requirements.txt",), "/app", True),
            Copy(("gunicorn.conf.py",), "/app", True),
            Copy(("jobs_api",), "/app/jobs_api", False),
        ),
        dependencies=Dependencies("python", "/app/requirements.txt", alone=True),
        users=(("app", "10001"),),
        user="10001",
        ports=(8080,),
        command=("gunicorn",),
    )


def test_a_node_service():
    text = (
        "FROM node:22-slim\nWORKDIR /srv\nCOPY package.json package-lock.json ./\n"
        "RUN npm ci --omit=dev --ignore-scripts \\\n  --no-audit\nCOPY . .\nUSER node\n"
        'ENTRYPOINT ["node"]\nCMD ["server.js"]\nSTOPSIGNAL SIGINT\n'
    )
    recipe = read_recipe(text, "Dockerfile")
    assert recipe.dependencies == Dependencies("node", "/srv/package-lock.json")
    assert (recipe.entrypoint, recipe.command, recipe.user) == (("node",), ("server.js",), "node")
    assert recipe.stop_signal == "SIGINT"
    assert recipe.copies[-1] == Copy((".",), "/srv", True)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("RUN apt-get install -y curl", "apt-get"),
        ("RUN pip install flask", "pip install -r FILE"),
        ("RUN pip install --index-url https://x -r requirements.txt", "pip install -r FILE"),
        ("RUN npm install", "npm install"),
        ("RUN npm ci", "npm ci"),
        ("RUN useradd app", "number"),
        ("RUN pip install -r a.txt && rm -rf /tmp", "rm -rf"),
        ("COPY --chown=1:1 a b", "options"),
        ("COPY *.py ./", "patterns"),
        ("COPY ../secret .", "remote"),
        ("COPY <<EOF /x", "here-documents"),
        ("ENV PATH=/x:$PATH", "variables"),
        ("ARG VERSION=1", "not one of those"),
        ("ADD https://example.com/x /x", "not one of those"),
        ("VOLUME /data", "not one of those"),
        ("FROM python:3.13 AS two", "one stage"),
        ("EXPOSE 53/udp", "TCP"),
        ('RUN pip install -r "a', "cannot be read"),
        ("ENV A", "NAME=value"),
    ],
)
def test_what_needs_a_builder_is_named_by_its_line(line, why):
    with pytest.raises(SesariError) as raised:
        read_recipe(f"# a comment\n{PYTHON}{line}\n", "services/api/Dockerfile")
    (problem,) = raised.value.problems
    assert problem.code == "builder-needed"
    assert problem.where == "services/api/Dockerfile:4"
    assert why in (problem.why or "")


def test_every_such_line_is_told_at_once():
    with pytest.raises(SesariError) as raised:
        read_recipe(f"{PYTHON}RUN make\nVOLUME /a\n", "Dockerfile")
    assert [problem.where for problem in raised.value.problems] == ["Dockerfile:3", "Dockerfile:4"]


def test_a_dockerfile_without_from():
    for text in ("", "# nothing\n"):
        with pytest.raises(SesariError) as raised:
            read_recipe(text, "Dockerfile")
        assert raised.value.codes == ("dockerfile-empty",)
        with pytest.raises(SesariError):
            base_of(text, "Dockerfile")


def test_the_base_of_the_last_stage():
    assert base_of("FROM node:22 AS build\nRUN make\nFROM --platform=linux/amd64 scratch\n", "x") == "scratch"


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        ("", ["a.py", "docs/a.md", "docs/deep/b.md", "tests/t.py"]),
        ("tests\n", ["a.py", "docs/a.md", "docs/deep/b.md"]),
        ("# x\n**/*.md\n!docs/a.md\n", ["a.py", "docs/a.md", "tests/t.py"]),
        ("*.py\n", ["docs/a.md", "docs/deep/b.md", "tests/t.py"]),
        ("*\n!a.py\n", ["a.py"]),
        ("docs/?.md\n/tests/\n", ["a.py", "docs/deep/b.md"]),
    ],
)
def test_dockerignore(ignore, left):
    sources = [source(path) for path in ("a.py", "docs/a.md", "docs/deep/b.md", "tests/t.py")]
    assert [one.path for one in sent(sources, ignore)] == left


def test_copy_puts_files_where_a_builder_does():
    recipe = read_recipe(f"{PYTHON}COPY a.py b.py /one/\nCOPY pkg two\nCOPY a.py /three/c.py\nCOPY . .\n", "x")
    files = placed(recipe, [source("a.py"), source("b.py"), source("pkg/m.py")], "x")
    assert {path: one.path for path, one in files.items()} == {
        "one/a.py": "a.py",
        "one/b.py": "b.py",
        "app/two/m.py": "pkg/m.py",
        "three/c.py": "a.py",
        "app/a.py": "a.py",
        "app/b.py": "b.py",
        "app/pkg/m.py": "pkg/m.py",
    }


def test_a_copy_that_finds_nothing_is_named():
    recipe = read_recipe(f"{PYTHON}COPY a.py .\nCOPY gone .\nCOPY lost .\n", "x")
    with pytest.raises(SesariError) as raised:
        placed(recipe, [source("a.py")], "services/api/Dockerfile")
    assert [problem.what for problem in raised.value.problems] == [
        "COPY gone finds no file in the commit",
        "COPY lost finds no file in the commit",
    ]
