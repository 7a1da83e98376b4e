"""What is said about a group of incidents, before any channel gives it a shape."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final

from alerts.decide import Kind, Reason
from alerts.plain import cut
from rules.event import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_STORED: Final = frozenset({"parent", "ack_url"})
"""Fields that are set when a message is sent: what the far side called the first one, and the signed link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One labelled value, such as the host."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """One incident of a message in machines' words; times are ISO 8601 in UTC."""

    id: str
    host: str
    client: str | None
    application: str | None
    company_file: str | None
    cause: str
    title: str
    severity: str
    state: str
    act: str
    codes: tuple[str, ...]
    failed_runs: int
    opened_at: str
    last_at: str
    resolved_at: str | None
    last_good_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message in the words that people read; every text is harmless, redacted and cut.

    `thread` is the same for all messages about one group of incidents, from opening to resolved.
    `affected` lists the single incidents when there are several. The fields that begin with `more` count
    what was cut. `verify` tells how to see that the fix worked; `forward` is for the client, in their words.
    `about` is for machines. `parent` is what the far side called the thread's first message.
    """

    id: str
    thread: str
    kind: Kind
    severity: Severity
    headline: str
    why: str
    facts: tuple[Fact, ...]
    explanation: str
    steps: tuple[str, ...]
    links: tuple[str, ...]
    evidence: tuple[str, ...]
    affected: tuple[str, ...]
    more: int = 0
    more_steps: int = 0
    more_evidence: int = 0
    reason: str = ""
    made_at: str = ""
    verify: tuple[str, ...] = ()
    forward: str = ""
    about: tuple[About, ...] = ()
    more_about: int = 0
    can_acknowledge: bool = False
    parent: str | None = field(default=None, compare=False)
    ack_url: str | None = field(default=None, compare=False)

    @property
    def link(self) -> str | None:
        """The page that helps best."""
        return self.links[0] if self.links else None

    @property
    def affected_title(self) -> str:
        """What stands above `affected`."""
        return "What is wrong" if self.kind is Kind.DIGEST else "Affected"

    @property
    def ends_thread(self) -> bool:
        """True when nothing of the thread is left open: some of a group may be solved while others still fail."""
        return self.kind is Kind.RESOLVED and self.reason != Reason.SOME_RESOLVED

    @property
    def ack_command(self) -> str | None:
        """What to type on the machine of qbwatch to acknowledge it; None when there is nothing to take up."""
        return f"qbwatch incidents ack {self.id}" if self.can_acknowledge else None

    def to_json(self) -> str:
        """Return the message as JSON text, for the outbox."""
        kept = {name: value for name, value in asdict(self).items() if name not in NOT_STORED}
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Message:
        """Read back what `to_json` wrote; what an older version did not write is empty."""
        data: dict[str, Any] = json.loads(text)
        known = {one.name for one in fields(cls)}
        values = {name: _as_tuple(value) for name, value in data.items() if name in known}
        return cls(
            **values
            | {
                "kind": Kind(data["kind"]),
                "severity": Severity(data["severity"]),
                "facts": tuple(Fact(**fact) for fact in data["facts"]),
                "about": tuple(About(**{**one, "codes": tuple(one["codes"])}) for one in data.get("about", ())),
            }
        )


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def shorter(message: Message) -> Iterator[Message]:
    """Yield *message* and then ever shorter forms of it, for channels with a limit.

    What is wrong, where, and the link stay to the last; the log's words go first. What goes is counted.
    """
    yield message
    message = replace(message, evidence=(), more_evidence=message.more_evidence + len(message.evidence))
    yield message
    message = replace(message, affected=message.affected[:3], more=message.more + len(message.affected[3:]))
    yield message
    message = replace(message, verify=tuple(cut(line, 160) for line in message.verify[:2]))
    yield message
    left_out = message.more_steps + len(message.steps[4:])
    message = replace(message, steps=tuple(cut(step, 160) for step in message.steps[:4]), more_steps=left_out)
    yield message
    message = replace(message, forward="", explanation=cut(message.explanation, 240), facts=message.facts[:5])
    yield message
    yield replace(
        message,
        steps=(),
        more_steps=left_out + len(message.steps),
        verify=(),
        explanation="",
        affected=(),
        more=message.more + len(message.affected),
        facts=message.facts[:3],
    )
