"""A folder of logs that somebody writes, rolls over, copies and clears, with a memory of all that was ever in it."""

from __future__ import annotations

import codecs
import os
import re
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO

from qwclog import BANNER

from ingest.identity import HEAD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

START = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
MARKS = {"utf-8": b"", "utf-8-sig": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE}
NUMBER = re.compile(r"<n(\d{5})>")
# One is a step of a run, the other belongs to none.
METHODS = ("QBWebConnector.SOAPWebService.update()", "QBWebConnector.QBWCConsole.Main()")


@dataclass
class Fault:
    """A record that is to be stored as a finding, once."""

    number: int
    written: datetime
    paths: set[Path]  # where it ever stood
    is_torn: bool = False  # its rest was never written
    gone: datetime | None = None  # when the last text that held it was gone
    files: set[int] = field(default_factory=set)  # the numbers of these
    could_be_known: bool = True  # one of these had been seen before
    may_be_doubled: bool = False  # it stood in a text that lost its end and got another
    is_seen: bool = False  # it stood in a log that was looked at

    @property
    def is_out_of_sight(self) -> bool:
        """Whether it went to a name that no source names before anybody looked."""
        return not self.is_seen and not all(path.match("log/QWCLog*.txt") for path in self.paths)


@dataclass
class LogFolder:
    """The files, and every fault that was ever written to one."""

    folder: Path
    now: datetime = START
    faults: dict[int, Fault] = field(default_factory=dict)
    encodings: dict[Path, str] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)  # the numbers of the files that held text when somebody looked last
    places: dict[int, set[Path]] = field(default_factory=dict)  # by number of a file: where it ever stood
    halves: dict[Path, tuple[int, bytes]] = field(default_factory=dict)  # by path: a fault, and its unwritten rest
    shortened: set[int] = field(default_factory=set)  # the numbers of files that lost their end
    held: dict[int, BinaryIO] = field(default_factory=dict)  # every file that ever was, so that no number comes again

    def close(self) -> None:
        """Let go of the files."""
        for file in self.held.values():
            file.close()

    def tick(self, seconds: float = 1) -> None:
        self.now += timedelta(seconds=seconds)

    def write(self, path: Path, count: int, *, width: int = 20, lines: int = 0, cut: int = 0) -> None:
        """Append *count* faults with *lines* more each; of the last only *cut* bytes, if that is not 0."""
        self._finish_half(path)
        for left in range(count, 0, -1):
            number, data = self._fault(path, width, lines)
            is_half = bool(cut) and left == 1 and cut < len(data)
            if is_half:
                self.halves[path] = (number, data[cut:])
            self.append(path, data[:cut] if is_half else data)

    def append(self, path: Path, data: bytes) -> None:
        self.tick()
        encoding = self.encodings.setdefault(path, "utf-8")
        with path.open("ab") as file:
            file.write(data if file.tell() else MARKS[encoding] + data)
        self.touched(path)
        self._stood(path)

    def text(self, path: Path, text: str) -> None:
        """Append what holds no fault."""
        self._finish_half(path)
        self.append(path, text.encode(self._codec(path)))

    def nuls(self, path: Path, count: int) -> None:
        self._finish_half(path)
        self.append(path, b"\0" * 2 * count)

    def begin(self, path: Path, encoding: str = "utf-8", *, banner: bool = False) -> None:
        """Make *path* an empty log in the place of what is there."""
        self.tear(path)
        self.encodings[path] = encoding
        path.write_bytes(b"")
        self.touched(path)
        if banner:
            self.text(path, BANNER)
        self.note_gone()

    def delete(self, path: Path) -> None:
        self.tear(path)
        self._forget(path)
        path.unlink(missing_ok=True)
        self.tick()
        self.note_gone()

    def rename(self, path: Path, to: Path) -> None:
        """Move *path*, over what is there."""
        if path.exists():
            self.tear(path)
            self._forget(to)
            path.replace(to)
            self._stood(to)
            self.encodings[to] = self.encodings.pop(path, "utf-8")
            self.tick()
            self.note_gone()

    def copy(self, path: Path, to: Path) -> None:
        """Copy *path*, over what is there."""
        if path.exists():
            if path.stat().st_size < HEAD or path.stat().st_ino in self.shortened:
                # After a restart no more is known of a log's first bytes than the hash of all that was read of them;
                # and of a log that lost its end and got another, nobody can say what a copy of it is a copy of.
                for number in self.numbers_in(path):
                    self.faults[number].may_be_doubled = True
            shutil.copyfile(path, to)
            self.encodings[to] = self.encodings.get(path, "utf-8")
            self.tick()
            self.touched(to)
            self.note_gone()

    def shorten(self, path: Path, size: int) -> None:
        """Cut *path* to the lines in its first *size* bytes.

        What stays may be read again: nobody can know how much of it did not change.
        """
        self.tear(path)
        for number in self.numbers_in(path, size):
            self.faults[number].may_be_doubled = True
        text = path.read_bytes()[: size - size % 2]
        for number in set(self.numbers_in(path)) - set(self.numbers_in(path, size)):
            # Written and cut off between two looks, it left no trace.
            self.faults[number].is_torn = not self.faults[number].is_seen
        newline = "\n".encode(self._codec(path))
        self.shortened.add(path.stat().st_ino)
        os.truncate(path, text.rfind(newline) + len(newline) if newline in text else 0)
        self.tick()
        self.touched(path)
        self.note_gone()

    def touched(self, path: Path) -> None:
        """Let the file have been written at the time that it is here."""
        number = path.stat().st_ino
        if number not in self.held:
            self.held[number] = path.open("rb")
        moment = int(self.now.timestamp() * 1000) * 1_000_000
        os.utime(path, ns=(moment, moment))

    def note_gone(self) -> None:
        """Note which faults stand nowhere any more, and where the others stand."""
        found: dict[int, set[Path]] = {}
        for path in self.files():
            for number in self.numbers_in(path):
                found.setdefault(number, set()).add(path)
        for fault in self.faults.values():
            fault.paths |= found.get(fault.number, set())
            fault.files |= {path.stat().st_ino for path in found.get(fault.number, ())}
            if fault.number in found:
                fault.gone = None
            elif fault.gone is None:
                fault.gone, fault.could_be_known = self.now, bool(fault.files & self.known)

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink()]

    def numbers_in(self, path: Path, end: int | None = None) -> list[int]:
        """Return the numbers of the faults that stand whole in the first *end* bytes of *path*."""
        data = path.read_bytes()[:end]
        encoding = "utf-16-le" if data.startswith(codecs.BOM_UTF16_LE) else "utf-8"
        return [int(number) for number in NUMBER.findall(data.decode(encoding, errors="replace"))]

    def _decoded(self, path: Path) -> str:
        return path.read_bytes().decode(self._codec(path), "replace")

    def _codec(self, path: Path) -> str:
        return self.encodings.setdefault(path, "utf-8").removesuffix("-sig")

    def _fault(self, path: Path, width: int, lines: int) -> tuple[int, bytes]:
        number = len(self.faults) + 1
        self.faults[number] = Fault(number, self.now, {path})
        method = METHODS[number % 2]
        text = f"{self.now:%Y%m%d.%H:%M:%S} UTC\t: {method} : QBWC1048: refused {'é' * width} <n{number:05}>\r\n"
        text += "".join(f"   at Contoso.Sync.Step{at}()\r\n" for at in range(lines))
        return number, text.encode(self._codec(path))

    def _finish_half(self, path: Path) -> None:
        if path in self.halves:
            _, rest = self.halves.pop(path)
            self.append(path, rest)
        elif path.exists() and self._decoded(path)[-1:] not in "\n\0\ufeff":
            # A writer that was cut off begins anew on a line of its own.
            self.append(path, "\r\n".encode(self._codec(path)))

    def _forget(self, path: Path) -> None:
        """Let the number of a file that goes be that of another one."""
        if path.exists():
            self.known.discard(path.stat().st_ino)
            self.places.pop(path.stat().st_ino, None)

    def _stood(self, path: Path) -> None:
        file = path.stat().st_ino
        self.places.setdefault(file, set()).add(path)
        for number in self.numbers_in(path):
            self.faults[number].files.add(file)
            self.faults[number].paths |= self.places[file]

    def seen(self, sizes: Mapping[Path, int]) -> None:
        """Note that somebody looked at paths, as far as their *sizes* were in bytes then."""
        looked = {path: size for path, size in sizes.items() if path.exists()}
        self.known = {path.stat().st_ino for path, size in looked.items() if size}
        for path, size in looked.items():
            for number in self.numbers_in(path, size):
                self.faults[number].is_seen = True
                self.faults[number].paths.add(path)

    def tear(self, path: Path) -> None:
        """Give up on the rest of the line that is half written."""
        if path in self.halves:
            number, _ = self.halves.pop(path)
            # What follows the number may be missing.
            self.faults[number].is_torn = number not in self.numbers_in(path)
