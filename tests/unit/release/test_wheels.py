"""Requirements are pinned or refused; wheels become the entries of a layer."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile

import pytest

from sesari.errors import SesariError
from sesari.release.wheels import complete, pinned, wheel_entries


def wheel(name: str, files: dict[str, str]) -> bytes:
    about = f"{name}-1.0.dist-info"
    files = {
        **files,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},{len(text.encode())}"
        for path, text in files.items()
    ]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(f"{about}/RECORD", "\n".join([*rows, f"{about}/RECORD,,"]) + "\n")
    return buffer.getvalue()


def test_a_wheel_becomes_entries():
    body = wheel(
        "tool",
        {
            "tool/__init__.py": "x = 1\n",
            "tool-1.0.dist-info/entry_points.txt": "[console_scripts]\ntool = tool.cli:main.run\n",
            "tool-1.0.data/scripts/old": "#!python\nprint(1)\n",
            "tool-1.0.data/data/share/x": "y",
        },
    )
    entries = {entry.path: entry for entry in wheel_entries({"tool-1.0-py3-none-any.whl": body})}
    assert sorted(entries) == [
        "opt/dependencies/bin/old",
        "opt/dependencies/bin/tool",
        "opt/dependencies/share/x",
        "opt/dependencies/tool-1.0.dist-info/METADATA",
        "opt/dependencies/tool-1.0.dist-info/WHEEL",
        "opt/dependencies/tool-1.0.dist-info/entry_points.txt",
        "opt/dependencies/tool/__init__.py",
    ]
    script = entries["opt/dependencies/bin/tool"]
    assert script.executable
    assert script.body.startswith(b"#!/usr/bin/env python3\nimport sys\nfrom tool.cli import main\n")
    assert b"sys.exit(main.run())" in script.body
    assert entries["opt/dependencies/bin/old"].body == b"#!/usr/bin/env python3\nprint(1)\n"


def test_a_wheel_that_was_changed_is_refused():
    body = wheel("tool", {"tool.py": "x = 1\n"})
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as before, zipfile.ZipFile(changed, "w") as after:
        for name in before.namelist():
            after.writestr(name, before.read(name).replace(b"x = 1", b"x = 2"))
    for bad in (changed.getvalue(), b"no zip"):
        with pytest.raises(SesariError) as raised:
            wheel_entries({"tool-1.0-py3-none-any.whl": bad})
        assert raised.value.codes == ("wheel-damaged",)


def test_a_wheel_cannot_leave_its_folder():
    with pytest.raises(SesariError) as raised:
        wheel_entries({"tool-1.0-py3-none-any.whl": wheel("tool", {"../../etc/x": "y"})})
    assert raised.value.codes == ("wheel-damaged",)


def test_pinned_requirements():
    text = (
        "# comment\nPyJWT==2.15.1\n\nzope.interface[test] == 1.0 ; python_version < '4'  # why\n"
        "six==1.17.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
    )
    assert pinned(text, "requirements.txt") == {"pyjwt", "zope-interface", "six"}


def test_what_is_not_pinned_is_named_by_its_line():
    text = "a==1\nflask\nb>=2\n-r other.txt\nc @ https://x/c.whl\n-e .\nd==1.*\n"
    with pytest.raises(SesariError) as raised:
        pinned(text, "requirements.txt")
    assert [problem.where for problem in raised.value.problems] == [f"requirements.txt:{line}" for line in range(2, 8)]
    assert set(raised.value.codes) == {"requirement-not-pinned"}


def test_what_another_package_needs_is_pinned_too():
    files = ["six-1.17.0-py3-none-any.whl", "python_dateutil-2.9.0-py3-none-any.whl"]
    complete(frozenset({"six", "python-dateutil"}), files, "x")
    with pytest.raises(SesariError) as raised:
        complete(frozenset({"python-dateutil"}), files, "x")
    assert raised.value.problems[0].hint == "Add six==1.17.0"
