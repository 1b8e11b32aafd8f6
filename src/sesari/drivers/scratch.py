"""A private file that never has a place on disk where the system allows it: what is in clear stays in memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sesari.drivers.child import anonymous_file
from sesari.drivers.files import file_error


class ScratchFile:
    """Implements `Scratch`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @property
    def path(self) -> str:
        return f"/proc/self/fd/{self._descriptor}" if sys.platform == "linux" else f"/dev/fd/{self._descriptor}"

    @property
    def descriptor(self) -> int:
        return self._descriptor

    def read(self) -> bytes:
        return os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)


@contextmanager
def scratch(body: bytes) -> Iterator[ScratchFile]:
    """A scratch file that holds `body`; gone when the block ends or the process dies. Raises SesariError."""
    descriptor = anonymous_file("plan")
    try:
        offset = 0
        while offset < len(body):
            offset += os.pwrite(descriptor, body[offset : offset + (1 << 20)], offset)
        yield ScratchFile(descriptor)
    except OSError as error:
        raise file_error(error, Path("plan"), "kept") from error
    finally:
        os.close(descriptor)
