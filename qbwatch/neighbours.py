"""What a machine's other logs tell of its runs: each of their findings goes to the run that it fell into."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING

from rules.classify import weight_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.record import Run
    from rules.classify import Draft

# Two programs write their logs on one machine's clock, but to the second, and one after the other.
SLACK = timedelta(seconds=2)
# So many findings wait for the run that they may belong to.
_MOST_HELD = 50_000
_MOST_ECHOES = 30
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A finding of a log that knows no runs, and where it stands: its file's name in event ids, offset, line.

    Of those of one `session` one is the root.
    """

    draft: Draft
    file: str
    place: tuple[int, int]
    session: tuple[str, int] | None = None


class Neighbours:
    """Holds one machine's findings of other logs until the run is known that they belong to, if any."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._held: dict[str, Aside] = {}
        self._dated: list[tuple[datetime, str]] = []  # the times of what is held and was held, with the event ids
        self._is_sorted = True
        self._claimed: dict[str, str] = {}  # event id -> run id
        self._claims: dict[str, set[str]] = {}  # run id -> event ids
        self._explained: dict[tuple[str, int], str] = {}  # session -> event id of its root
        self._echoes: dict[tuple[str, int], int] = {}  # session -> how many echoes of it are held

    def add(self, aside: Aside) -> None:
        """Hold a finding; one that comes again, because its record grew, takes the place of what it was.

        Of the echoes of one session as many are held as tell what it was like: a wait may be noted each second.
        """
        event = aside.draft.event
        if event.id not in self._held:
            if aside.session and aside.draft.echo:
                self._echoes[aside.session] = self._echoes.get(aside.session, 0) + 1
                if self._echoes[aside.session] > _MOST_ECHOES:
                    return
            if event.time:
                self._dated.append((event.time, event.id))
                self._is_sorted = False
        self._held[event.id] = aside

    def drop(self, event_id: str) -> None:
        """Let go of a finding that has proved wrong, unless a run was told of it already."""
        if event_id not in self._claimed:
            self._held.pop(event_id, None)

    @property
    def is_empty(self) -> bool:
        """Whether no run can learn of anything here."""
        return not self._held

    @property
    def is_full(self) -> bool:
        """Whether no more should be held."""
        return len(self._held) > _MOST_HELD

    def of(self, run: Run) -> Iterator[Draft]:
        """Yield the findings that fell into *run* and claim them for it."""
        if not self._held or run.started is None:
            return
        for id_ in self._between(run.started - SLACK, run.ended + SLACK if run.ended else None):
            aside = self._held.get(id_)
            if aside is None or self._claimed.get(id_, run.id) != run.id:
                continue
            event = aside.draft.event
            if event.application is None or run.application in {None, event.application}:
                self._claimed[id_] = run.id
                self._claims.setdefault(run.id, set()).add(id_)
                yield aside.draft

    def _between(self, begin: datetime, end: datetime | None) -> list[str]:
        """Return the event ids of that time, in its order."""
        if not self._is_sorted:
            self._dated = sorted((time, id_) for time, id_ in self._dated if id_ in self._held)
            self._is_sorted = True
        first = bisect_left(self._dated, begin, key=itemgetter(0))
        last = bisect_right(self._dated, end, key=itemgetter(0)) if end else len(self._dated)
        return [id_ for _, id_ in self._dated[first:last]]

    def close(self, run: Run) -> None:
        """Let go of what was claimed for *run*, which is over and was told with it."""
        for id_ in self._claims.pop(run.id, ()):
            self._claimed.pop(id_, None)
            self._held.pop(id_, None)

    def take_unclaimed(self) -> list[Draft]:
        """Return what fell into no run, in the order of time, and let go of it."""
        free = [aside for id_, aside in self._held.items() if id_ not in self._claimed]
        self._held = {id_: aside for id_, aside in self._held.items() if id_ in self._claimed}
        self._is_sorted = False
        if not self._held:
            self._echoes.clear()
        dated = sorted(free, key=lambda aside: (aside.draft.event.time or _BEFORE_ALL, aside.place))
        self._explain(dated)
        return [replace(one.draft, echo=True) if self._follows(one) else one.draft for one in dated]

    def _explain(self, asides: list[Aside]) -> None:
        """Take for each session the finding that explains it best, and keep to it."""
        for aside in sorted(asides, key=lambda one: weight_of(one.draft)):
            if aside.session and not aside.draft.echo:
                self._explained.setdefault(aside.session, aside.draft.event.id)
        while len(self._explained) > _MOST_HELD:
            del self._explained[next(iter(self._explained))]

    def _follows(self, aside: Aside) -> bool:
        root = self._explained.get(aside.session) if aside.session else None
        return root is not None and root != aside.draft.event.id

    def first_held(self, file: str) -> tuple[int, int] | None:
        """Return the place in *file* from which on all that is held can be found again, None if nothing is."""
        return min((aside.place for aside in self._held.values() if aside.file == file), default=None)
