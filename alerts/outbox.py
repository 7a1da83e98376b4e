"""One delivery's life: pending, sending, then sent, failed or unknown; and the threads that live it."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from alerts.message import Message

log = logging.getLogger(__name__)


class DeliveryState(StrEnum):
    """Where a delivery stands. `unknown` is tried again, with the same id in the text."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What became of one attempt."""

    SENT = "sent"
    REJECTED = "rejected"
    TRANSIENT = "transient"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What a channel says of one attempt; `code` is the HTTP or SMTP status, `reason` is for people.

    `retry_after` is how long the far side asks to be left alone. `receipt` is what it calls the message, where
    it can be told to change it.
    """

    outcome: Outcome
    reason: str
    code: int | None = None
    retry_after: timedelta | None = None
    receipt: str | None = None


class Channel(Protocol):
    """Hands one message to one recipient; never raises for what the far side does."""

    def send(self, message: Message) -> SendResult:
        """Send *message* and say what became of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A notification on its way to one receiver; `attempt` counts from 1 and includes the present one."""

    id: str
    receiver: str
    message: Message
    created_at: datetime
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Where a delivery stands after an attempt, and when it is tried again if it is."""

    state: DeliveryState
    reason: str
    next_at: datetime | None = None


class OutboxStore(Protocol):
    """The durable side of the outbox. Each method commits before it returns."""

    def recover(self, receiver: str, now: datetime) -> int:
        """Put back what a killed process left in `sending`; return how many."""

    def claim(self, receiver: str, now: datetime) -> Delivery | None:
        """Mark the next due delivery as `sending` and return it.

        None overtakes an earlier one of its group: a resolving message waits for its opening.
        """

    def record(self, delivery: Delivery, result: SendResult, settled: Settled, now: datetime) -> None:
        """Write the result of the present attempt and the delivery's new state."""

    def next_due(self, receiver: str) -> datetime | None:
        """Return when the next delivery is due, None when nothing waits."""

    def close(self) -> None:
        """Let go of the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long and how often a delivery is tried again."""

    first: timedelta = timedelta(seconds=15)
    factor: float = 2.0
    longest: timedelta = timedelta(minutes=30)
    jitter: float = 0.2
    give_up_after: timedelta = timedelta(days=7)

    def wait(self, attempt: int, chance: float) -> timedelta:
        """Return the wait after the failed *attempt*; *chance* between 0 and 1 spreads it by `jitter`."""
        # Past 2**40 the product would overflow a timedelta long after it hit the ceiling.
        plain = min(self.first * self.factor ** min(attempt - 1, 40), self.longest)
        return plain * (1 - self.jitter + 2 * self.jitter * chance)


def settle(delivery: Delivery, result: SendResult, now: datetime, *, patience: Patience, chance: float) -> Settled:
    """Decide what follows from *result*; *chance* is a random number between 0 and 1."""
    if result.outcome is Outcome.SENT:
        return Settled(state=DeliveryState.SENT, reason=result.reason)
    if result.outcome is Outcome.REJECTED:
        return Settled(state=DeliveryState.FAILED, reason=result.reason)
    unknown = result.outcome is Outcome.UNKNOWN
    wait = max(patience.wait(delivery.attempt, chance), result.retry_after or timedelta())
    next_at = now + wait
    if next_at - delivery.created_at > patience.give_up_after:
        state = DeliveryState.UNKNOWN if unknown else DeliveryState.FAILED
        return Settled(state=state, reason=f"gave up after {delivery.attempt} attempts: {result.reason}")
    state = DeliveryState.UNKNOWN if unknown else DeliveryState.PENDING
    return Settled(state=state, reason=result.reason, next_at=next_at)


@dataclass(kw_only=True, eq=False)
class Sender:
    """Delivers what is due for one receiver, one at a time, in a thread of its own.

    The store is opened inside that thread. Between two attempts at least `spacing` goes by: what the far side takes.
    `error` holds what ended the thread, if anything did.
    """

    receiver: str
    channel: Channel
    open_store: Callable[[], OutboxStore]
    clock: Callable[[], datetime]
    chance: Callable[[], float]
    patience: Patience = field(default_factory=Patience)
    spacing: timedelta = timedelta()
    longest_nap_s: float = 5.0
    error: BaseException | None = None

    def __post_init__(self) -> None:
        self._awake = threading.Event()
        self._stopping = threading.Event()
        self._left_alone: tuple[datetime, datetime] | None = None  # since when, and until when
        self._thread = threading.Thread(target=self._live, name=f"sender-{self.receiver}", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def wake(self) -> None:
        """Look now whether something is due."""
        self._awake.set()

    def stop(self) -> None:
        """Ask to end after the attempt that is under way."""
        self._stopping.set()
        self._awake.set()

    def join(self, timeout_s: float) -> bool:
        """Wait until the thread has ended; False when it has not within *timeout_s*."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def is_alive(self) -> bool:
        """True while the thread runs."""
        return self._thread.is_alive()

    def drain(self, store: OutboxStore) -> int:
        """Send everything that is due now, in this thread; return how many attempts were made."""
        attempts = 0
        while (
            not self._stopping.is_set()
            and not self._is_left_alone()
            and (delivery := store.claim(self.receiver, self.clock()))
        ):
            self._attempt(store, delivery)
            attempts += 1
        return attempts

    def _live(self) -> None:
        try:
            store = self.open_store()
            try:
                store.recover(self.receiver, self.clock())
                while not self._stopping.is_set():
                    self._awake.clear()
                    self.drain(store)
                    self._awake.wait(self._nap_s(store))
            finally:
                store.close()
        except BaseException as error:  # the pipeline looks at `error` and ends the process with it
            self.error = error
            log.exception("the sender for %s ended", self.receiver)

    def _is_left_alone(self) -> bool:
        # A clock that was set back since makes no wait longer.
        return self._left_alone is not None and self._left_alone[0] <= self.clock() < self._left_alone[1]

    def _nap_s(self, store: OutboxStore) -> float:
        due_at = store.next_due(self.receiver)
        if due_at is None:
            return self.longest_nap_s
        if self._left_alone is not None and self._is_left_alone():
            due_at = max(due_at, self._left_alone[1])
        return min(max((due_at - self.clock()).total_seconds(), 0.01), self.longest_nap_s)

    def _attempt(self, store: OutboxStore, delivery: Delivery) -> None:
        try:
            result = self.channel.send(delivery.message)
        except Exception as error:  # noqa: BLE001 - one delivery must not take the others down; it is stored
            result = SendResult(outcome=Outcome.TRANSIENT, reason=f"could not be sent: {type(error).__name__}")
        now = self.clock()
        self._left_alone = (now, now + max(self.spacing, result.retry_after or timedelta()))
        settled = settle(delivery, result, now, patience=self.patience, chance=self.chance())
        store.record(delivery, result, settled, now)
        if settled.state is not DeliveryState.SENT:
            log.warning("delivery %s to %s: %s (%s)", delivery.id, self.receiver, settled.state, settled.reason)


class Outbox:
    """All senders of a program: one thread per receiver, so that a slow one delays no other."""

    def __init__(self, senders: Iterable[Sender]) -> None:
        self.senders = tuple(senders)

    def start(self) -> None:
        """Start every sender."""
        for sender in self.senders:
            sender.start()

    def wake(self) -> None:
        """Tell every sender that something may be due."""
        for sender in self.senders:
            sender.wake()

    def stop(self, timeout_s: float = 25.0) -> list[str]:
        """End every sender; return the names of those still busy after *timeout_s* in all.

        What they were sending stays in `sending` and is repeated after the next start.
        """
        for sender in self.senders:
            sender.stop()
        patience_s = timeout_s / max(1, len(self.senders))
        return [sender.receiver for sender in self.senders if not sender.join(patience_s)]

    def errors(self) -> list[tuple[str, BaseException]]:
        """Return what ended a sender, with its receiver's name."""
        return [(sender.receiver, sender.error) for sender in self.senders if sender.error]

    def revive(self, receiver: str) -> None:
        """Start a new sender in the place of the one of *receiver*, which ended."""
        anew = {one: replace(one, error=None) for one in self.senders if one.receiver == receiver and one.error}
        self.senders = tuple(anew.get(one, one) for one in self.senders)
        for sender in anew.values():
            sender.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
