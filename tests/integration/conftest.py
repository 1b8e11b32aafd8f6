"""The real AWS provider, where this machine has one; where it has none, the run says so in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tools import real_provider

AWS = "5.100.0"
NOTE = "note"
AWS_NOT_FOUND = real_provider.NOT_FOUND


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """From the reports alone, which arrive from other processes too."""
    unheld = [report for report in terminalreporter.stats.get("skipped", []) if AWS_NOT_FOUND in str(report.longrepr)]
    if unheld:
        terminalreporter.section("not held to the real AWS provider")
        terminalreporter.line(AWS_NOT_FOUND)
        for report in unheld:
            terminalreporter.line(f"  {report.nodeid}")
    passed = [report for report in terminalreporter.stats.get("passed", []) if report.when == "call"]
    for words in dict.fromkeys(value for report in passed for name, value in report.user_properties if name == NOTE):
        terminalreporter.line(f"note: {words}")


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Say something in the run's summary."""
    return lambda words: record_property(NOTE, words)


@pytest.fixture
def real(tmp_path: Path) -> dict[str, str]:
    """The environment of a Terraform that uses the real provider. Without one the test is left out, in words."""
    mirror = real_provider.find_mirror(AWS)
    if mirror is None:
        pytest.skip(AWS_NOT_FOUND)
    settings = tmp_path / "settings"
    settings.mkdir()
    return real_provider.environment(mirror, settings)
