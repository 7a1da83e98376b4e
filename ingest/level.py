"""How grave a record is, in the same six words for all formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LEVELS = ("verbose", "debug", "information", "warning", "error", "critical")
"""From least to most."""

_WORDS = {
    "verbose": "v vrb verbose trc trce trace finer finest all",
    "debug": "d dbg dbug debug fine log4net:debug",
    "information": "i inf info information notice",
    "warning": "w wrn warn warning",
    "error": "e err eror error fail",
    "critical": "c f crt crit critical ftl fatal severe alert emergency",
}
_LEVEL_OF = {word: level for level, words in _WORDS.items() for word in words.split()}


GRAVE = frozenset({"error", "critical"})
"""A record of such a level is looked at, whatever it says."""


def grave_words(own: Mapping[str, str]) -> list[str]:
    """Return the words that stand for `GRAVE` where *own* words, in lower case, come before those known here."""
    return [word for word, level in (_LEVEL_OF | dict(own)).items() if level in GRAVE]


def level_of(word: str) -> str | None:
    """Return the level that a log's own *word* stands for; a word that is not known stays as it is.

    >>> [level_of(word) for word in ("WRN", "FATAL", "fail", "Audit", "")]
    ['warning', 'critical', 'error', 'audit', None]
    """
    plain = word.strip().casefold()
    return _LEVEL_OF.get(plain, plain) or None
