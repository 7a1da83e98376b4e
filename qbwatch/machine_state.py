"""What a machine's watch knows, as JSON for the store, and back: so that a restart neither forgets nor repeats."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ingest.record import Outcome, Span, Trigger
from qbwatch.judgement import Told
from qbwatch.quiet import Quiet
from qbwatch.source_silence import SourceLife
from qbwatch.source_state import Standing
from qbwatch.stillness import Lull
from qbwatch.stream import Sign
from rules.draft import Where
from rules.event import Act, Alternative, Confidence, Event, Role, Severity
from rules.pulse import Pulse
from rules.rhythm import Rhythm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.record import Record
    from qbwatch.machine import MachineWatch

_VERSION = 1


def state_of(watch: MachineWatch) -> dict[str, Any]:
    """Return what *watch* knows, but for its signals, which are stored anyhow."""
    last = watch.quiet.last
    return {
        "version": _VERSION,
        "pulses": [_plain(pulse) for pulse in watch.pulses.values()],
        "first": _plain(watch.quiet.first),
        "last": last and {"time": _plain(last.time), "where": _plain(last.where), "span": _plain(last.span)},
        "found": [_plain(quiet) for quiet in watch.quiet.found],
        "lulls": [_plain(lull) for lull in watch.lulls],
        "told": {id_: _plain(_without_words(told)) for id_, told in watch.told.items()},
        "sources": {path: _plain(life) for path, life in watch.sources.lives.items()},
    }


def restore(watch: MachineWatch, state: Mapping[str, Any], signals: Iterable[Record] = ()) -> None:
    """Let *watch*, which is new, know what `state_of` told, and the stored *signals* of the last days."""
    watch.signals = [record for record in signals if record.time is not None]
    if state.get("version") != _VERSION:
        return
    pulses = [_pulse(values) for values in state["pulses"]]
    watch.pulses = {pulse.application: pulse for pulse in pulses}
    watch.quiet.first = _moment(state["first"])
    watch.quiet.last = _sign(state["last"]) if state["last"] else None
    watch.quiet.found = [_quiet(values) for values in state["found"]]
    watch.take_up_delays()
    watch.lulls = [_lull(values) for values in state["lulls"]]
    watch.told = {id_: _told(values) for id_, values in state["told"].items()}
    watch.sources.lives = {path: _life(values) for path, values in state["sources"].items()}


def _without_words(told: Told) -> Told:
    """Leave out what the catalogue says: what was told is only ever taken back."""
    event = replace(told.event, explanation="", steps=(), links=told.event.links[:1], evidence=(), others=())
    return Told(event, told.news, told.until)


def _plain(value: Any) -> Any:
    """Turn times into text and lengths into seconds, in whatever holds them."""
    # Not by `asdict`, which copies each time on its way.
    if isinstance(value, datetime):
        return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | deque):
        return [_plain(one) for one in value]
    return value


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _length(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _pulse(values: dict[str, Any]) -> Pulse:
    moments = ("first", "last", "last_good", "postponed", "idle_since", "absent_since")
    rhythm = values["rhythm"]
    return Pulse(**{
        **values,
        **{name: _moment(values[name]) for name in moments},
        "qwc": _length(values["qwc"]),
        "outcome": Outcome(values["outcome"]) if values["outcome"] else None,
        "trigger": Trigger(values["trigger"]) if values["trigger"] else None,
        "rhythm": Rhythm(waits=deque(_pairs(rhythm["waits"]), maxlen=5), phases=_pairs(rhythm["phases"])),
        "pauses": [(datetime.fromisoformat(begins), datetime.fromisoformat(ends)) for begins, ends in values["pauses"]],
    })  # fmt: skip


def _pairs(values: list[Any]) -> list[tuple[datetime, float]]:
    return [(datetime.fromisoformat(moment), float(seconds)) for moment, seconds in values]


def _sign(values: dict[str, Any]) -> Sign:
    return Sign(
        datetime.fromisoformat(values["time"]), Where(**values["where"]), Span(**values["span"]), is_turn=False
    )  # fmt: skip


def _quiet(values: dict[str, Any]) -> Quiet:
    return Quiet(**{
        **values,
        "begins": datetime.fromisoformat(values["begins"]),
        "ends": _moment(values["ends"]),
        "caught_up": tuple(values["caught_up"]),
        "postponed": {name: datetime.fromisoformat(until) for name, until in values["postponed"].items()},
    })  # fmt: skip


def _lull(values: dict[str, Any]) -> Lull:
    return Lull(**{
        **values,
        "begins": datetime.fromisoformat(values["begins"]),
        "ends": _moment(values["ends"]),
        "others": tuple(values["others"]),
        "postponed": _moment(values["postponed"]),
    })  # fmt: skip


def _told(values: dict[str, Any]) -> Told:
    told = values["event"]
    lists = ("codes", "evidence", "steps", "links")
    kinds = {"severity": Severity, "role": Role, "confidence": Confidence, "act": Act}
    known = {field.name for field in fields(Event)}
    event = Event(**{
        **{name: value for name, value in told.items() if name in known},
        **{name: tuple(told[name]) for name in lists},
        **{name: kind(told[name]) for name, kind in kinds.items()},
        "time": _moment(told["time"]),
        "others": tuple(
            Alternative(**{**one, "confidence": Confidence(one["confidence"])}) for one in told["others"]
        ),
    })  # fmt: skip
    return Told(event, values["news"], _moment(values["until"]))


def _life(values: dict[str, Any]) -> SourceLife:
    moments = ("since", "first", "last")
    return SourceLife(**{
        **values,
        **{name: _moment(values[name]) for name in moments},
        "standing": Standing(values["standing"]),
        "longest": timedelta(seconds=values["longest"]),
    })  # fmt: skip
