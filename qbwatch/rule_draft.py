"""Begins a rule for an unknown failure: its condition and samples from what is stored, the rest to be filled in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qbwatch.code_readings import known_codes
from qbwatch.telling import WRAPPERS, only_wraps
from qbwatch.templates import WILD
from qbwatch.unknown import find_unknown
from rules.codes import find_codes
from rules.condition import rarest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from qbwatch.unknown import Unknown
    from rules.catalogue import Catalogue
    from rules.event import Event

_STAMP = "%Y%m%d.%H:%M:%S"
_SOME_STAMP = "20260310.02:00:09"
_SOME_METHOD = "QBWebConnector.SOAPWebService.ProcessRequestXML()"
_METHOD = re.compile(r"[\w.~`<>$-]*\([^()\r\n]*\)")
_SHORTEST_TEXT = 8  # letters without which a text says too little
_LONGEST_TEXT = 120
# A redacted word, and what was cut off, stand in no log.
_NOT_IN_LOG = re.compile(r"\[(?:ticket|secret|user|email|number|token|login|private|query)\]|…")
_WORD = re.compile(r"[^\W\d_]{3,}")


class NoDraftError(Exception):
    """A rule cannot be begun; the text says why and what to do instead."""


def find_one(connection: sqlite3.Connection, wanted: str) -> Unknown:
    """Return the unknown failure whose id, or whose finding's id, begins with *wanted*. Raises NoDraftError."""
    found = find_unknown(connection)
    if not found:
        raise NoDraftError("nothing unknown is stored, so there is nothing to write a rule for")
    fitting = [one for one in found if one.id.startswith(wanted)]
    fitting = fitting or [one for one in found if any(event.id.startswith(wanted) for event in one.examples)]
    if len(fitting) == 1:
        return fitting[0]
    which = "several begin with that" if fitting else "no unknown failure has that id"
    raise NoDraftError(f"{wanted}: {which}. Known are {', '.join(one.id for one in fitting or found)}")


def draft_rule(one: Unknown, catalogue: Catalogue) -> str:
    """Return the text of a rule file for *one*. Raises NoDraftError where no line can be recognised.

    What only a person knows is left empty: `qbwatch rules check` names each such place until it is filled in.
    """
    if not one.has_line:
        raise NoDraftError(
            f"{one.id}: these runs failed and no line of the log says why, so no rule can recognise them. Look at the "
            "runs with qbwatch scan --all, or ask the application's provider"
        )
    if all(only_wraps(event) for event in one.examples):
        raise NoDraftError(
            f"{one.id}: {', '.join(one.codes)} only passes on what went wrong, and here nothing stands behind it. A "
            "rule for that code alone would claim other failures, too; look at the lines around it in the log"
        )
    condition = _condition(one, catalogue)
    if condition is None:
        raise NoDraftError(f"{one.id}: its lines share neither a code nor a text of {_SHORTEST_TEXT} letters")
    name = _name(one, catalogue)
    times = "once" if one.count == 1 else f"{one.count} times"
    return "\n".join(
        [
            f"# Begun from an unknown failure that came {times}, on {len(one.hosts)} machine(s).",
            "# Fill in what is empty; qbwatch rules check FOLDER names each such place, with its line.",
            "# If one of the known causes fits (qbwatch rules list), name it in the rule and take this one away.",
            "",
            *_cause(name),
            "",
            f"rule ours.{name}",
            f"    cause       {name}",
            "    in          logs",
            f"    when        {condition}",
            "    confidence  likely",
            "    # Kept lines of the log: secrets and people's data are replaced by a word in brackets.",
            *(line for event in _different(one.examples) for line in _sample(event)),
            "    # A healthy line that looks much like these makes the rule safe: paste one behind never.",
            "    #never      ",
            "",
        ]
    )


def _cause(name: str) -> list[str]:
    return [
        f"cause {name}",
        "    # One line that a person understands at once, such as: A pop-up is blocking the sync",
        "    title       ",
        "    # critical (act now), error (today), warning (look at it) or notice (weekly report only)",
        "    severity    error",
        "    # Who must act: ops, client or provider (of the application)",
        "    act         ops",
        "    # Why it happens, in a few sentences; {host}, {application} and {company_file} are filled in",
        "    explain     ",
        "    # What to click, step by step; one line each",
        "    step        ",
        "    # The page that mends it best",
        "    link        ",
    ]


def _condition(one: Unknown, catalogue: Catalogue) -> str | None:
    """Return the narrowest condition that all lines of *one* meet, as far as the template tells."""
    text = _shared_text(one)
    told = [set(find_codes("\n".join(event.lines))) for event in one.examples]
    # Of a very long record only the first lines are kept, and its code may stand further down.
    shared = [code for code in one.codes if code not in WRAPPERS and all(code in codes for codes in told)]
    # A code that other rules know, too, says too little by itself.
    known = known_codes(catalogue)
    code = next((code for code in shared if code not in known), next(iter(shared), None))
    if code is None:
        return f'text contains "{text}"' if text else None
    shown = code if re.fullmatch(r"[\w/-]+", code) else f'"{code}"'
    return f'code is {shown} and text contains "{text}"' if code in known and text else f"code is {shown}"


def _shared_text(one: Unknown) -> str:
    """Return the longest run of words that all lines share."""
    parts = one.group.template.split(WILD)
    cleaned = (piece for part in parts for piece in _NOT_IN_LOG.split(part))
    trimmed = (re.split(r'["\\]', piece)[0].strip(" .,:;'()<>[]") for piece in cleaned)
    able = [text[:_LONGEST_TEXT] for text in trimmed if len(text) >= _SHORTEST_TEXT and len(rarest(text)) >= 3]
    return max(able, key=len, default="")


def _name(one: Unknown, catalogue: Catalogue) -> str:
    """Return a name for the cause that no other has, made of the code or the first words."""
    words = _WORD.findall(_shared_text(one))[:4]
    code = f"error_{one.codes[0]}" if one.codes else "unknown"
    base = re.sub(r"\W+", "_", "_".join(words) if len(words) > 1 else code).strip("_").lower()
    taken = set(catalogue.causes) | {rule.name for rule in catalogue.rules}
    name = base
    while name in taken or f"ours.{name}" in taken:
        name = f"{base}_{one.id[:4]}" if name == base else f"{name}x"
    return name


def _different(events: Iterable[Event]) -> list[Event]:
    """Return those of *events* that say something of their own."""
    by_words = {(event.message, event.lines): event for event in events}
    return list(by_words.values())


def _sample(event: Event) -> list[str]:
    """Return *event* as the sample of a rule: a record as it would stand in QWCLog.txt, whatever log it is from."""
    stamp = event.time.strftime(_STAMP) if event.time else _SOME_STAMP
    first, *rest = event.lines
    method = event.component if _METHOD.fullmatch(event.component) else _SOME_METHOD
    return [f"    sample      {stamp} UTC\t: {method} : {first}", *(f"                | {line}" for line in rest)]
