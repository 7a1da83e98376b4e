"""[route], [[time_interval]], [[inhibit]] and what else holds messages: from the configuration to typed settings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerts.hold import FALLBACK_AFTER, SELF_HEALING, Policy
from alerts.inhibit import BUILT_IN, Inhibition
from alerts.matcher import MATCHABLE, Matcher, MatcherError, Operator, read_matcher
from alerts.route import Route
from alerts.silence import LONGEST
from alerts.storm import Cap
from alerts.time_interval import TimeInterval, TimeIntervalError, read_days, read_months, read_times, read_weekdays
from rules.event import Act, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from qbwatch.config_table import Table

_KNOWN_VALUES = {"severity": tuple(Severity), "act": tuple(Act)}
_CAP = re.compile(r"(\d+) per (\d+)\s*(s|m|h)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}
_QUIET = timedelta(days=3)
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """How incidents are told beyond the routes: what holds messages, how long a silence may be, what ends unseen.

    An incident for which no success can be waited is over after `resolve_after` without another of its findings.
    """

    policy: Policy = field(default_factory=Policy)
    longest_silence: timedelta = LONGEST
    resolve_after: timedelta = _QUIET


def alerts_of(top: Table, names: set[str], zone: tzinfo) -> AlertSettings:
    """Read [alerts], [[time_interval]], [[inhibit]] and the limits of each [[receiver]]; *names* are the receivers."""
    alerts = top.table("alerts")
    alerts.only(
        "patient_causes", "hold_under_machine", "longest_silence", "resolve_after", "fallback_after", "templates",
        "ack_url",
    )  # fmt: skip
    patient = alerts.texts("patient_causes")
    receivers = {table.text("name") or "": table for table in top.tables("receiver")}
    own = tuple(_inhibition(table) for table in top.tables("inhibit"))
    return AlertSettings(
        policy=Policy(
            inhibitions=own if alerts.flag("hold_under_machine") is False else (BUILT_IN, *own),
            intervals=_intervals(top, zone),
            patient=SELF_HEALING if patient is None else patient,
            caps={name: cap for name, table in receivers.items() if (cap := _cap(table))},
            fallbacks={name: other for name, table in receivers.items() if (other := _fallback(table, name, names))},
            fallback_after=alerts.duration("fallback_after") or FALLBACK_AFTER,
        ),
        longest_silence=alerts.duration("longest_silence") or LONGEST,
        resolve_after=alerts.duration("resolve_after") or _QUIET,
    )


def root_route(top: Table, names: tuple[str, ...]) -> Route | None:
    """Read [route]; *names* are the receivers."""
    if "route" not in top.values:
        if names:
            top.fault("receiver", "no [route] says which receiver gets what. Add [route] with receiver = "
                      f'"{names[0]}"')  # fmt: skip
        return None
    table = top.table("route")
    intervals = {one.text("name") or "" for one in top.tables("time_interval")}
    root = _route(table, set(names), intervals)
    if root.receiver is None:
        table.fault("receiver", "the first [route] needs a receiver, which gets what no other route takes")
    if root.match or root.matchers:
        table.fault("match", "the first [route] takes everything; put match into [[route.routes]]")
    return root


def _route(table: Table, names: set[str], intervals: set[str]) -> Route:
    table.only(
        "receiver", "match", "matchers", "continue", "group_by", "group_wait", "group_interval", "repeat_interval",
        "mute_time_intervals", "active_time_intervals", "escalate_to", "escalate_after", "routes",
    )  # fmt: skip
    return Route(
        receiver=_receiver(table, "receiver", names),
        match=_match(table.table("match")),
        matchers=_matchers(table, "matchers"),
        continue_=bool(table.flag("continue")),
        group_by=_group_by(table),
        group_wait=table.duration("group_wait"),
        group_interval=table.duration("group_interval"),
        repeat_interval=table.duration("repeat_interval"),
        mute_time_intervals=_named(table, "mute_time_intervals", intervals),
        active_time_intervals=_named(table, "active_time_intervals", intervals),
        escalate_to=_receiver(table, "escalate_to", names),
        escalate_after=table.duration("escalate_after"),
        routes=tuple(_route(inner, names, intervals) for inner in table.tables("routes")),
    )


def _receiver(table: Table, key: str, names: set[str]) -> str | None:
    name = table.text(key)
    if name is not None and name not in names:
        # What stands there is not shown: it may be a URL.
        known = ", ".join(sorted(names)) or "none"
        table.fault(key, f"no [[receiver]] has this name (known: {known})")
    return name


def _named(table: Table, key: str, intervals: set[str]) -> tuple[str, ...] | None:
    found = table.texts(key)
    for name in found or ():
        if name not in intervals:
            known = ", ".join(sorted(intervals)) or "none"
            table.fault(key, f'no [[time_interval]] is called "{name}" (known: {known})')
    return tuple(name for name in found if name in intervals) if found is not None else None


def _match(table: Table) -> Mapping[str, str | tuple[str, ...]]:
    table.only(*MATCHABLE)
    match: dict[str, str | tuple[str, ...]] = {}
    for name, value in table.values.items():
        wanted = value if isinstance(value, list) else [value]
        if not wanted or not all(isinstance(one, str) for one in wanted):
            table.fault(name, f'{name} must be a text or a list of texts, such as "critical"')
            continue
        for one in wanted:
            _known_value(table, name, name, one)
        match[name] = tuple(wanted) if isinstance(value, list) else value
    return match


def _known_value(table: Table, key: str, name: str, value: str) -> None:
    if name in _KNOWN_VALUES and value not in _KNOWN_VALUES[name]:
        table.fault(key, f'no {name} is called "{value}". Write one of: {", ".join(_KNOWN_VALUES[name])}')


def _matchers(table: Table, key: str) -> tuple[Matcher, ...]:
    found = []
    for text in table.texts(key) or ():
        try:
            matcher = read_matcher(text)
        except MatcherError as error:
            table.fault(key, str(error))
            continue
        if matcher.operator in {Operator.IS, Operator.IS_NOT}:
            _known_value(table, key, matcher.name, matcher.value)
        found.append(matcher)
    return tuple(found)


def _group_by(table: Table) -> tuple[str, ...] | None:
    names = table.texts("group_by")
    for name in names or ():
        if name not in MATCHABLE:
            table.fault("group_by", f'"{name}" cannot be grouped by. Write some of: {", ".join(MATCHABLE)}')
    return names


def _inhibition(table: Table) -> Inhibition:
    table.only("source", "target", "equal")
    for key in ("source", "target"):
        if not table.values.get(key):
            table.fault(key, f'[[inhibit]] needs {key}, a list of matchers such as ["cause = machine_asleep"]')
    equal = table.texts("equal")
    for name in equal or ():
        if name not in MATCHABLE:
            table.fault("equal", f'"{name}" cannot be compared. Write some of: {", ".join(MATCHABLE)}')
    return Inhibition(
        source=_matchers(table, "source"),
        target=_matchers(table, "target"),
        equal=("host",) if equal is None else tuple(name for name in equal if name in MATCHABLE),
    )


def _intervals(top: Table, zone: tzinfo) -> dict[str, TimeInterval]:
    found: dict[str, TimeInterval] = {}
    for table in top.tables("time_interval"):
        table.only("name", "times", "weekdays", "days_of_month", "months", "timezone")
        name = table.text("name", needed='a name that routes use, such as "nights"') or ""
        if name in found:
            table.fault("name", f'there are two [[time_interval]] "{name}". Give each its own name')
        weekdays, months = _each(table, "weekdays", read_weekdays), _each(table, "months", read_months)
        found[name] = TimeInterval(
            name=name,
            zone=_zone(table) or zone,
            times=tuple(_each(table, "times", read_times)),
            weekdays=frozenset[int]().union(*weekdays),
            days=tuple(_each(table, "days_of_month", read_days)),
            months=frozenset[int]().union(*months),
        )
    return found


def _each(table: Table, key: str, read: Callable[[str], _Read]) -> list[_Read]:
    found = []
    for text in table.texts(key) or ():
        try:
            found.append(read(text))
        except TimeIntervalError as error:
            table.fault(key, str(error))
    return found


def _zone(table: Table) -> ZoneInfo | None:
    name = table.text("timezone")
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        table.fault("timezone", f'"{name}" is no time zone. Write an IANA name such as "America/New_York"')
        return None


def _cap(table: Table) -> Cap | None:
    text = table.text("at_most")
    if text is None:
        return None
    found = _CAP.fullmatch(text.strip())
    if found is None or int(found[1]) < 1 or int(found[2]) < 1:
        table.fault("at_most", f'"{text}" is no limit. Write it like "20 per 10m"')
        return None
    return Cap(most=int(found[1]), window=timedelta(**{_UNITS[found[3]]: int(found[2])}))


def _fallback(table: Table, name: str, names: set[str]) -> str | None:
    other = _receiver(table, "fallback", names)
    if other == name:
        table.fault("fallback", "a receiver cannot stand in for itself. Name another one")
        return None
    return other
