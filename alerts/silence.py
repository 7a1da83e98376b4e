"""Silences: who wants to hear nothing of what, why, and until when; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from alerts.matcher import all_fit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from alerts.incident import Incident
    from alerts.matcher import Matcher

LONGEST: Final = timedelta(days=30)
"""The longest silence, unless the configuration says otherwise."""

_SOONEST_WARNING = timedelta(minutes=15)
_LATEST_WARNING = timedelta(hours=4)


class SilenceError(ValueError):
    """A silence that is refused, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Holds the messages about incidents that all of its matchers fit, from `starts_at` to before `ends_at`.

    One that lasts `until_recovered` ends as soon as it holds nothing that still fails. `ended_at` is when it ended,
    early or not; `warned_at` when its near end was told while something still failed under it.
    """

    id: str
    matchers: tuple[Matcher, ...]
    author: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    until_recovered: bool = False
    ended_at: datetime | None = None
    warned_at: datetime | None = None

    def is_active(self, now: datetime) -> bool:
        """Say whether it holds anything at *now*."""
        return self.ended_at is None and self.starts_at <= now < self.ends_at

    def holds(self, incident: Incident, now: datetime) -> bool:
        """Say whether it holds messages about *incident* at *now*."""
        return self.is_active(now) and all_fit(self.matchers, incident)

    @property
    def warns_at(self) -> datetime:
        """When to say that it ends soon: a tenth of its length before, but in time to act and not days ahead.

        A short one is not warned of before half of it is over.
        """
        length = self.ends_at - self.starts_at
        return self.ends_at - min(max(length / 10, _SOONEST_WARNING), _LATEST_WARNING, length / 2)


def checked(silence: Silence, *, longest: timedelta, now: datetime) -> Silence:
    """Return *silence* as it is. Raises SilenceError if it says too little, or lasts too long."""
    if not silence.matchers:
        raise SilenceError('a silence needs at least one matcher, such as cause=popup_blocked; to be quiet about '
                           'everything write severity=~".*"')  # fmt: skip
    if not silence.author.strip() or not silence.reason.strip():
        raise SilenceError("a silence needs an author and a reason, so that others know whom to ask")
    if silence.ends_at <= max(silence.starts_at, now):
        raise SilenceError("a silence must end after it starts, and not in the past")
    if silence.ends_at - silence.starts_at > longest:
        days = longest / timedelta(days=1)
        raise SilenceError(f"a silence lasts {days:g} days at most. Give it an earlier end and renew it if it is still "
                           "needed, or set [alerts] longest_silence")  # fmt: skip
    return silence


def is_spent(silence: Silence, live: Iterable[Incident], now: datetime) -> bool:
    """Say whether *silence* is over at *now*, given the *live* incidents: by its time, or since all has recovered."""
    if silence.ended_at is not None:
        return False
    if now >= silence.ends_at:
        return True
    return silence.until_recovered and silence.is_active(now) and not any(silence.holds(one, now) for one in live)


def must_warn(silence: Silence, live: Iterable[Incident], now: datetime) -> bool:
    """Say whether to tell now that *silence* ends soon while something still fails under it."""
    is_due = silence.is_active(now) and silence.warned_at is None and now >= silence.warns_at
    return is_due and not silence.until_recovered and any(silence.holds(one, now) for one in live)
