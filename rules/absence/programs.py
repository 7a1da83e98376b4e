"""What became of programs: Web Connector and QuickBooks crashed, hung, closed, or kept from running."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rules.absence.clues import (
    APPLOCKER,
    CRASHED,
    DEFENDER,
    HUNG,
    INTEGRITY,
    code_of,
    dated,
    first_after,
    near,
    program_of,
    time_in,
)
from rules.absence.spell import How, Spell, SpellKind
from rules.event import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ingest.record import Record

_BLOCKS = {
    **dict.fromkeys((f"{DEFENDER}{number}" for number in (1116, 1117, 1121, 1123, 1127)), How.ANTIVIRUS),
    f"{APPLOCKER}8004": How.POLICY,
    f"{APPLOCKER}8007": How.POLICY,
    f"{INTEGRITY}3033": How.POLICY,
    f"{INTEGRITY}3077": How.POLICY,
}
# What a crash writes comes within seconds; a probe sees the program gone within a minute or two.
_SAME = timedelta(minutes=2)
_ANY = re.compile(r"(?i)[\w.-]{1,80}[.]exe\b")
_PROGRAMS = frozenset({SpellKind.CONNECTOR_DOWN, SpellKind.QUICKBOOKS_DOWN})
_NAMED = re.compile(r"(?i)\b(qbwebconnector|qbw32|qbw|qbwenterprise|qbwpremier)\.exe\b")
_CONNECTOR_FILES = re.compile(r"(?i)qbwebconnector|qbxmlrp")
_QUICKBOOKS_FILES = re.compile(r"(?i)\bquickbooks\b|\bqbw(?:32)?\.exe|qbdbmgr|qbcfmonitor")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What a probe saw of one program."""

    time: datetime
    kind: SpellKind
    state: str
    pid: str
    record: Record


def programs(signals: Sequence[Record], ended: Sequence[Spell] = ()) -> list[Spell]:
    """Assemble the spells of Web Connector and QuickBooks; *ended* are those that end every program of a session."""
    failed = [*_ended(signals, CRASHED, How.CRASH), *_ended(signals, HUNG, How.HANG)]
    return [*_joined(failed), *_watched(signals, (*failed, *ended)), *_blocked(signals)]


def _ended(signals: Sequence[Record], codes: tuple[str, ...], how: How) -> Iterator[Spell]:
    for time, record in dated(signals, *codes):
        kind = _kind_of(_program(record))
        if kind:
            yield Spell(
                kind=kind, begins=time, ends=_running_again(signals, kind, time), confidence=Confidence.PROOF,
                how=how, evidence=(record,),
            )  # fmt: skip


def _program(record: Record) -> str:
    """Return which program it is about: named, or the first that a text in whatever language speaks of."""
    named = program_of(record.fields.get("AppName", ""))
    if named:
        return named
    found = _ANY.search("\n".join((record.fields.get("0", ""), record.text)))
    return found[0].lower() if found else ""


def _kind_of(program: str) -> SpellKind | None:
    name = program.removesuffix(".exe")
    if name == "qbwebconnector":
        return SpellKind.CONNECTOR_DOWN
    return SpellKind.QUICKBOOKS_DOWN if _NAMED.fullmatch(f"{name}.exe") else None


def _running_again(signals: Sequence[Record], kind: SpellKind, time: datetime) -> datetime | None:
    running = [(one.time, one.record) for one in _looks(signals) if one.kind is kind and one.state == "running"]
    found = first_after(running, time)
    return found[0] if found else None


def _looks(signals: Sequence[Record]) -> Iterator[_Look]:
    for time, record in dated(signals, "probe/process"):
        kind = _kind_of(program_of(record.fields.get("Name", "")))
        if kind:
            state = record.fields.get("State", "").lower()
            yield _Look(time=time, kind=kind, state=state, pid=record.fields.get("Pid", ""), record=record)


def _joined(spells: Sequence[Spell]) -> list[Spell]:
    """Take what two sources wrote of one failure as one; a crash says more than that it hung before."""
    joined: list[Spell] = []
    for spell in sorted(spells, key=lambda one: (one.begins, one.how is How.HANG, one.kind)):
        same = next((one for one in joined if one.kind is spell.kind and near(one.begins, spell.begins, _SAME)), None)
        if same is None:
            joined.append(spell)
            continue
        joined[joined.index(same)] = Spell(
            kind=same.kind, begins=same.begins, ends=spell.ends, confidence=same.confidence, how=same.how,
            evidence=(*same.evidence, *spell.evidence),
        )  # fmt: skip
    return joined


def _watched(signals: Sequence[Record], known: Sequence[Spell]) -> Iterator[Spell]:
    """Take what the probes saw, where nothing says why; QuickBooks comes and goes with each sync."""
    states: dict[str, str] = {}
    for look in _looks(signals):
        states[look.pid] = look.state if look.kind is SpellKind.CONNECTOR_DOWN else ""
        is_gone = look.state == "gone"
        if look.state not in {"gone", "hung"} or (is_gone and look.kind is SpellKind.QUICKBOOKS_DOWN):
            continue
        # Several users may each run one; while one is left, somebody's syncs go on.
        if (is_gone and "running" in states.values()) or _is_known(look, known):
            continue
        seen = time_in(look.record, "LastSeen")
        yield Spell(
            kind=look.kind, begins=min(seen or look.time, look.time), evidence=(look.record,), is_bound=is_gone,
            ends=_running_again(signals, look.kind, look.time), confidence=Confidence.PROOF,
            how=How.CLOSED if is_gone else How.HANG, detail={"unseen": "yes"} if is_gone and seen is None else {},
        )  # fmt: skip


def _is_known(look: _Look, known: Sequence[Spell]) -> bool:
    """Say whether something else ended the program between the last two looks at it."""
    first = (time_in(look.record, "LastSeen") or look.time) - _SAME
    ending = (one for one in known if one.kind is look.kind or one.kind not in _PROGRAMS)
    return any(
        first <= moment <= look.time + _SAME for one in ending for moment in (one.begins, one.ends or one.begins)
    )


def _blocked(signals: Sequence[Record]) -> Iterator[Spell]:
    """Take what a security program or a policy did to Web Connector or QuickBooks; it stays so until it is allowed."""
    last: Spell | None = None
    for time, record in dated(signals, *_BLOCKS):
        whose = _blocked_file(record)
        if not whose or record.fields.get("Action Name", "").lower() == "allow":
            continue
        if last and near(last.begins, time, _SAME) and last.detail.get("file") == whose:
            continue
        last = Spell(
            kind=SpellKind.BLOCKED, begins=time, ends=None, confidence=Confidence.PROOF,
            how=_BLOCKS[code_of(record)], evidence=(record,), detail={"file": whose},
        )  # fmt: skip
        yield last


def _blocked_file(record: Record) -> str:
    """Say whose file it is: "connector" or "quickbooks", empty for any other.

    Where a folder is protected from programs, the program counts; that it is QuickBooks' folder says nothing.
    """
    if code_of(record) in {f"{DEFENDER}1123", f"{DEFENDER}1127"}:
        text = record.fields.get("Process Name", "")
    else:
        text = "\n".join((*record.fields.values(), "" if record.fields else record.text))
    if _CONNECTOR_FILES.search(text):
        return "connector"
    return "quickbooks" if _QUICKBOOKS_FILES.search(text) else ""
