"""A user's own formats: the `[[format]]` blocks of qbwatch.toml, checked before any log is read by them."""

from __future__ import annotations

import codecs
import re
from datetime import UTC, date, tzinfo
from difflib import get_close_matches
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingest.formats import format_names
from ingest.formats.own import GROUPS, ISO, UNIX, OwnFormat, directives, has_day, has_year
from ingest.level import LEVELS
from ingest.local_time import NO_STAMP, LocalClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.line_format import LineFormat
    from qbwatch.config_table import Table

# Line ends are looked for as bytes, and some encodings give plain letters another meaning.
_PLAIN = (b"\\x41\\u0041", b"xn--mnchen-3ya", b"\x1b$B!!", bytes(range(128)))
# The end of a leap year, so that every day of the year may stand in a sample.
_ANY_DAY = date(2028, 12, 31)
_KEYS = ("name", "start", "time", "timezone", "date_from", "levels", "encoding", "sample")
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_NAMED_START = "a pattern of a record's first line, such as '(?P<time>\\S+ \\S+) (?P<level>\\w+) '"
# What strptime reads in any language and on any machine.
_READABLE = "YymdbBjHIMSfpzaA"
_FROM_DOTNET = (
    ("yyyy", "%Y"), ("yy", "%y"), ("MMMM", "%B"), ("MMM", "%b"), ("MM", "%m"), ("M", "%m"), ("dddd", "%A"),
    ("ddd", "%a"), ("dd", "%d"), ("d", "%d"), ("HH", "%H"), ("H", "%H"), ("hh", "%I"), ("h", "%I"), ("mm", "%M"),
    ("ss", "%S"), ("tt", "%p"), ("zzz", "%z"), ("K", "%z"),
)  # fmt: skip
_DOTNET_PART = re.compile("f{1,7}|F{1,7}|" + "|".join(part for part, _ in _FROM_DOTNET))


def formats_of(top: Table) -> tuple[LineFormat, ...]:
    """Read every `[[format]]` of the configuration; what is wrong with one goes to the table's faults."""
    found: dict[str, LineFormat] = {}
    for table in top.tables("format"):
        taken = ("auto", *format_names(), *found)
        own = _own_format(table, taken)
        if own.name not in taken:
            found[own.name] = own.line_format()
    return tuple(found.values())


def _own_format(table: Table, taken: tuple[str, ...]) -> OwnFormat:
    table.only(*_KEYS)
    start = _start(table)
    time = _time(table, start)
    own = OwnFormat(
        name=_name(table, taken),
        start=start or re.compile("(?!)"),
        time=time,
        zone=_zone(table, time),
        levels=_levels(table, start),
        encoding=_encoding(table),
        is_dated_by_file=table.values.get("date_from") == "file",
    )
    if start is not None:
        _check_sample(table, own)
    return own


def _name(table: Table, taken: tuple[str, ...]) -> str:
    name = table.text("name", needed='one that [[source]] uses, such as name = "contoso-sync"') or ""
    if name and not _NAME.fullmatch(name):
        table.fault("name", f'"{name}" cannot be a format\'s name. Use small letters, digits and "-", '
                    'such as "contoso-sync"')  # fmt: skip
    elif name in taken:
        table.fault("name", f'there is a format "{name}" already. Give this one another name')
    return name


def _start(table: Table) -> re.Pattern[str] | None:
    text = table.text("start", needed=_NAMED_START)
    if not text:
        return None
    try:
        start = re.compile(text)
    except re.error as error:
        at = f" at character {error.pos + 1}" if error.pos is not None else ""
        hint = " A named group is written (?P<time>...)" if "unknown extension ?<" in error.msg else ""
        table.fault("start", f"this is no regular expression: {error.msg}{at}.{hint}".rstrip("."))
        return None
    unknown = [group for group in start.groupindex if group not in GROUPS]
    for group in unknown:
        near = get_close_matches(group, GROUPS, n=1, cutoff=0.5)
        hint = f'Did you mean "{near[0]}"?' if near else f"Known are {', '.join(GROUPS)}"
        table.fault("start", f'a record has no "{group}". {hint}'.rstrip("."))
    if start.match(""):
        table.fault("start", "this matches an empty line, so every line would begin a record. "
                    "Write what only a record's first line has")  # fmt: skip
    elif not unknown and not {"time", "level"} & set(start.groupindex):
        table.fault("start", "this names neither time nor level. Put (?P<time>...) around the stamp "
                    "and (?P<level>...) around the level")  # fmt: skip
    return start


def _time(table: Table, start: re.Pattern[str] | None) -> str | None:
    pattern = table.text("time")
    is_named = start is None or "time" in start.groupindex
    if not pattern:
        if start is not None and is_named and table.values.get("time", "") == "":
            table.fault("time", '"time" is missing. Write how the stamp is read: "iso", "unix", '
                        'or a pattern such as "%Y-%m-%d %H:%M:%S"')  # fmt: skip
        return None
    if not is_named:
        table.fault("start", "time says how the stamp is read, but start has no (?P<time>...) around it")
    date_from = table.text("date_from") or "stamp"
    if date_from not in {"stamp", "file"}:
        table.fault("date_from", f'"{date_from}" is not known. Write "stamp", or "file" where the date stands in the '
                    "file's name")  # fmt: skip
        date_from = "stamp"
    if pattern not in {ISO, UNIX}:
        wrong = _wrong_pattern(pattern) or _wrong_date(pattern, date_from)
        if wrong:
            table.fault("time", wrong)
            return None
    return pattern


def _wrong_pattern(pattern: str) -> str:
    """Say what is wrong with a strptime pattern, "" if nothing is."""
    parts = directives(pattern.replace("%%", ""))
    if not parts:
        return f'"{pattern}" has no parts such as %H. Write time = "{_from_dotnet(pattern)}"'
    bare = pattern.replace("%%", "")
    odd = next((part for part in parts if part not in _READABLE), "%" if bare.count("%") > len(parts) else None)
    if odd is not None:
        return f"time patterns have no %{odd}. Known are {', '.join('%' + one for one in _READABLE)}"
    twice = next((part for part in parts if parts.count(part) > 1), None)
    if twice:
        return f"%{twice} stands here twice"
    if not {"H", "I"} & set(parts) or "M" not in parts:
        return "this pattern reads no time of day. It needs %H and %M"
    if "I" in parts and "p" not in parts:
        return "%I is an hour of twelve and needs %p for AM or PM; an hour of twenty-four is %H"
    return ""


def _from_dotnet(pattern: str) -> str:
    """Translate a .NET time pattern, which is what the author of a connector knows.

    >>> _from_dotnet("yyyy-MM-dd HH:mm:ss.fff zzz")
    '%Y-%m-%d %H:%M:%S.%f %z'
    """
    known = dict(_FROM_DOTNET)
    told = _DOTNET_PART.sub(lambda part: known.get(part[0], "%f"), pattern)
    return told if "%H" in told or "%I" in told else "%Y-%m-%d %H:%M:%S"


def _wrong_date(pattern: str, date_from: str) -> str:
    parts = set(directives(pattern))
    if date_from == "stamp" and not has_day(pattern):
        return 'this pattern reads no date. Add it, or write date_from = "file" if the stamps have none'
    if date_from == "stamp" and not has_year(pattern):
        return 'this pattern reads no year. Add %Y, or write date_from = "file" if the stamps have none'
    if date_from == "file" and has_year(pattern):
        return "this pattern reads the year itself. Leave date_from out"
    if not has_day(pattern) and parts & set("YymdbB"):
        return "this pattern reads half a date. It needs the month and the day, or neither"
    return ""


def _zone(table: Table, time: str | None) -> tzinfo | None:
    name = table.text("timezone")
    if name and (time == UNIX or (time and time != ISO and "z" in directives(time))):
        table.fault("timezone", "these stamps tell their offset themselves. Leave timezone out")
    if name is None or name.casefold() == "local":
        return None
    if name.upper() in {"UTC", "Z"}:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        table.fault("timezone", f'"{name}" is no time zone. Write "local", "UTC" or an IANA name such as '
                    '"America/New_York"')  # fmt: skip
        return None


def _levels(table: Table, start: re.Pattern[str] | None) -> Mapping[str, str]:
    inner = table.table("levels")
    levels = {}
    for word, level in inner.values.items():
        if level not in LEVELS:
            inner.fault(word, f'no level is called "{level}". Write one of: {", ".join(LEVELS)}')
        else:
            levels[word.strip().casefold()] = level
    if levels and start is not None and "level" not in start.groupindex:
        table.fault("start", "levels are given, but start has no (?P<level>...) around the level")
    return levels


def _encoding(table: Table) -> str | None:
    name = table.text("encoding")
    if name is None:
        return None
    try:
        found = codecs.lookup(name).name
        if all(probe.decode(found) == probe.decode("ascii") for probe in _PLAIN):
            return "utf-8" if found == "utf-8-sig" else found
        told = "UTF-16 is told by itself: leave encoding out" if "16" in found else 'Write "utf-8" or "cp1252"'
        table.fault("encoding", f'"{name}" is no encoding in which plain letters are one byte. {told}')
    except (LookupError, ValueError):
        table.fault("encoding", f'"{name}" is no encoding that can be read here. Write "utf-8", or a code page such as '
                    '"cp1252" or "cp850"; UTF-16 is told by itself')  # fmt: skip
    return None


def _check_sample(table: Table, own: OwnFormat) -> None:
    """Read the sample, if there is one, as the format would."""
    sample = table.text("sample")
    if sample is None:
        return
    line = sample.partition("\n")[0].rstrip("\r")
    head = own.start.match(line)
    if head is None:
        table.fault("sample", "start does not match this line from its first character on")
        return
    named = head.groupdict()
    moment = own.moment(named.get("time") or "", LocalClock(zone=UTC, day=_ANY_DAY))
    if own.time and moment.fields.get("time_doubt") == NO_STAMP:
        table.fault("sample", f'time = "{own.time}" does not read the stamp "{named.get("time") or ""}" of this line')
    if not (named.get("message") or line[head.end() :]).strip() and not sample.partition("\n")[2].strip():
        table.fault("start", "this leaves no message of the sample, so that no rule can match. Let it end before the "
                    "message, or put (?P<message>.*) around that")  # fmt: skip
    word = named.get("level")
    if word and own.level(word) not in LEVELS:
        table.fault("sample", f'the level "{word}" of this line is not known. Write levels = {{ {word} = "error" }}, '
                    "or the level that it stands for")  # fmt: skip
