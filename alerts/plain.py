"""Makes log text harmless, whoever wrote it, before people or their chat programs read it."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_BLANK = re.compile(r"\s+")
# Discord and others look at no more than the word itself: what follows, such as an underscore, saves nobody,
# and it may be cut off.
_MASS_MENTION = re.compile(r"@(?=everyone|here|channel|all|room)", re.IGNORECASE)
_MENTION_TAG = re.compile(r"<(?=/?(?:[@!#&]|at\b))", re.IGNORECASE)
# Control, format (bidirectional and zero-width), surrogate, private-use and unassigned characters.
_DROPPED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
# Lookalikes: Teams on phones does not undo a backslash, so an escape would show or, worse, not work.
_CARD_LOOKALIKES = str.maketrans({"*": "\u2217", "`": "\u02cb", "[": "\uff3b", "]": "\uff3d", "~": "\u223c"})
_CARD_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_CARD_LINE_MARK = re.compile(r"^(\s*)([-+#>]|\d+[.)])(?=\s)")


def clean(text: str, limit: int = 1000) -> str:
    r"""Return *text* as one visible line of at most *limit* characters that can summon nobody.

    >>> ascii(clean("one\ntwo\u202e @everyone"))
    "'one two \\uff20everyone'"
    """
    # What is far past the limit is dropped first: a line of a gigabyte must not be looked at whole.
    spaced = _BLANK.sub(" ", text[: limit * 4])
    shown = "".join(char for char in spaced if unicodedata.category(char) not in _DROPPED)
    # What was dropped may have stood between two blanks.
    visible = _BLANK.sub(" ", shown)
    quiet = _MENTION_TAG.sub("\u2039", _MASS_MENTION.sub("\uff20", visible))
    return cut(quiet.strip(), limit)


def cut(text: str, limit: int) -> str:
    """Return *text*, or as much of it as leaves room for an ellipsis within *limit* characters.

    >>> cut("single-user mode", 7)
    'single…'
    """
    return text if len(text) <= limit else text[: max(0, limit - 1)].rstrip() + "…"[:limit]


def card_text(text: str) -> str:
    """Take the markdown meaning out of *text* for an Adaptive Card's text block or fact."""
    plain = _CARD_UNDERSCORE.sub("\uff3f", text.translate(_CARD_LOOKALIKES))
    return _CARD_LINE_MARK.sub("\\1\u2060\\2", plain)


def slack_text(text: str) -> str:
    """Escape *text* for Slack, where only `&`, `<` and `>` can start a link or a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def file_name(path: str) -> str:
    r"""Return the last part of a Windows or other *path*.

    >>> file_name(r"C:\QB\Acme.qbw")
    'Acme.qbw'
    """
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1] or path
