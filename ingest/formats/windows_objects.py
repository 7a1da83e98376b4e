"""Objects in JSON: one a line, in an array, printed over many lines, and what is left where one is damaged."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ingest.encoding import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

_DECODER = json.JSONDecoder(strict=False)
# An object stands at the start of a line, or among others in an array.
_OPENS = re.compile(r"(?:^[ \t]*|[\[,]\s*)\{", re.MULTILINE)
# How far down a tool may have wrapped its list of events.
_DEEPEST = 3
# More levels than this no event has, and thousands would exhaust the decoder's stack again and again.
_MOST_NESTED = 100
_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["{}\[\]]', re.DOTALL)
_PAIRS = {"{": "}", "[": "]"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[T]):
    """What was read of an object and where that stands; `value` is None where nothing could be read."""

    start: int
    end: int
    value: T | None


def find_objects(text: bytes, read: Callable[[dict[str, Any]], T | None]) -> Iterator[Found[T]]:
    """Find every object of *text* that *read* makes something of; a damaged stretch is told once."""
    # One character for each byte keeps places the same; nothing but ASCII matters to the structure.
    letters = text.decode("latin-1")
    yield from _Finder(text=text, letters=letters, read=read, extents=_Extents(letters)).find(0, len(text), 0)


class _Extents:
    """Where the objects of a damaged text end, so that no stretch of it is decoded again and again in vain.

    Each stretch is walked once for each place from which it looks different: within a string or without.
    """

    def __init__(self, letters: str) -> None:
        self.is_needed = False
        self._letters = letters
        self._ends: dict[int, tuple[int, int]] = {}  # begin of an object -> its end, -1 for none, and of which walk
        self._broken = (0, 0)  # place and walk of what was found to be no JSON last

    def end_of(self, start: int) -> int:
        """Return the end of the object that begins at *start*, -1 if it has none or cannot be read."""
        if start not in self._ends:
            self._walk(start)
        end, walk = self._ends[start]
        broken, of_walk = self._broken
        return -1 if walk == of_walk and start < broken < end else end

    def broken_at(self, start: int, place: int) -> None:
        """Note that the object at *start* cannot be read, because of what stands *place* letters behind that."""
        if self.is_needed and place:
            self._broken = (start + place, self._ends[start][1])
        self.is_needed = True

    def _walk(self, start: int) -> None:
        opened: list[tuple[int, int]] = []  # place, and how many levels stand within it
        for found in _BRACKETS.finditer(self._letters, start):
            bracket = found[0]
            if bracket in "{[":
                opened.append((found.start(), 0))
            elif bracket in "}]":
                if _PAIRS[self._letters[opened[-1][0]]] != bracket:
                    break
                begin, levels = opened.pop()
                self._ends[begin] = (found.end() if levels < _MOST_NESTED else -1, start)
                if not opened:
                    return
                opened[-1] = (opened[-1][0], max(opened[-1][1], levels + 1))
            elif bracket == '"':
                break
        self._ends.update((begin, (-1, start)) for begin, _ in opened)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finder(Generic[T]):
    text: bytes
    letters: str
    read: Callable[[dict[str, Any]], T | None]
    extents: _Extents

    def find(self, place: int, limit: int, depth: int) -> Iterator[Found[T]]:
        broken = -1
        while match := _OPENS.search(self.letters, place, limit):
            start = match.end() - 1
            value, end = self._decode(start)
            if value is None:
                broken, place = (broken if broken >= 0 else start), start + 1
                continue
            place = end
            found = self._within(value, start, end, depth)
            if found and broken >= 0:
                yield self._damage(broken, start)
                broken = -1
            if found or broken < 0:
                yield from found or [Found(start=start, end=end, value=None)]
        if broken >= 0:
            yield self._damage(broken, limit)

    def _within(self, value: dict[str, Any], start: int, end: int, depth: int) -> list[Found[T]]:
        """Return what is read of an object, or of those that it wraps."""
        one = self.read(value)
        if one is not None:
            return [Found(start=start, end=end, value=one)]
        inner = self.find(start + 1, end, depth + 1) if depth < _DEEPEST else iter(())
        return [found for found in inner if found.value is not None]

    def _decode(self, start: int) -> tuple[dict[str, Any] | None, int]:
        end = self.extents.end_of(start) if self.extents.is_needed else len(self.text)
        if end < 0:
            return None, start
        try:
            if self.extents.is_needed:
                value, _ = _DECODER.raw_decode(self.letters[start:end])
            else:
                value, end = _DECODER.raw_decode(self.letters, start)
            raw = self.text[start:end]
            if not raw.isascii():
                value = _DECODER.decode(decode(raw))
        except json.JSONDecodeError as error:
            self.extents.broken_at(start, error.pos)
            return None, start
        # Numbers of thousands of digits and thousands of brackets are no log either.
        except (ValueError, RecursionError):
            self.extents.broken_at(start, 0)
            return None, start
        return (value, end) if isinstance(value, dict) else (None, start)

    def _damage(self, start: int, end: int) -> Found[T]:
        return Found(start=start, end=start + len(self.text[start:end].rstrip(b" \t\r\n,")), value=None)
