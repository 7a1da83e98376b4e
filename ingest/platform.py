"""What Windows does differently: opening a log without getting in its writer's way."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FileId:
    """A file's volume and its number on it; a number of 0 says nothing (FAT, some network shares)."""

    volume: int
    number: int

    @property
    def is_known(self) -> bool:
        """Whether the number tells files apart."""
        return self.number != 0


def file_id(file: BinaryIO) -> FileId:
    """Return the identity of an open file."""
    status = os.fstat(file.fileno())
    return FileId(volume=status.st_dev, number=status.st_ino)


def quick_look(path: Path) -> tuple[FileId, int] | None:
    """Return identity and size of *path* without opening it; None where that may be stale, or it is not there.

    On Windows a folder's entry tells an old size while a writer holds the file open.
    """
    if sys.platform == "win32":
        return None
    try:
        status = path.stat()
    except OSError:
        return None
    return FileId(volume=status.st_dev, number=status.st_ino), status.st_size


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _GENERIC_READ = 0x80000000
    _SHARE_ALL = 0x1 | 0x2 | 0x4  # read, write, delete
    _OPEN_EXISTING = 3
    _FILE_ATTRIBUTE_NORMAL = 0x80
    _INVALID_HANDLE = ctypes.c_void_p(-1).value

    def open_shared(path: Path) -> BinaryIO:
        """Open *path* for reading while others may write, rename and delete it.

        Python's own open() refuses the writer's rename, so that Web Connector could not roll its log over.
        Raises OSError as open() does.
        """
        create = ctypes.WinDLL("kernel32", use_last_error=True).CreateFileW
        create.restype = wintypes.HANDLE
        create.argtypes = [
            wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID,
            wintypes.DWORD, wintypes.DWORD, wintypes.HANDLE,
        ]  # fmt: skip
        handle = create(
            str(path), _GENERIC_READ, _SHARE_ALL, None, _OPEN_EXISTING, _FILE_ATTRIBUTE_NORMAL, None
        )  # fmt: skip
        if handle == _INVALID_HANDLE:
            code = ctypes.get_last_error()
            raise OSError(0, ctypes.FormatError(code).strip(), str(path), code)
        return os.fdopen(msvcrt.open_osfhandle(handle, os.O_RDONLY), "rb", buffering=0)

else:

    def open_shared(path: Path) -> BinaryIO:
        """Open *path* for reading; here no reader keeps a writer from renaming. Raises OSError as open() does."""
        return path.open("rb", buffering=0)
