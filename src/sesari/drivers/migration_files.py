"""Reads a folder of SQL migrations."""

from __future__ import annotations

from pathlib import Path

from sesari.drivers.files import file_error
from sesari.errors import Problem, SesariError


def read_migration_files(folder: Path) -> dict[str, str]:
    """File name to text, files directly in the folder only. Raises SesariError, with every file that is not UTF-8."""
    texts: dict[str, str] = {}
    problems = []
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".sql" and path.is_file())
        for file in files:
            body = file.read_bytes()
            try:
                texts[file.name] = body.decode()
            except UnicodeDecodeError:
                problems.append(Problem("migration-encoding", f"`{file.name}` is not UTF-8", str(file)))
    except OSError as error:
        raise file_error(error, folder, "read") from error
    if problems:
        raise SesariError(problems)
    return texts
