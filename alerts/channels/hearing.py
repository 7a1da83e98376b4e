"""What the far side answered to one attempt: Apprise tells neither its status nor when to come back.

Apprise's plugins post with the functions of the module `requests` that their own module imported. A stand-in of
that name, in the modules of the one plugin that is used, passes each call on with a response hook, which
`requests` documents; nothing else in Apprise or in `requests` is touched.
"""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_WAIT: Final = timedelta(days=1)
"""What the far side may ask for at most: a mistaken Retry-After must not silence a receiver for ever."""

_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_local = threading.local()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of the far side; `word` is its body when that is one plain word, such as `no_service`."""

    status: int
    retry_after: timedelta | None = None
    word: str = ""


@dataclass(slots=True)
class Heard:
    """The answers to one attempt, as they came."""

    answers: list[Answer] = field(default_factory=list)

    @property
    def last(self) -> Answer | None:
        """The newest answer."""
        return self.answers[-1] if self.answers else None


def wait_of(value: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After: seconds, or a date; None when it is neither.

    >>> wait_of("120", datetime(2026, 3, 10, tzinfo=UTC))
    datetime.timedelta(seconds=120)
    """
    text = (value or "").strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return min(timedelta(seconds=min(float(text), LONGEST_WAIT.total_seconds())), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at - now, timedelta()), LONGEST_WAIT)


def listen(plugin: Any) -> None:
    """Let `hearing` hear what *plugin* is answered; doing it twice is harmless."""
    for kind in type(plugin).__mro__:
        module = sys.modules.get(kind.__module__)
        found = getattr(module, "requests", None)
        if kind.__module__.startswith("apprise.plugins.") and found is not None and not isinstance(found, _Listening):
            module.requests = _Listening(found)  # type: ignore[union-attr]


@contextmanager
def hearing(heard: Heard) -> Iterator[None]:
    """Write into *heard* what is answered to this thread meanwhile."""
    before = getattr(_local, "heard", None)
    _local.heard = heard
    try:
        yield
    finally:
        _local.heard = before


def note(response: Any, *_: Any, **__: Any) -> None:
    """Keep what matters of *response*: a hook of `requests`."""
    heard: Heard | None = getattr(_local, "heard", None)
    if heard is not None:
        wait = wait_of(response.headers.get("Retry-After"), datetime.now(UTC))
        heard.answers.append(Answer(status=response.status_code, retry_after=wait, word=_word(response)))


def _word(response: Any) -> str:
    body: str = (response.content or b"")[:60].decode("ascii", "replace").strip()
    return body if body.replace("_", "").isalpha() and body.islower() and "_" in body else ""


class _Listening:
    """The module `requests`, whose calls hand their answers to `note`."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name != "request" and name not in _METHODS:
            return found

        def call(*arguments: Any, **options: Any) -> Any:
            return found(*arguments, **{"hooks": {"response": note}, **options})

        return call
