"""What a log format must tell so that its records can be cut out of a stream of bytes and read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ingest.record import Record, Span


class Words(Protocol):
    """The program's own words in a block, as one text, and where each part of it stands in the block."""

    @property
    def text(self) -> bytes:
        """The words."""

    @property
    def alike(self) -> bytes:
        """The words with zeros for all digits."""

    def place(self, pos: int) -> int:
        """Return where in the block the text's byte *pos* stands."""

    def has_payload(self, begin: int, end: int) -> bool:
        """Say whether text[begin:end] holds what others put in."""


class Layout(Protocol):
    """Where the records of some bytes stand; positions are byte offsets in `data`."""

    @property
    def data(self) -> bytes:
        """The bytes."""

    @property
    def awaited(self) -> bytes:
        """The text that ends what must be read to its end first, empty if there is no such thing."""

    @property
    def is_open(self) -> bool:
        """Whether something began that must be read to its end before what follows can be told from it."""

    def start_before(self, pos: int, floor: int = 0) -> int:
        """Return the start of the record that holds *pos*, -1 if none starts from *floor* to there."""

    def next_start(self, pos: int) -> int:
        """Return the start of the first record at or after *pos*, the length of the data if there is none."""

    def complete(self) -> int:
        """Return up to where the records cannot grow any more."""

    def abandoned(self) -> int:
        """Return where what was awaited will surely not be ended any more, else 0."""

    def banners_before(self, end: int) -> list[int]:
        """Return the positions of the records before *end* that are always read."""

    def words(self, end: int) -> Words:
        """Return the own words of data[:end]."""

    def count(self, end: int, words: Words) -> int:
        """Count the records in data[:end], whose own words are *words*."""


class Grammar(Protocol):
    """How the records of one format are told apart and read, with all that is known beside the log's text."""

    @property
    def name(self) -> str:
        """The format's name."""

    def layout(self, data: bytes) -> Layout:
        """Look where the records of *data*, UTF-8 or an 8-bit code page, stand."""

    def parse(self, data: bytes, start: int, end: int, span: Span) -> Record:
        """Read the record that stands at data[start:end]."""
