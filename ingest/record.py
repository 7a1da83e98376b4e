"""The types that leave ingest: `Span`, `Status`, `Record`, `Run`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a record stands in its file: bytes from the file's start, bytes long, 1-based line."""

    offset: int
    length: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What QuickBooks answered to requests of one message, other than that all is well.

    `code` is canonical, such as `qbXML/3140`; `is_error` is False for a warning. `answer` is the element that tells it
    first, `words` are QuickBooks' own, without the names that it quotes; `requests` are some of the requests' ids.
    `of_application` is False where Web Connector asked for itself.
    """

    code: str
    is_error: bool
    answer: str
    words: str
    count: int
    requests: tuple[str, ...]
    of_application: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One log entry with its continuation lines.

    `message` and `body` are the program's own words: the first line and the lines that follow it.
    `data` is what others put in, such as XML payloads, names and a server's free text;
    rules never read it, so that a customer's memo cannot look like a fault.
    `said` is the first line with its names, for showing, where `message` has been parted from them.
    `codes` are codes that the format knows as such, like `Microsoft-Windows-Winlogon/7002`.
    `statuses` are what QuickBooks answered to requests, where the payload is such an answer.
    """

    format: str
    time: datetime | None
    component: str
    message: str
    span: Span
    said: str = ""
    level: str | None = None
    body: str = ""
    data: str = ""
    codes: tuple[str, ...] = ()
    statuses: tuple[Status, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The program's own words, over all lines."""
        return f"{self.message}\n{self.body}" if self.body else self.message


class Outcome(StrEnum):
    """How a run ended."""

    OK = "ok"
    NO_WORK = "no_work"
    FAILED = "failed"
    UNFINISHED = "unfinished"


class Trigger(StrEnum):
    """What started a run."""

    SCHEDULED = "scheduled"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One sync attempt of one application, as far as the log tells; unknown is None.

    `id` is the same each time the same bytes are read. `first` is the span of the record that began it.
    `blocked_by` is the id of the live run whose update lock turned this one away, which is no fault.
    """

    id: str
    format: str
    source: str
    first: Span
    application: str | None
    company_file: str | None
    user: str | None
    url: str | None
    product_version: str | None
    trigger: Trigger | None
    started: datetime | None
    ended: datetime | None
    outcome: Outcome
    blocked_by: str | None = None
