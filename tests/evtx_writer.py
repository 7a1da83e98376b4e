"""Writes small .evtx files from events in XML, so that no log of a real machine has to be kept.

It writes what Windows writes, as far as the format's public descriptions tell: a file header, chunks of
64 KiB with their checksums, records of binary XML, and in each chunk one template for each shape of event.
"""

from __future__ import annotations

import struct
import uuid
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HEADER = 4096
CHUNK = 65536
CHUNK_HEADER = 512
DIRTY = 1

_NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
# Windows gives numbers and times types of their own; the rest is text.
_TYPES = {
    "EventID": ("<H", 0x06),
    "EventID/Qualifiers": ("<H", 0x06),
    "Version": ("<B", 0x04),
    "Level": ("<B", 0x04),
    "Task": ("<H", 0x06),
    "Opcode": ("<B", 0x04),
    "Keywords": ("<Q", 0x15),
    "EventRecordID": ("<Q", 0x0A),
    "Execution/ProcessID": ("<I", 0x08),
    "Execution/ThreadID": ("<I", 0x08),
}
_FILETIME, _TEXT, _NOTHING = 0x11, 0x01, 0x00


def write_evtx(events: Sequence[str], *, per_chunk: int = 50, flags: int = 0) -> bytes:
    """Return a whole .evtx file that holds *events*, each as `wevtutil qe ... /f:xml` gives it."""
    roots = [ET.fromstring(event) for event in events]  # noqa: S314 - the tests' own text
    groups = [roots[first : first + per_chunk] for first in range(0, len(roots), per_chunk)]
    chunks, number = [], 1
    for group in groups:
        chunks.append(_chunk(group, number))
        number += len(group)
    following = max((_record_id(root) for root in roots), default=0) + 1
    head = struct.pack(
        "<8sQQQIHHHH76x", b"ElfFile\0", 0, max(len(chunks) - 1, 0), following, 128, 1, 3, HEADER, len(chunks)
    )
    return (head + struct.pack("<II", flags, zlib.crc32(head))).ljust(HEADER, b"\0") + b"".join(chunks)


def _record_id(root: ET.Element) -> int:
    return int(root.findtext(f"{{{_NAMESPACE}}}System/{{{_NAMESPACE}}}EventRecordID") or 0)


def _chunk(roots: Sequence[ET.Element], number: int) -> bytes:
    writer = _Chunk()
    last = CHUNK_HEADER
    for root in roots:
        last = writer.place
        writer.record(root)
    data = bytes(writer.data[CHUNK_HEADER:])
    ids = [_record_id(root) for root in roots]
    head = struct.pack(
        "<8sQQQQIIII64x", b"ElfChnk\0", number, number + len(roots) - 1, ids[0], ids[-1],
        128, last, writer.place, zlib.crc32(data),
    )  # fmt: skip
    # Real files list here where the chunk's names and templates stand; readers get by without it.
    tables = bytes(384)
    return (head + struct.pack("<II", 1, zlib.crc32(head + tables)) + tables + data).ljust(CHUNK, b"\0")


@dataclass(slots=True)
class _Chunk:
    """One chunk while it grows: names and templates are written once, where they are first needed."""

    data: bytearray = field(default_factory=lambda: bytearray(CHUNK_HEADER))
    names: dict[str, int] = field(default_factory=dict)
    templates: dict[str, int] = field(default_factory=dict)

    @property
    def place(self) -> int:
        return len(self.data)

    def record(self, root: ET.Element) -> None:
        start = self.place
        stamp = root.find(f"{{{_NAMESPACE}}}System/{{{_NAMESPACE}}}TimeCreated")
        filetime = _filetime(stamp.get("SystemTime", "")) if stamp is not None else 0
        self.put("<4sIQQ", b"**\0\0", 0, _record_id(root), filetime)
        self.put("<BBBB", 0x0F, 1, 1, 0)
        values = self.template(root)
        self.put("<I", len(values))
        for kind, raw in values:
            self.put("<HBB", len(raw), kind, 0)
        for _, raw in values:
            self.data += raw
        self.data += b"\0"
        self.data += bytes(-(self.place - start + 4) % 8)
        size = self.place - start + 4
        self.put("<I", size)
        struct.pack_into("<I", self.data, start + 4, size)

    def put(self, layout: str, *values: object) -> None:
        self.data += struct.pack(layout, *values)

    def template(self, root: ET.Element) -> list[tuple[int, bytes]]:
        """Write that the record is an instance of its shape's template, and the template if it is new."""
        values = _values(root, "")
        shape = _shape(root) + repr([kind for kind, _ in values])
        name = uuid.uuid5(uuid.NAMESPACE_OID, shape)
        self.put("<BBI", 0x0C, 1, name.fields[0])
        if shape in self.templates:
            self.put("<I", self.templates[shape])
            return values
        self.templates[shape] = self.place + 4
        self.put("<II16sI", self.place + 4, 0, name.bytes_le, 0)
        start = self.place
        self.put("<BBBB", 0x0F, 1, 1, 0)
        self.element(root, iter(range(len(values))), values)
        self.data += b"\0"
        struct.pack_into("<I", self.data, start - 4, self.place - start)
        return values

    def element(self, item: ET.Element, numbers: Iterator[int], values: list[tuple[int, bytes]]) -> None:
        attributes = _attributes(item)
        self.put("<BHI", 0x41 if attributes else 0x01, 0xFFFF, 0)
        start = self.place
        self.name(_local(item))
        if attributes:
            self.attributes(list(attributes), numbers, values)
        children, text = list(item), (item.text or "").strip()
        if not children and not text:
            self.data += b"\x03"
        else:
            self.data += b"\x02"
            if text:
                self.substitution(numbers, values)
            for child in children:
                self.element(child, numbers, values)
            self.data += b"\x04"
        struct.pack_into("<I", self.data, start - 4, self.place - start)

    def attributes(self, names: list[str], numbers: Iterator[int], values: list[tuple[int, bytes]]) -> None:
        self.put("<I", 0)
        start = self.place
        for name in names:
            self.put("<B", 0x06 if name == names[-1] else 0x46)
            self.name(name)
            self.substitution(numbers, values)
        struct.pack_into("<I", self.data, start - 4, self.place - start)

    def substitution(self, numbers: Iterator[int], values: list[tuple[int, bytes]]) -> None:
        number = next(numbers)
        self.put("<BHB", 0x0D, number, values[number][0] or _TEXT)

    def name(self, name: str) -> None:
        known = self.names.get(name)
        if known is not None:
            self.put("<I", known)
            return
        self.names[name] = self.place + 4
        self.put("<IIHH", self.place + 4, 0, _name_hash(name), len(name))
        self.data += name.encode("utf-16-le") + b"\0\0"


def _local(item: ET.Element) -> str:
    return item.tag.rpartition("}")[2]


def _attributes(item: ET.Element) -> dict[str, str]:
    """Return the attributes, and the namespace as one where it begins."""
    namespace = item.tag.rpartition("}")[0].removeprefix("{")
    begins = _local(item) in {"Event", "EventXML"} and namespace
    return {**({"xmlns": namespace} if begins else {}), **item.attrib}


def _shape(item: ET.Element) -> str:
    filled = "t" if (item.text or "").strip() else ""
    return f"({_local(item)} {list(_attributes(item))} {filled}{''.join(_shape(child) for child in item)})"


def _values(item: ET.Element, above: str) -> list[tuple[int, bytes]]:
    """List what fills the template, in the order in which it asks for it."""
    here = _local(item)
    found = [_value(f"{here}/{name}", value) for name, value in _attributes(item).items()]
    text = (item.text or "").strip()
    if text:
        found.append(_value(here if above == "System" else "", text))
    for child in item:
        found += _values(child, here)
    return found


def _value(path: str, text: str) -> tuple[int, bytes]:
    if not text:
        return _NOTHING, b""
    if path == "TimeCreated/SystemTime":
        return _FILETIME, struct.pack("<Q", _filetime(text))
    layout, kind = _TYPES.get(path, ("", _TEXT))
    return (kind, struct.pack(layout, int(text, 0))) if layout else (_TEXT, text.encode("utf-16-le"))


def _filetime(stamp: str) -> int:
    return (datetime.fromisoformat(stamp).astimezone(UTC) - _EPOCH) // timedelta(microseconds=1) * 10


def _name_hash(name: str) -> int:
    found = 0
    for letter in name:
        found = (found * 65599 + ord(letter)) & 0xFFFFFFFF
    return found & 0xFFFF
