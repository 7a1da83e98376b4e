"""Opening a log without getting in its writer's way, and telling files and network paths apart."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True, slots=True, kw_only=True)
class FileId:
    """A file's volume and its number on it; a number of 0 says nothing (FAT, some network shares)."""

    volume: int
    number: int

    @property
    def is_known(self) -> bool:
        """Whether the number tells files apart."""
        return self.number != 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What tells that nothing changed at a path: its identity, its size in bytes, the time of its last change."""

    identity: FileId
    size: int
    changed_ns: int


def file_id(file: BinaryIO) -> FileId:
    """Return the identity of an open file."""
    return _identity(os.fstat(file.fileno()))


def glance_at(file: BinaryIO) -> Glance:
    """Return what `is_unchanged` takes for as long as nothing changes in an open file."""
    return _glance(os.fstat(file.fileno()))


if sys.platform == "win32":

    def is_unchanged(path: str, glance: Glance) -> bool:
        """Return False: a folder's entry tells an old size and time while a writer holds the file open."""
        del path, glance
        return False

else:

    def is_unchanged(path: str, glance: Glance) -> bool:
        """Say whether one look at *path*, without opening it, shows that it still is as at *glance*."""
        try:
            status = os.stat(path)  # noqa: PTH116 - each file at each turn: a Path costs more than the look
        except OSError:
            return False
        return (
            status.st_mtime_ns == glance.changed_ns
            and status.st_size == glance.size
            and status.st_ino == glance.identity.number
            and status.st_dev == glance.identity.volume
        )


def _identity(status: os.stat_result) -> FileId:
    return FileId(volume=status.st_dev, number=status.st_ino)


def _glance(status: os.stat_result) -> Glance:
    return Glance(identity=_identity(status), size=status.st_size, changed_ns=status.st_mtime_ns)


_NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "afs", "ncpfs")


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _DRIVE_REMOTE = 4

    def _is_remote(folder: Path) -> bool:
        return bool(ctypes.windll.kernel32.GetDriveTypeW(folder.anchor) == _DRIVE_REMOTE)

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

    def _is_remote(folder: Path) -> bool:
        try:
            lines = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
            real = str(folder.resolve())
        except OSError:
            return False
        mounts = (line.split(" ")[1:3] for line in lines if line.count(" ") > 2)
        held = [(len(point), kind) for point, kind in mounts if f"{real}/".startswith(f"{point.rstrip('/')}/")]
        return bool(held) and max(held)[1].startswith(_NETWORK_FILE_SYSTEMS)

    def open_shared(path: Path) -> BinaryIO:
        """Open *path* for reading; here no reader keeps a writer from renaming. Raises OSError as open() does."""
        return path.open("rb", buffering=0)


def is_network(folder: Path) -> bool:
    r"""Say whether *folder* lies on another machine, of whose changes notices cannot be relied on.

    >>> from pathlib import PureWindowsPath
    >>> is_network(PureWindowsPath(r"\\srv-01\logs"))
    True
    """
    if str(folder).startswith(("\\\\", "//")):
        return True
    return _is_remote(folder)
