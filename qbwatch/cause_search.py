"""Which causes a few words of a person speak of: by their titles, and by the log lines that show them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.catalogue import Catalogue, Cause

_WORD = re.compile(r"[^\W_]{3,}")
_MOST = 4
# What any sync's trouble is told in.
_SAY_NOTHING = (
    "the and for that with has have was not why does can cannot what when how too many error failed fails failure sync "
    "say says said quickbooks qbwc web connector"
)


def causes_about(catalogue: Catalogue, asked: str) -> list[Cause]:
    """Return up to four causes that *asked* may mean, the likeliest first: all its words are said of them.

    A word's beginning is enough, so that "certificates" finds "certificate".
    """
    wanted = [_stem(word) for word in _words(asked) if word not in _SAY_NOTHING.split()]
    if not wanted:
        return []
    said = {cause.name: _stems(_said_of(catalogue, cause)) for cause in catalogue.causes.values()}
    found = [cause for cause in catalogue.causes.values() if _holds_all(said[cause.name], wanted)]
    # One whose title says it speaks of it rather than beside it.
    return sorted(found, key=lambda cause: (-_count_in(cause.title, wanted), -_count_in(cause.explanation, wanted)))[
        :_MOST
    ]


def _said_of(catalogue: Catalogue, cause: Cause) -> Iterator[str]:
    yield from (cause.name.replace("_", " "), cause.title, cause.explanation)
    for rule in catalogue.rules:
        if rule.cause == cause.name:
            yield rule.note
            # The head of a sample's record is the same for all causes.
            yield from (sample.text.partition(" : ")[2] or sample.text for sample in rule.samples)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _stem(word: str) -> str:
    return word[: max(4, len(word) - 2)]


def _stems(texts: Iterable[str]) -> str:
    return " ".join(["", *_words("\n".join(texts))])


def _holds_all(said: str, wanted: list[str]) -> bool:
    return all(f" {stem}" in said for stem in wanted)


def _count_in(text: str, wanted: list[str]) -> int:
    said = _stems([text])
    return sum(f" {stem}" in said for stem in wanted)
