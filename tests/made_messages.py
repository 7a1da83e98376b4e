"""Messages as the store would compose them, for tests and pictures."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from receivers import START, good_run, make_event, minutes

from alerts.compose import Wording, compose
from alerts.decide import Decision, Kind, Reason
from alerts.lifecycle import on_event, on_run

if TYPE_CHECKING:
    from alerts.incident import Incident
    from alerts.message import Message

ZONE = ZoneInfo("America/New_York")
REASONS = {
    Kind.OPENED: Reason.NEW,
    Kind.CHANGED: Reason.JOINED,
    Kind.REMINDER: Reason.STILL_OPEN,
    Kind.RESOLVED: Reason.ALL_RESOLVED,
    Kind.DIGEST: Reason.HELD_BACK,
}
WORDING = Wording(
    verify=("The next run of Contoso Sync ends without a failure.",),
    forward="QuickBooks on srv-01 is waiting for somebody to close a window, and Contoso Sync cannot go on until "
    "then. Please do not sign out of that computer: we close the window and let the sync run again.",
)


def incident(number: int = 1, **changes: Any) -> Incident:
    change = on_event(None, make_event(number, **changes), START + minutes(1))
    assert change is not None
    return replace(change.incident, last_good_at=START - minutes(15))


def repeated(one: Incident, times: int) -> Incident:
    for number in range(2, times + 1):
        change = on_event(one, make_event(number), START)
        assert change is not None
        one = change.incident
    return one


def over(one: Incident) -> Incident:
    [change] = on_run([one], good_run(one.last_at + minutes(15), host=one.host), START)
    return change.incident


def message(kind: Kind = Kind.OPENED, *incidents: Incident, after: timedelta = timedelta(minutes=3)) -> Message:
    decision = Decision(kind=kind, reason=REASONS[kind], incidents=incidents or (incident(),))
    return compose(
        decision,
        id=f"a1b2c3d4{kind:.4}",
        thread="a1b2c3d4open",
        now=START + after,
        zone=ZONE,
        wording=lambda _: WORDING,
    )


def hosts(count: int) -> list[Incident]:
    return [incident(1, host=f"srv-{number:02}", client=f"Client {number % 3}") for number in range(count)]


MESSAGES: dict[str, Message] = {
    "opened": message(),
    "reminder": message(Kind.REMINDER, repeated(incident(), 16), after=timedelta(hours=4, minutes=1)),
    "resolved": message(Kind.RESOLVED, over(repeated(incident(), 16)), after=timedelta(hours=4, minutes=16)),
    "changed": message(Kind.CHANGED, *hosts(14)),
    "digest": message(
        Kind.DIGEST,
        *hosts(14),
        incident(
            20, host="srv-20", title="The certificate of sync.example.com is not trusted", cause="tls_certificate"
        ),
        over(incident(21, host="srv-21", title="The machine was asleep", cause="machine_asleep")),
        after=timedelta(hours=9),
    ),
}
