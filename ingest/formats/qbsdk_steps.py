"""What a record of qbsdklog.txt means for the session with QuickBooks that it belongs to.

The texts are those of the SDK's own request processor. Newer versions may word some of them differently, so a
session counts as answered by anything that only follows an answer, and as ended by any word of its end.
"""

from __future__ import annotations

import re
from enum import IntEnum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.record import Record


class Kind(IntEnum):
    """What happens at a step, in the order of a connection."""

    STARTED = auto()  # a connection begins
    NAMED = auto()  # it says which application opened it
    BEGUN = auto()  # QuickBooks is asked for a session
    WAITING = auto()  # QuickBooks does not answer yet
    OPENED = auto()  # it answered: the company file is open
    REFUSED = auto()  # it answered with an error
    WORKED = auto()  # requests were made, so it had answered
    LEFT = auto()  # the session is over
    CLOSED = auto()  # the application closed the connection
    ENDED = auto()  # the connection is gone


# The first that stands in a text is what it means.
_WORDS: tuple[tuple[str, Kind], ...] = (
    ("Started Connection", Kind.STARTED),
    ("Connection opened by app named", Kind.NAMED),
    ("Begin Session started", Kind.BEGUN),
    ("Begin Session error", Kind.REFUSED),
    ("Begin Session finished", Kind.OPENED),
    ("Successfully opened the data file", Kind.OPENED),
    ("aiting for modal dialog to be dismissed", Kind.WAITING),
    ("Failed to launch QB, trying again", Kind.WAITING),
    ("Performing QB Launch Retries", Kind.WAITING),
    ("Wait and retry to get a new instance", Kind.WAITING),
    ("inished processing requests", Kind.WORKED),
    ("Processing requests took", Kind.WORKED),
    ("During this session processed", Kind.WORKED),
    ("End Session", Kind.LEFT),
    ('"EndSession" has not been called', Kind.LEFT),
    ("Connection closed by app named", Kind.CLOSED),
    ('"CloseConnection" has not been called', Kind.CLOSED),
    ("Ended Connection", Kind.ENDED),
)
_ANY = re.compile("|".join(re.escape(words) for words, _ in _WORDS))
_KINDS = dict(_WORDS)

# The records that tell a session, found in a whole block of bytes.
MARKERS = re.compile(_ANY.pattern.encode())


def step_of(record: Record) -> Kind | None:
    """Return what *record* means for its session, None if it only tells more of where that stands."""
    found = _ANY.search(record.message)
    return _KINDS[found[0]] if found else None
