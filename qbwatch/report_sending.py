"""Send weekly reports: to whom, once each, and what became of it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from alerts.channels.courier import Courier, open_channel
from alerts.channels.email import SCHEMES as MAIL
from alerts.outbox import Outcome, SendResult
from alerts.receiver import ReceiverError
from alerts.secrecy import quiet_transports
from qbwatch.errors import UsageError
from qbwatch.history.report_rows import BASELINE, ReportSend, ReportState, has_any, put_send, sends_of
from qbwatch.reports.letter import letter
from qbwatch.reports.recipients import recipients
from qbwatch.reports.schedule import reported_week
from qbwatch.reports.stored_facts import clients_of
from qbwatch.reports.writing import Written, read_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from qbwatch.config import Settings
    from qbwatch.history.store import Store
    from qbwatch.reports.week import Week

_STATES = {
    Outcome.SENT: ReportState.SENT, Outcome.REJECTED: ReportState.FAILED, Outcome.TRANSIENT: ReportState.WAITING,
    Outcome.UNKNOWN: ReportState.WAITING,
}  # fmt: skip
_OVER = frozenset({ReportState.SENT, ReportState.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Post:
    """Sends the reports of *week*; each is reckoned and drawn once, however many get it."""

    store: Store
    settings: Settings
    week: Week
    now: datetime
    draws: bool
    _written: dict[str | None, Written] = field(default_factory=dict)

    def targets(self, client: str | None) -> Iterator[tuple[str | None, str]]:
        """Yield every report and receiver; of one *client*, or of all and, if configured, of each."""
        report, route = self.settings.report, self.settings.route
        clients: list[str | None] = [client]
        if client is None and report.per_client:
            clients += clients_of(self.store.connection, self.week.monday, self.week.next_monday)
        for one in clients:
            for receiver in recipients(route, report.receiver, one):
                yield one, receiver

    def send(self, client: str | None, receiver: str, attempts: int) -> ReportSend:
        """Send one report, and write down before and after what becomes of it."""
        known = ReportSend(
            week=self.week.name, client=client or "", receiver=receiver, state=ReportState.SENDING,
            attempts=attempts + 1, at=self.now, reason="",
        )  # fmt: skip
        self._note(known)
        result = self._handed_over(client, receiver)
        sent = replace(known, state=_STATES[result.outcome], reason=result.reason)
        self._note(sent)
        return sent

    def _note(self, send: ReportSend) -> None:
        with self.store.transaction() as db:
            put_send(db, send)

    def _handed_over(self, client: str | None, receiver: str) -> SendResult:
        channel = _channel(self.settings, receiver)
        if isinstance(channel, SendResult):
            return channel
        written = self._written.get(client)
        if written is None:
            report = read_report(self.store, self.week, self.now, client)
            written = self._written[client] = Written(
                report=report, brand=self.settings.report.brand(), draws=self.draws
            )
        pdf = written.pdf() if self.settings.report.pdf else None
        return channel.post(letter(written.report, written.brand, written.charts, receiver, pdf))


def _channel(settings: Settings, name: str) -> Courier | SendResult:
    """Open the channel to the receiver *name*; else say why nothing can be sent there."""
    receiver = next(one for one in settings.receivers if one.name == name)
    problem = 'it goes by mail, and this receiver is none; match cause = "weekly_report" in a route to one that is'
    if receiver.url.scheme in MAIL:
        quiet_transports()
        try:
            channel = open_channel(receiver)
        except ReceiverError as error:
            problem = str(error)
        else:
            if isinstance(channel, Courier):
                return channel
    return SendResult(outcome=Outcome.REJECTED, reason=problem)


def send_now(
    store: Store, settings: Settings, week: Week, now: datetime, *, client: str | None = None, draws: bool = True
) -> int:
    """Send the report of *week* to all who get it, again if they have it, and say what became of it."""
    post = _Post(store=store, settings=settings, week=week, now=now, draws=draws)
    sends = [post.send(one, receiver, attempts=0) for one, receiver in post.targets(client)]
    return _told(sends)


def send_due(store: Store, settings: Settings, now: datetime, *, draws: bool = True) -> int:
    """Send what the schedule asks for and nobody has yet: once, however late.

    The first time that a schedule is seen its past is over; nothing is sent for that.
    """
    schedule = settings.report.weekly
    if schedule is None:
        raise UsageError(f'{settings.file}: no report is scheduled. Write weekly = "Mon 07:00" into [report].')
    week = reported_week(schedule.last_due(now), settings.zone)
    if not has_any(store.connection):
        with store.transaction() as db:
            put_send(db, ReportSend(week=week.name, client="", receiver=BASELINE, state=ReportState.SENT, attempts=0,
                                    at=now, reason="it was over before reports were scheduled"))  # fmt: skip
    known = sends_of(store.connection, week.name)
    if ("", BASELINE) in known:
        return 0
    post = _Post(store=store, settings=settings, week=week, now=now, draws=draws)
    sends = []
    for client, receiver in post.targets(None):
        before = known.get((client or "", receiver))
        if before is None or before.state not in _OVER:
            sends.append(post.send(client, receiver, before.attempts if before else 0))
    return _told(sends)


def _told(sends: list[ReportSend]) -> int:
    """Print what became of *sends*; 1 if any was not accepted."""
    for send in sends:
        of = f"{send.week} of {send.client}" if send.client else send.week
        if send.state is ReportState.SENT:
            print(f"The report {of} was sent to {send.receiver}.")  # noqa: T201 - it is a command that sends
        else:
            print(f"The report {of} was not sent to {send.receiver}: {send.reason}.", file=sys.stderr)  # noqa: T201
    return int(any(send.state is not ReportState.SENT for send in sends))
