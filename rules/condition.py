"""A rule's condition: what it asks of a record, and what must stand in a record for it to be asked at all."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING

from rules.codes import find_codes, written_forms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.record import Record
    from rules.question import Question
    from rules.threshold import Threshold

# A record is parsed as one text: its fields, what is known of its run, and its own words, with this between them.
_GAP = "\x1f"
_FIELDS = ("level", "application", "component", "product", "outcome", "within", "codes")
_EDGE = "|"
_UNSEARCHED = {"application", "level", "product", "outcome"}
"""Fields that are not among the bytes of the record's own line, as it is searched."""
# A pattern may take time with the square of the text's length; what a program says of a fault is far shorter.
LONGEST_TEXT = 8_000
_SKIP = {name: rf"(?:[^{_GAP}]*{_GAP}){{{at}}}" for at, name in enumerate((*_FIELDS, "text"))}


@dataclass(frozen=True, slots=True)
class Subject:
    """A record as conditions see it: the text that is parsed, its codes, and its words folded to lower case."""

    text: str
    codes: tuple[str, ...]
    folded: str

    @classmethod
    def of(cls, record: Record, application: str | None, product: Iterable[str] = ()) -> Subject:
        """Lay *record* out; *application* and *product* are what its run tells."""
        codes = tuple(dict.fromkeys((*record.codes, *find_codes(record.text))))
        known = (record.level or "", application or "", record.component, _listed(product), "", "", _listed(codes))
        words = _GAP.join(part.replace(_GAP, " ") for part in (*known, record.text[:LONGEST_TEXT]))
        return cls(words, codes, " ".join(words.lower().split()))

    def in_run(self, outcome: str, holding: Iterable[str]) -> Subject:
        """Return it with what only its whole run tells: the *outcome*, and which `within run` hold."""
        parts = self.text.split(_GAP)
        parts[_FIELDS.index("outcome")] = outcome
        parts[_FIELDS.index("within")] = _listed(holding)
        return replace(self, text=_GAP.join(parts))


def _listed(items: Iterable[str]) -> str:
    return _EDGE + "".join(f"{item}{_EDGE}" for item in items)


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of a rule's `when`.

    `needs` are texts, as written in the rule, of which one must be in every record that can match, in any letter
    case; None if nothing must be.
    `weight` grows with how much must be there, and tells the more specific of two rules.
    One that asks for the run's outcome or for other records of the run is late: `possible` matches what may come
    to match, and `certain` what will in any case.
    """

    expression: Question
    needs: frozenset[str] | None
    weight: int
    codes: frozenset[str] = frozenset()
    possible: Question | None = None
    certain: Question | None = None
    within: tuple[Within, ...] = ()
    asks_outcome: bool = False
    threshold: Threshold | None = None
    asks: tuple[str, ...] = ()  # what it asks of the run, in words

    @property
    def is_late(self) -> bool:
        """Whether only the whole run decides it."""
        return self.possible is not None

    @property
    def sought(self) -> frozenset[str]:
        """The texts that lines must be searched for on its behalf."""
        return frozenset().union(self.needs or (), *(one.condition.needs or () for one in self.within))

    def parse(self, subject: Subject) -> dict[str, str] | None:
        """Parse *subject*; return the captures, None if it does not match."""
        return _captures(self.expression, subject)

    def may_match(self, subject: Subject) -> bool:
        """Say whether *subject* matches, or may once its run is known."""
        return _captures(self.possible or self.expression, subject) is not None


@dataclass(frozen=True, slots=True)
class Within:
    """What another record of the same run must match; `name` stands for it."""

    name: str
    condition: Condition


def _captures(expression: Question, subject: Subject) -> dict[str, str] | None:
    # A scan without candidates, and a command that only lists rules, need no pyparsing.
    from rules.question import captures  # noqa: PLC0415

    return captures(expression, subject.text)


# What healthy lines are full of: a text of these words alone is looked for whole, any other by its rarest word.
_ROUTINE = (
    "qbwebconnector soapwebservice registrymanager webservicemanager companyfilelock updatethisscheduledapp "
    "passwordmanagement started ended performing scheduled update for application hkey_current_user software intuit "
    "updatelock has been set to true false update session locked unlocked initiated connection to the following "
    "appname appuniquename if available appurl do_serverversion calling serverversion received from following "
    "parameters do_clientversion productversion clientversionret this agrees with current version allowing operation "
    "do_authenticate authenticating username password maskedforsecurity authret currentwebservicename "
    "currentwebservicesessionticket checkcfnresponse no data to exchange job ending handledelayrequest postponed "
    "done connecttoqb connecting quickbooks connected session started do_sendrequestxml asking send request wcticket "
    "hcpresponsexml cfn company qbnationality qbxmlmajorvers strrequestxml xml dump follows processrequestxml "
    "processing size bytes sending response back do_receiveresponsexml hresult message more there are requests "
    "getlock got lock unsetlock ownerid disconnectfromqb closed do_closeconnection closeconnection called completed "
    "getupdatelock setupdatelock instantiatewebservice updatews doupdate doupdateselected see qwclog log file "
    "with some error notified of accordingly further information errors details"
)


def rarest(words: str) -> str:
    """Return the part of *words* that narrows best: the longest word that is no routine, else all of them.

    >>> rarest("modal dialog box is showing")
    'showing'
    >>> rarest("UpdateLock = TRUE")
    'UpdateLock = TRUE'
    """
    rare = [word for word in words.split() if len(word) >= 4 and word.lower().strip(".,:;'\"()") not in _ROUTINE]
    return max(rare, key=len) if rare else " ".join(words.split())


def code(codes: Iterable[str]) -> Condition:
    """Match a record that has one of the canonical *codes*."""
    wanted = frozenset(codes)
    either = "|".join(re.escape(one) for one in sorted(wanted))
    needs = frozenset(form for one in wanted for form in written_forms(one))
    return Condition(_ahead("codes", rf"[^{_GAP}]*?\|(?:{either})\|"), needs, 8, wanted)


def contains(field: str, words: str) -> Condition:
    """Match a record whose *field* contains *words*, in any letter case and with any white space between them."""
    within = rf"[^{_GAP}]*?" if field != "text" else r"[\s\S]*?"
    needs = None if field in _UNSEARCHED else frozenset({rarest(words)})
    return Condition(_ahead(field, within + _loose(words)), needs, len(words))


def equals(field: str, words: Iterable[str]) -> Condition:
    """Match a record whose *field* is one of *words*, in any letter case."""
    listed = list(words)
    either = "|".join(_loose(one) for one in listed)
    end = rf"(?={_GAP})" if field != "text" else r"\s*$"
    needs = None if field in _UNSEARCHED else frozenset(rarest(one) for one in listed)
    return Condition(_ahead(field, rf"\s*(?:{either}){end}"), needs, min(map(len, listed)))


def pattern(expression: str, needs: frozenset[str] | None) -> Condition:
    """Match a record whose text holds the regular *expression*; its named groups are captures."""
    weight = max((len(one) for one in needs), default=0) if needs else 1
    return Condition(_ahead("text", rf"[\s\S]*?(?:{expression})"), needs, weight)


def product_is(words: Iterable[str]) -> Condition:
    """Match a record of whose products one is one of *words*, in any letter case."""
    listed = list(words)
    either = "|".join(_loose(one) for one in listed)
    return Condition(_ahead("product", rf"[^{_GAP}]*?\|(?:{either})\|"), None, min(map(len, listed)))


def outcome_is(outcomes: list[str]) -> Condition:
    """Match a record whose run ends with one of *outcomes*."""
    either = "|".join(re.escape(one) for one in outcomes)
    expression = _ahead("outcome", rf"(?:{either})(?={_GAP})")
    asks = (f"the outcome of its run is {' or '.join(outcomes)}",)
    return Condition(expression, None, 4, possible=("always",), certain=("never",), asks_outcome=True, asks=asks)


def within_run(inner: Condition, written: str) -> Condition:
    """Match a record in whose run another one matches *inner*, which the rule has *written* so."""
    name = blake2b(written.encode(), digest_size=8).hexdigest()
    return Condition(
        _ahead("within", rf"[^{_GAP}]*?\|{name}\|"), None, inner.weight,
        possible=("always",), certain=("never",), within=(Within(name, inner),),
        asks=(f"another record of its run fulfils: {' '.join(written.split())}",),
    )  # fmt: skip


def all_of(parts: list[Condition]) -> Condition:
    """Match what every one of *parts* matches."""
    if len(parts) == 1:
        return parts[0]
    known = [part.needs for part in parts if part.needs]
    # The part whose rarest text is longest narrows best.
    needs = max(known, key=lambda texts: (min(map(len, texts)), -len(texts)), default=None)
    return _joined("all", parts, needs, sum(part.weight for part in parts))


def any_of(parts: list[Condition]) -> Condition:
    """Match what one of *parts* matches."""
    if len(parts) == 1:
        return parts[0]
    open_ended = any(part.needs is None for part in parts)
    needs = None if open_ended else frozenset().union(*(part.needs or () for part in parts))
    return _joined("any", parts, needs, min(part.weight for part in parts))


def none_of(part: Condition) -> Condition:
    """Match what *part* does not match."""
    if part.possible is None or part.certain is None:
        return Condition(("not", part.expression), None, 1)
    return Condition(
        ("not", part.expression),
        None,
        1,
        possible=("not", part.certain),
        certain=("not", part.possible),
        within=part.within,
        asks_outcome=part.asks_outcome,
        asks=tuple(f"it is not so that {one}" for one in part.asks),
    )


def _joined(kind: str, parts: list[Condition], needs: frozenset[str] | None, weight: int) -> Condition:
    late = any(part.is_late for part in parts)
    return Condition(
        (kind, *(part.expression for part in parts)),
        needs,
        weight,
        codes=frozenset().union(*(part.codes for part in parts)),
        possible=(kind, *(part.possible or part.expression for part in parts)) if late else None,
        certain=(kind, *(part.certain or part.expression for part in parts)) if late else None,
        within=tuple(dict.fromkeys(one for part in parts for one in part.within)),
        asks_outcome=any(part.asks_outcome for part in parts),
        asks=tuple(dict.fromkeys(one for part in parts for one in part.asks)),
    )


def _loose(words: str) -> str:
    return r"\s+".join(re.escape(word) for word in words.split())


def _ahead(field: str, expression: str) -> Question:
    return ("ahead", _SKIP[field] + expression)
