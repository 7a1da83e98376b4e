"""How much of a silence each spell explains: what ended the programs, what let them stand still, and the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rules.absence.spell import STILL, How, Spell, SpellKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from rules.absence.verdict import Absence

# What ends the program that writes the log, the most telling first where several began at once.
_ENDING = (
    SpellKind.BLUE_SCREEN, SpellKind.POWER_LOST, SpellKind.DOWN, SpellKind.SIGNED_OUT, SpellKind.BLOCKED,
    SpellKind.CONNECTOR_DOWN,
)  # fmt: skip
_OFF = frozenset({SpellKind.BLUE_SCREEN, SpellKind.POWER_LOST, SpellKind.DOWN})
# What ended the program is written shortly before the last line or after it; who signed out before that line did not.
_SLACK = timedelta(minutes=2)
SAME_MOMENT = timedelta(seconds=5)
"""How far the stamps of one moment may lie apart in two logs."""

# A program that starts by itself does so within this time after somebody has signed in.
GRACE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The part of a silence that one state explains.

    `spell` is what it began with, None for a program that could run and that nobody started; `also` are spells that
    belong to it, or that came before it where `spell` is None.
    """

    spell: Spell | None
    begins: datetime
    ends: datetime
    explained: timedelta
    also: tuple[Spell, ...] = ()


def shares_of(absence: Absence, ends: datetime, spells: Sequence[Spell]) -> list[Share]:
    """Return what explains *absence* until *ends*, the largest part first.

    Who was signed out while the machine slept was signed out; a machine that slept after its user had signed in
    again, with the program not started, was asleep for that part.
    """
    claims = _claims(absence, ends, _ending(absence, ends, spells))
    still = [one for one in spells if one.kind in STILL and _stands_still(one, absence.begins, ends)]
    found = []
    for share in claims:
        slept = [_within(one, absence.begins, ends) for one in still] if share.spell is None else []
        left = sum(without((share.begins, share.ends), slept), timedelta())
        found.append(replace(share, explained=left))
    dead = [(share.begins, share.ends) for share in claims if share.spell]
    for group in (STILL - {SpellKind.PAUSED}, frozenset({SpellKind.PAUSED})):
        found += _stood_still([one for one in still if one.kind in group], dead, absence.begins, ends)
    found = [share for share in found if share.explained > timedelta()]
    return sorted(found, key=lambda share: (-share.explained, share.begins))


def without(part: tuple[datetime, datetime], taken: Iterable[tuple[datetime, datetime]]) -> list[timedelta]:
    """Return the lengths that are left of *part* without what is *taken*.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    >>> hour = timedelta(hours=1)
    >>> without((noon, noon + 4 * hour), [(noon + hour, noon + 2 * hour)])
    [datetime.timedelta(seconds=3600), datetime.timedelta(seconds=7200)]
    """
    begins, ends = part
    left = []
    for first, last in sorted(taken):
        if first > begins:
            left.append(min(first, ends) - begins)
        begins = max(begins, min(last, ends))
    left.append(ends - begins)
    return [length for length in left if length > timedelta()]


def slept_in(begins: datetime, ends: datetime, spells: Iterable[Spell]) -> timedelta:
    """Return for how long between *begins* and *ends* the machine stood still."""
    parts = [_within(one, begins, ends) for one in spells if one.kind in STILL and _overlaps(one, begins, ends)]
    return (ends - begins) - sum(without((begins, ends), parts), timedelta())


def _stands_still(spell: Spell, begins: datetime, ends: datetime) -> bool:
    """Say whether *spell* is of this silence; a sleep without a known end was over when the last line was written."""
    has_end = spell.ends is not None and not spell.is_bound
    return _overlaps(spell, begins, ends) and (has_end or spell.begins >= begins - _SLACK)


def _stood_still(
    own: Sequence[Spell], dead: Sequence[tuple[datetime, datetime]], begins: datetime, ends: datetime
) -> list[Share]:
    total = sum((length for one in own for length in without(_within(one, begins, ends), dead)), timedelta())
    if not total:
        return []
    main = max(own, key=lambda one: (one.ends or ends) - one.begins)
    rest = tuple(one for one in own if one is not main)
    return [Share(spell=main, begins=main.begins, ends=main.ends or ends, explained=total, also=rest)]


def _ending(absence: Absence, ends: datetime, spells: Sequence[Spell]) -> list[Spell]:
    """Return the spells that may have ended the program, in the order in which they came about."""
    lived_on = absence.resumed_with_start_line is False
    fitting = []
    for spell in spells:
        needs_start = spell.kind not in _OFF and spell.how is not How.RESTART
        if spell.kind in _ENDING and not (lived_on and needs_start) and _falls_into(spell, absence, ends):
            fitting.append(spell)
    fitting = [one for one in fitting if not _is_anothers(one, absence, spells)]
    ranks = {kind: place for place, kind in enumerate(_ENDING)}
    return sorted(fitting, key=lambda one: (max(one.begins, absence.begins), ranks[one.kind]))


def _falls_into(spell: Spell, absence: Absence, ends: datetime) -> bool:
    """Say whether *spell* may have ended the program: the last line shows that it still ran then."""
    if spell.begins > ends:
        return False
    if spell.kind in _OFF:
        return spell.ends is None or spell.ends > absence.begins
    if spell.kind is SpellKind.BLOCKED and spell.detail.get("file") != "connector" and absence.open_run is None:
        return False
    if spell.is_bound:
        # The probes saw it gone after the last line, which shows that it was still there.
        return any(one.time and absence.begins < one.time <= ends for one in spell.evidence)
    is_sign_out = spell.kind is SpellKind.SIGNED_OUT and spell.how is not How.RESTART
    return spell.begins >= absence.begins - (SAME_MOMENT if is_sign_out else _SLACK)


def _is_anothers(spell: Spell, absence: Absence, spells: Sequence[Spell]) -> bool:
    """Say whether the log went on although the one who had signed out never came back: it was somebody else."""
    if spell.kind is not SpellKind.SIGNED_OUT or spell.how is How.RESTART or absence.ends is None:
        return False
    if spell.ends is not None and spell.ends <= absence.ends + _SLACK:
        return False
    is_several = spell.detail.get("people", "1") not in {"0", "1"}
    return is_several or slept_in(absence.begins, absence.ends, spells) >= (absence.ends - absence.begins) / 2


def _claims(absence: Absence, ends: datetime, ending: Sequence[Spell]) -> list[Share]:
    """Walk through the silence: each end of the program holds until it could run again; then it was not started."""
    claims: list[Share] = []
    told = {one.begins for one in ending if one.how is How.RESTART}
    for spell in ending:
        # Where nothing tells of sign-ins, nobody knows whether the program could run after a start of Windows.
        is_open = spell.ends is None or (spell.kind in _OFF and spell.ends not in told)
        # Where nobody had looked before, it may have begun right after the last line.
        is_unseen = not claims and "unseen" in spell.detail
        begins = absence.begins if is_unseen else max(spell.begins, absence.begins)
        back = ends if is_open else min(spell.ends or ends, ends)
        last = claims[-1] if claims else None
        if last and (begins < last.ends or (spell.how is How.RESTART and begins == last.ends)):
            lasts = spell.how is How.RESTART or spell.kind in _OFF
            until = max(last.ends, back) if lasts else last.ends
            claims[-1] = replace(last, ends=until, also=(*last.also, spell))
            continue
        if last:
            claims += _not_started(last, begins, absence)
        claims.append(Share(spell=spell, begins=begins, ends=back, explained=timedelta()))
    if claims:
        claims += _not_started(claims[-1], ends, absence)
        if claims[-1].spell and ends - claims[-1].ends <= _grace(absence):
            claims[-1] = replace(claims[-1], ends=ends)
    return claims


def _not_started(last: Share, ends: datetime, absence: Absence) -> list[Share]:
    """Return the time in which the program could run after *last* and was not started, if it is long enough."""
    runs = last.spell is not None and last.spell.kind is SpellKind.CONNECTOR_DOWN
    if runs or ends - last.ends <= _grace(absence):
        return []
    before = (*((last.spell,) if last.spell else ()), *last.also)
    return [Share(spell=None, begins=last.ends, ends=ends, explained=timedelta(), also=before)]


def _grace(absence: Absence) -> timedelta:
    """Return how soon a program's first line is to be expected: without a start line only with its first turn."""
    if absence.resumed_with_start_line or absence.turn is None:
        return GRACE
    return max(GRACE, absence.turn)


def _within(spell: Spell, begins: datetime, ends: datetime) -> tuple[datetime, datetime]:
    return max(spell.begins, begins), min(spell.ends or ends, ends)


def _overlaps(spell: Spell, begins: datetime, ends: datetime) -> bool:
    return spell.begins < ends and (spell.ends is None or spell.ends > begins)
