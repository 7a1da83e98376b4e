"""Groups lines that say the same but for names and numbers, in the manner of the log miner Drain.

What varies for sure is masked first; then a line joins the likest group of as many words, and the words in which they
differ become wildcards. A group's id is that of its first line, so that it stays while the group grows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

WILD = "<*>"
_LIKE = 0.6  # this part of the words must be the same
_LONGEST = 60  # words of a line that are compared
_CODE = r"QBWC\d{4}|0x8[0-9A-Fa-f]{7}|-21[34]\d{7}|qbXML/\d+|H(?:101|202|303|505)"
# In this order: what holds others comes first. Codes are matched to be kept.
_VARYING = re.compile(
    rf"(?P<code>(?<![0-9A-Za-z])(?:{_CODE})(?![0-9A-Za-z]))"
    r"|\[(?:ticket|secret|user|email|number|token|login|private|query)\]"
    r"|https?://\S+"
    r"|\"[^\"]{0,200}\"|(?<!\w)'[^']{0,200}'(?!\w)"
    r"|(?:[A-Za-z]:|\\)\\[^\s:*?\"<>|,;]+(?: [^\s:*?\"<>|,;]+\.\w{2,4}\b)?"
    r"|\{?[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\}?"
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|0x[0-9A-Fa-f]+|\d[\d.,:/-]*\d|\d"
)


def words_of(line: str) -> tuple[str, ...]:
    """Return the words of *line*, what varies from time to time replaced by a wildcard.

    >>> " ".join(words_of("QBWC1999: No answer from 192.0.2.7 after 30 seconds for 'Contoso Sync'."))
    'QBWC1999: No answer from <*> after <*> seconds for <*>.'
    """
    masked = _VARYING.sub(lambda found: found["code"] or WILD, line)
    return tuple(masked.split()[:_LONGEST])


@dataclass(slots=True, eq=False)
class Group:
    """Lines of one template; `id` is made of the first one."""

    id: str
    words: tuple[str, ...]

    @property
    def template(self) -> str:
        """The words that all lines share, wildcards between them."""
        return " ".join(self.words)

    def likeness(self, words: tuple[str, ...]) -> float:
        """Return which part of *words*, as many as the group's, is the same; a wildcard is not counted for it."""
        same = sum(one == other and one != WILD for one, other in zip(self.words, words, strict=True))
        fixed = sum(one != WILD for one in words) or 1
        return same / fixed

    def take(self, words: tuple[str, ...]) -> None:
        """Let *words* belong to the group."""
        self.words = tuple(
            one if one == other else WILD for one, other in zip(self.words, words, strict=True)
        )  # fmt: skip


class Miner:
    """Puts lines into groups, as they come."""

    def __init__(self) -> None:
        """Begin without groups."""
        self._groups: dict[tuple[str, int], list[Group]] = {}

    def put(self, line: str, kind: str = "") -> Group:
        """Return the group of *line*; lines of another *kind* never share one."""
        words = words_of(line)
        groups = self._groups.setdefault((kind, len(words)), [])
        best = max(groups, key=lambda group: group.likeness(words), default=None)
        if best is None or (best.words != words and best.likeness(words) < _LIKE):
            id_ = blake2b("\x1f".join((kind, *words)).encode(), digest_size=4).hexdigest()
            best = Group(id_, words)
            groups.append(best)
        else:
            best.take(words)
        return best
