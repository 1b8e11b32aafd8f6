"""A commit of the product's git repository, read without its work tree: what is dirty does not count."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from sesari.errors import Problem, SesariError
from sesari.model.image import Source

_SECONDS = 60
# A hook's or an alias's own settings would make git look at another repository.
_FOREIGN = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_NAMESPACE")


class GitTree:
    """The repository that `folder` (the product) lies in; paths are relative to the product."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    def commit(self, name: str) -> str:
        """The full hash of a commit, tag or branch. Raises SesariError `commit-unknown`, `not-a-repository`."""
        run = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if run.returncode != 0:
            self._prefix()
            hint = "`git log --oneline` shows the commits; in CI fetch the history (fetch-depth: 0)"
            raise SesariError(Problem("commit-unknown", f"There is no commit `{name}`", str(self._folder), hint=hint))
        return run.stdout.decode().strip()

    def dirty(self) -> tuple[str, ...]:
        """Paths below the product that are not as in HEAD, new ones too; not `.sesari/`, nor what git ignores."""
        run = self._need("status", "--porcelain=v1", "-z", "--no-renames", "--", ".", ":(exclude).sesari")
        return tuple(sorted(entry[3:] for entry in run.decode("utf-8", "replace").split("\0") if entry))

    def tree_id(self, commit: str, path: str) -> str:
        """Git's own id of what lies in a folder at a commit. Raises SesariError `path-not-in-commit`."""
        run = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", self._named(commit, path))
        if run.returncode != 0:
            why = "the manifest names a folder that this commit does not have"
            what = f"`{path}` is not in commit {commit[:7]}"
            raise SesariError(Problem("path-not-in-commit", what, path, why, "Commit it, or correct its `path`"))
        return run.stdout.decode().strip()

    def sources(self, commit: str, path: str) -> tuple[Source, ...]:
        """Every file in a folder at a commit, sorted. Raises SesariError, also for a submodule."""
        listed = self._need("ls-tree", "-r", "-z", "--full-tree", self.tree_id(commit, path))
        found = []
        for entry in listed.decode("utf-8", "surrogateescape").split("\0"):
            if entry:
                about, name = entry.split("\t", 1)
                mode, _, blob = about.split(" ")
                found.append(Source(name, mode, blob))
        modules = [source.path for source in found if source.mode == "160000"]
        if modules:
            what = f"`{modules[0]}` is a git submodule"
            why = "its files are not part of this commit"
            raise SesariError(Problem("submodule", what, path, why, "Copy its files into the repository"))
        return tuple(sorted(found, key=lambda source: source.path))

    def bodies(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """The content of blobs by their ids."""
        wanted = sorted(set(blobs))
        output = self._need("cat-file", "--batch", text="".join(f"{blob}\n" for blob in wanted).encode())
        found, offset = {}, 0
        for blob in wanted:
            end = output.index(b"\n", offset)
            size = int(output[offset:end].split(b" ")[2])
            found[blob] = output[end + 1 : end + 1 + size]
            offset = end + 1 + size + 1
        return found

    def _named(self, commit: str, path: str) -> str:
        name = f"{self._prefix()}{'' if path in ('.', '') else path}".rstrip("/")
        return f"{commit}:{name}/" if name else f"{commit}:"  # with its slash it is a folder, never a file

    def _prefix(self) -> str:
        run = self._git("rev-parse", "--show-prefix")
        if run.returncode != 0:
            why = run.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ").split("\n")[0]
            hint = "A release is made from a commit: `git init`, then commit the product"
            raise SesariError(
                Problem("not-a-repository", "The product is not in a git repository", str(self._folder), why, hint)
            )
        return run.stdout.decode().rstrip("\n")

    def _need(self, *arguments: str, text: bytes = b"") -> bytes:
        run = self._git(*arguments, text=text)
        if run.returncode != 0:
            self._prefix()
            why = run.stderr.decode("utf-8", "replace").strip()
            raise SesariError(Problem("git-failed", f"`git {arguments[0]}` failed", str(self._folder), why))
        return run.stdout

    def _git(self, *arguments: str, text: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        environment |= {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
        try:
            return subprocess.run(
                ["git", *arguments],
                cwd=self._folder,
                env=environment,
                input=text,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            hint = "Install git: a release is made from a commit"
            raise SesariError(Problem("git-missing", "git was not found", hint=hint)) from error
        except subprocess.TimeoutExpired as error:
            raise SesariError(Problem("git-failed", f"`git {arguments[0]}` did not end", str(self._folder))) from error
