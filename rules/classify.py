"""Candidates become events: one root for each failed run, and what follows from it as echoes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ingest.record import Outcome
from rules.draft import UNCLASSIFIED, Draft, Drafter, Where, changed, digest, record_id
from rules.event import Confidence, Event, Role, Severity
from rules.held import Held
from rules.statuses import Tallies as StatusTallies
from rules.statuses import as_answer, key_of, records_of, told
from rules.threshold import Mark, Per, Tallies

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ingest.record import Record, Run
    from rules.catalogue import Catalogue, Match, Study
    from rules.held import Waiting

__all__ = ("SAME_TROUBLE", "SUMMARY", "UNCLASSIFIED", "Draft", "Findings", "Where", "digest", "weight_of")

# Outside a run the same finding again within this time follows from the first.
SAME_TROUBLE = timedelta(minutes=30)
SUMMARY = "run_summary"
# A run with more findings than this keeps the first ones and counts the rest.
MOST_FINDINGS = 500
_HEALTHY = {Outcome.OK, Outcome.NO_WORK}


class _Run:
    """The findings of one run, and the one among them that explains it best so far."""

    def __init__(self) -> None:
        self.drafts: dict[str, Draft] = {}
        self.root: Draft | None = None
        self.tallies = StatusTallies()
        self.counts = Tallies()
        self.held = Held(MOST_FINDINGS)
        self.order: dict[str, int] = {}
        self.left_out = 0

    def put(self, draft: Draft) -> set[str]:
        """Add *draft*, or replace what its record was before; return the ids of events whose role may have changed."""
        before = self.root
        self.came(draft.event.id)
        if draft.event.id in self.drafts:
            self.drafts[draft.event.id] = draft
            self.root = root_of(self.drafts.values())
        elif len(self.drafts) >= MOST_FINDINGS:
            self.left_out += 1
            return set()
        else:
            self.drafts[draft.event.id] = draft
            self.root = root_of(self.drafts.values()) if draft.beside else root_of(filter(None, (self.root, draft)))
        return {one.event.id for one in (before, self.root, draft) if one and one.event.id in self.drafts}

    def came(self, id_: str) -> None:
        """Note that the record of the event *id_* came, if that is not known."""
        if len(self.order) < 2 * MOST_FINDINGS:
            self.order.setdefault(id_, len(self.order))

    def with_decided(self, decided: dict[str, Draft]) -> list[Draft]:
        """Return all findings in the order of their records, those that the run's end *decided* in their place."""
        if not decided:
            return list(self.drafts.values())
        drafts = self.drafts | decided
        return [drafts[id_] for id_ in sorted(drafts, key=lambda id_: self.order.get(id_, len(self.order)))]


class Findings:
    """The findings of one log, kept by run until that run is closed."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Classify by *catalogue*."""
        self._catalogue, self._drafter = catalogue, Drafter(catalogue)
        self.counts = Tallies()
        self._by_run: dict[str, _Run] = {}
        self._outside: dict[tuple[str, str | None, str], tuple[str, datetime | None]] = {}

    def add(self, record: Record, where: Where, run: Run | None) -> list[Event]:
        """Classify *record*, which may belong to *run*; return the events that are new or may have changed.

        A record that comes again, because it has grown, replaces what it was before.
        """
        study = self._catalogue.study(record, run)
        match = self._best(study, record, where, run)
        if run is not None and (study.late or study.holds):
            found = self._by_run.setdefault(run.id, _Run())
            id_ = record_id(where, record)
            found.came(id_)
            found.left_out += not found.held.put(id_, study, record, where, match)
        draft = self._drafter.of(match, record, where, run)
        if draft is None:
            return []
        if run is None:
            return [self.outside(draft)]
        return self._put(self._by_run.setdefault(run.id, _Run()), draft, run)

    def add_statuses(self, record: Record, where: Where, run: Run | None) -> list[Event]:
        """Classify what QuickBooks answered in *record*; in *run* each status is one finding with its count."""
        events: list[Event] = []
        for status, own in records_of(record):
            study = self._catalogue.study(own, run)
            match = self._best(study, own, where, run, times=status.count)
            draft = self._drafter.of(match, own, where, run)
            if draft is None:
                continue
            draft = as_answer(draft, status, digest(draft.event.id, *key_of(status)))
            if run is None:
                events.append(self.outside(told(draft, status)))
                continue
            found = self._by_run.setdefault(run.id, _Run())
            counted = match is not None and match.rule.condition.threshold is not None
            draft = found.tallies.put(status, draft, f"{where.file}:{record.span.offset}", counted=counted)
            if study.late or study.holds:
                found.left_out += not found.held.put(draft.event.id, study, own, where, match)
            events += self._put(found, draft, run)
        return events

    def _put(self, found: _Run, draft: Draft, run: Run) -> list[Event]:
        touched = found.put(draft)
        root = self._shown_root(found.root, found.drafts.values(), run)
        return [_settled(found.drafts[id_], run, root) for id_ in found.drafts if id_ in touched] if touched else []

    def adopt(self, run: Run, draft: Draft) -> None:
        """Take *draft*, found in another log while *run* went on, for a finding of that run."""
        event = replace(draft.event, run=run.id, application=run.application or draft.event.application)
        self._by_run.setdefault(run.id, _Run()).put(replace(draft, event=event, beside=True))

    def review(self, run: Run, where: Where) -> list[Event]:
        """Return the events of *run* as they stand now: roles, application and company file."""
        return self._told(run, where, self._decided(run, final=False) if run.ended else {})

    def close(self, run: Run, where: Where) -> list[Event]:
        """Return the events of *run*, which is over, for the last time."""
        if run.id not in self._by_run and run.outcome is not Outcome.FAILED:
            return []
        events = self._told(run, where, self._decided(run, final=True))
        self._by_run.pop(run.id, None)
        return events

    def _told(self, run: Run, where: Where, decided: dict[str, Draft]) -> list[Event]:
        found = self._by_run.get(run.id) or _Run()
        drafts = found.with_decided(decided)
        root = self._shown_root(found.root if not decided else root_of(drafts), drafts, run)
        if root is None and run.outcome is Outcome.FAILED and run.ended:
            # An echo that names a cause is a better guess than none.
            root = next((draft for draft in drafts if draft.event.cause != SUMMARY and not draft.answer), None)
            if root is None:
                root = self._drafter.unexplained(run, where, drafts)
                drafts.append(root)
        events = [_settled(draft, run, root) for draft in drafts]
        if found.left_out and events:
            events[0] = _with_count(events[0], found.left_out)
        return events

    def _decided(self, run: Run, *, final: bool) -> dict[str, Draft]:
        """Return what the end of *run* makes of the records that waited for it; what is counted counts when *final*."""
        found = self._by_run.get(run.id)
        if found is None:
            return {}

        def counts(match: Match, waiting: Waiting) -> bool:
            if match.rule.condition.threshold is None:
                return True
            return final and self._reaches(match, waiting.record, waiting.where, run)

        decided = {}
        for id_, match, waiting in found.held.decided(self._catalogue, run, counts):
            draft = self._drafter.of_match(match, waiting.record, waiting.where, run)
            draft = found.tallies.decided(id_, draft) or draft
            decided[id_] = replace(draft, anyway=match.rule.condition.asks_outcome)
        return decided

    def use(self, catalogue: Catalogue) -> None:
        """Classify by *catalogue* from now on; what was found already stays, and so does what is counted."""
        self._catalogue, self._drafter = catalogue, Drafter(catalogue)

    def found_alone(self, run_id: str) -> tuple[Draft, ...] | None:
        """Return what was found in the run; None if that depends on more than its records, such as on a count."""
        found = self._by_run.get(run_id)
        if found is None:
            return () if self.counts.is_empty else None
        is_alone = self.counts.is_empty and found.counts.is_empty and found.held.is_empty
        return tuple(found.drafts.values()) if is_alone and not found.left_out else None

    def take(self, draft: Draft) -> None:
        """Take *draft*, a finding of its run that was found in another run just like it."""
        self._by_run.setdefault(draft.event.run or "", _Run()).put(draft)

    def has_root(self, run_id: str) -> bool:
        """Say whether something was found in the run that may be why it failed."""
        root = self._by_run[run_id].root if run_id in self._by_run else None
        return root is not None and not root.answer and root.event.severity.rank >= Severity.ERROR.rank

    @staticmethod
    def _shown_root(root: Draft | None, drafts: Iterable[Draft], run: Run) -> Draft | None:
        """Return the root: one that a live run turned away has none.

        A healthy one has only a request that was refused, or what a rule found that asked for its outcome.
        """
        if run.blocked_by:
            return None
        return root_of(draft for draft in drafts if draft.answer or draft.anyway) if run.outcome in _HEALTHY else root

    def outside(self, draft: Draft) -> Event:
        """Return the event of *draft*, which belongs to no run: soon after the same trouble it is an echo."""
        event = draft.event
        if draft.echo:
            # It waits for its reason, and nothing follows from it.
            return replace(event, role=Role.ECHO)
        key = (event.host, event.application, event.cause)
        first, before = self._outside.get(key, (event.id, None))
        # Local times of one log tell how long it took also where nobody knows what time it was.
        at = event.time or draft.local
        passed = abs(at - before) if before and at and before.tzinfo is at.tzinfo else None
        follows = first != event.id and passed is not None and passed <= SAME_TROUBLE
        self._outside[key] = (first if follows else event.id, at)
        return replace(event, role=Role.ECHO if follows else Role.ROOT)

    def draft(self, record: Record, where: Where, run: Run | None) -> Draft | None:
        """Classify *record*, which may belong to *run*, and keep nothing of it but what is counted."""
        match = self._best(self._catalogue.study(record, run), record, where, run)
        return self._drafter.of(match, record, where, run)

    def _best(self, study: Study, record: Record, where: Where, run: Run | None, *, times: int = 1) -> Match | None:
        # Every rule counts, also where another one wins.
        enough = [
            match
            for match in study.matches
            if match.rule.condition.threshold is None or self._reaches(match, record, where, run, times=times)
        ]
        return enough[0] if enough else None

    def _reaches(self, match: Match, record: Record, where: Where, run: Run | None, *, times: int = 1) -> bool:
        """Count *record*, in which it came so many *times*, for the rule of *match*; say whether that is enough."""
        threshold = match.rule.condition.threshold
        if threshold is None or (threshold.per is Per.RUN and run is None):
            return threshold is None
        counts, whose = self.counts, where.host
        if threshold.per is Per.RUN and run is not None:
            counts, whose = self._by_run.setdefault(run.id, _Run()).counts, run.id
        elif threshold.per is Per.APPLICATION:
            application = (run.application if run else None) or record.fields.get("application") or ""
            whose = f"{where.host}\x1f{application}"
        place = digest(where.file, record.span.offset, *record.codes)
        marks = [Mark(f"{place}.{at}" if at else place, record.time) for at in range(min(times, threshold.times))]
        return [counts.note((match.rule.name, whose), threshold, mark) for mark in marks][-1]


def root_of(drafts: Iterable[Draft]) -> Draft | None:
    """Take the first finding that explains a run: a specific one before a wrapper's, an error before a warning.

    What another log of the machine says takes its place only where it is surer or more specific.
    """
    able = [draft for draft in drafts if not draft.echo]
    # Of equals min takes the first, which is the earliest.
    own = min((draft for draft in able if not draft.beside), key=lambda draft: weight_of(draft)[:3], default=None)
    beside = min((draft for draft in able if draft.beside), key=weight_of, default=None)
    return beside if beside and (own is None or weight_of(beside) < weight_of(own)) else own


def weight_of(draft: Draft) -> tuple[bool, bool, bool, int]:
    """Return by what findings of one trouble are compared: the least explains it best."""
    event = draft.event
    is_mild = event.severity.rank < Severity.ERROR.rank
    return (draft.answer, draft.fallback, is_mild, list(Confidence).index(event.confidence))


def _settled(draft: Draft, run: Run, root: Draft | None) -> Event:
    event = draft.event
    if draft.answer and run.outcome is not Outcome.FAILED and event.severity.rank > Severity.WARNING.rank:
        # The sync works; some of what it brought did not arrive.
        event = replace(event, severity=Severity.WARNING)
    return changed(
        event,
        application=run.application,
        company_file=draft.event.company_file or run.company_file,
        role=Role.ROOT if draft is root else Role.ECHO,
    )


def _with_count(event: Event, left_out: int) -> Event:
    return replace(event, evidence=(*event.evidence, f"{left_out} more findings of this run are not listed."))
