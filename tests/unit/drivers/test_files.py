"""Files are written whole and private, or not at all, and the error says why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sesari.drivers.files import private_folder, read_whole, write_whole
from sesari.drivers.folder_store import FolderStore
from sesari.errors import SesariError

# RLIMIT_FSIZE makes a write fail in the middle, as a full disk does, without needing one.
FULL = """
import resource, signal, sys
from pathlib import Path
from sesari.drivers.files import write_whole
from sesari.errors import SesariError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_whole(Path(sys.argv[1]), b"x" * 5000)
except SesariError as error:
    print(error.codes[0], error.problems[0].where)
"""


def test_modes_and_content(tmp_path: Path) -> None:
    path = private_folder(tmp_path / "a" / "b") / "file"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert read_whole(path) == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["file"]
    assert read_whole(tmp_path / "absent") is None


def test_a_full_disk_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["disk-full", str(path)]
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("make", ["file in the way", "folder in the way"])
def test_what_is_in_the_way_is_named(tmp_path: Path, make: str) -> None:
    path = tmp_path / "a" / "file"
    if make == "file in the way":
        (tmp_path / "a").write_text("")
        expected = "not-a-folder"
    else:
        path.mkdir(parents=True)
        expected = "not-a-file"
    with pytest.raises(SesariError) as caught:
        write_whole(path, b"x")
    assert caught.value.codes == (expected,)


def test_no_permission_is_named(tmp_path: Path) -> None:
    # Root may write anywhere; a file system that takes no files stands for a folder without permission.
    folder = tmp_path / "closed" if os.getuid() else Path("/proc/sys/kernel")
    if os.getuid():
        folder.mkdir(mode=0o500)
    with pytest.raises(SesariError) as caught:
        write_whole(folder / "sesari-test", b"x")
    assert caught.value.codes[0] in ("no-permission", "file-error")


@pytest.mark.parametrize("key", ["", "/a", "a//b", "../a", "a/../b", "a/", ".lock", "a/.hidden"])
def test_keys_never_leave_the_store(tmp_path: Path, key: str) -> None:
    with pytest.raises(SesariError) as caught:
        FolderStore(tmp_path).create(key, b"x")
    assert caught.value.codes == ("store-key",)
