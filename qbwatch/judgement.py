"""What a machine's watch says: the findings that are new, and what is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from rules.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """That *cause* is over at *at*: of one application, or of the whole machine where that is None."""

    cause: str
    application: str | None
    at: datetime


@dataclass(slots=True)
class Judgement:
    """What is new: findings by id, as they stand now, and which of them are over.

    `renamed` are those that had been told by another cause, by that cause. `given_up` are those of applications of
    which nothing is expected any more.
    """

    events: dict[str, Event] = field(default_factory=dict)
    mended: list[Mended] = field(default_factory=list)
    renamed: list[Mended] = field(default_factory=list)
    given_up: list[Mended] = field(default_factory=list)

    def add(self, other: Judgement) -> None:
        """Take what *other*, which was judged later, says beyond it."""
        self.events |= other.events
        self.mended += other.mended
        self.renamed += other.renamed
        self.given_up += other.given_up

    @property
    def is_empty(self) -> bool:
        """Whether nobody has anything to hear."""
        return not (self.events or self.mended or self.given_up)


@dataclass(slots=True)
class Told:
    """A finding as it was told last, and what of it was news then."""

    event: Event
    news: str
    until: datetime | None  # when its silence ended
