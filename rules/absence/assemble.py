"""Signals to spells: what each event says, put together in the order of time and not of the log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rules.absence.boots import boots
from rules.absence.clues import NUL_RUN, TELLING, code_of, dated, key_of, time_in
from rules.absence.programs import programs
from rules.absence.sessions import disconnections, sign_outs
from rules.absence.sleeps import sleeps
from rules.absence.spell import Spell, SpellKind
from rules.event import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ingest.record import Record

# A clock that was never set, or a stamp that is damaged, tells no time.
_FIRST, _LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def spells(signals: Iterable[Record], now: datetime | None = None) -> list[Spell]:
    """Assemble the spells that *signals* tell of, in the order of their beginnings; what comes after *now* is left out.

    The order of *signals* does not matter, and one that says nothing, or says it wrongly, is passed over.
    """
    told = in_time(signals, now)
    alive = sorted(signal.time for signal in told if signal.time and code_of(signal) != NUL_RUN)
    # Of the thousands that a machine writes a day few tell something; the rest only shows it awake.
    known = _once(signal for signal in told if code_of(signal).startswith(TELLING))
    downs = boots(known, alive)
    still = [one for one in sleeps(known, alive) if not _is_of_a_start(one, downs)]
    outs = sign_outs(known, downs)
    found = [*downs, *still, *outs, *disconnections(known), *programs(known, (*downs, *outs)), *_away(known)]
    order = list(SpellKind).index
    return sorted(found, key=lambda one: (one.begins, order(one.kind), one.ends or _LAST))


def in_time(signals: Iterable[Record], now: datetime | None = None) -> list[Record]:
    """Return those of *signals* that have a believable time, and not one after *now*."""
    last = min(now, _LAST) if now else _LAST
    return [signal for signal in signals if signal.time and _FIRST <= signal.time <= last]


def _once(signals: Iterable[Record]) -> list[Record]:
    """Return each of *signals* once, in the order of time and, of one moment, in one that never changes."""
    told = {(signal.time or _FIRST, *key_of(signal)): signal for signal in signals}
    return [told[key] for key in sorted(told)]


def _is_of_a_start(spell: Spell, downs: Sequence[Spell]) -> bool:
    """Say whether a jump of the clock only tells that Windows was off: the hardware's clock is read at each start."""
    return any(
        down.ends and spell.ends and down.begins <= spell.begins and spell.ends <= down.ends for down in downs
    ) and spell.kind in {SpellKind.ASLEEP, SpellKind.PAUSED}


def _away(signals: Sequence[Record]) -> Iterator[Spell]:
    """Take the times at which the watcher itself did not run, so that nobody looked."""
    for _, record in dated(signals, "probe/away"):
        begins, ends = time_in(record, "LastSeen"), time_in(record, "SeenAgain")
        if begins and ends and begins < ends:
            why = record.fields.get("Why", "")
            yield Spell(
                kind=SpellKind.WATCHER_AWAY, begins=begins, ends=ends, confidence=Confidence.PROOF,
                evidence=(record,), detail={"why": why} if why else {},
            )  # fmt: skip
