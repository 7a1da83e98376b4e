"""The questions that a person at a keyboard answers."""

from __future__ import annotations

from dataclasses import dataclass
from getpass import getpass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from qbwatch.errors import UsageError
from qbwatch.first_start.answers import NAMES, Answers, NewReceiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TEAMS: Final = """
  In Teams, open the channel that shall hear of failures > … > Workflows, and take the template that posts to a channel
  when a webhook request is received. Copy the address that it shows at the end. A workflow belongs to who made it: use
  an account that stays, not a person's."""
_SLACK: Final = """
  At https://api.slack.com/apps: Create New App > From scratch > Incoming Webhooks > On > Add New Webhook to Workspace.
  Choose the channel, and copy the address that begins with https://hooks.slack.com/services/"""
_MAIL: Final = """
  Ask who runs your mail for a server that takes mail from programs, with a password made for that."""
_BEGINS: Final = {"teams": "https://", "slack": "https://hooks.slack.com/"}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a keyboard: `ask` takes a question and returns a line, `ask_secretly` does not show it."""

    ask: Callable[[str], str] = input
    ask_secretly: Callable[[str], str] = getpass
    say: Callable[[str], None] = print

    def answer(self, question: str, default: str = "") -> str:
        """Return the answer, or *default* to an empty one. Raises UsageError where nobody answers."""
        try:
            offered = f" [{default}]" if default else ""
            return self.ask(f"{question}{offered}{'' if '?' in question else ':'} ").strip() or default
        except EOFError as error:
            raise UsageError(
                "nobody answers here, and nothing was written. Without a keyboard: qbwatch init --yes, or --from FILE"
            ) from error

    def agrees(self, question: str) -> bool:
        """Say whether the answer begins with y; the default is no."""
        return self.answer(f"{question} (y/N)").lower().startswith("y")


def ask_all(person: Person, known: Answers) -> Answers:
    """Return *known* with what *person* says; what is known is offered as the default."""
    host = person.answer("\nHow shall messages name this machine?", known.host or "")
    client = person.answer("Whose machine is it (the client's name; may stay empty)?", known.client or "")
    zone = _zone(person, known.timezone or "")
    person.say("\nWho shall be told?")
    return Answers(
        host=host or None, client=client or None, timezone=zone, logs=known.logs, channels=known.channels,
        receivers=tuple(_receivers(person)) or known.receivers,
    )  # fmt: skip


def _zone(person: Person, default: str) -> str | None:
    while True:
        name = person.answer("In which time zone does it stand, such as America/New_York?", default)
        try:
            return str(ZoneInfo(name)) if name else None
        except (ZoneInfoNotFoundError, ValueError):
            person.say(f'  "{name}" is no time zone. They are named like America/Chicago or Europe/London.')


def _receivers(person: Person) -> Iterator[NewReceiver]:
    for kind, title, help_ in (("teams", "Microsoft Teams", _TEAMS), ("slack", "Slack", _SLACK)):
        if person.agrees(f"Send alerts to {title}?"):
            person.say(help_)
            yield NewReceiver(name=NAMES[kind], url=_url(person, _BEGINS[kind]))
    if person.agrees("Send alerts by email?"):
        person.say(_MAIL)
        yield NewReceiver(name=NAMES["mail"], url=_mail(person))


def _url(person: Person, begins: str) -> str:
    while True:
        url = person.answer("  The address")
        if url.startswith(begins):
            return url
        person.say(f"  It must begin with {begins}")


def _mail(person: Person) -> str:
    """Return the URL of what is said of a mail server."""
    server = person.answer("  Mail server, such as smtp.example.com")
    port = person.answer("  Port", "587")
    user = person.answer("  User name (may stay empty)")
    password = person.ask_secretly("  Password (is not shown): ") if user else ""
    sender = person.answer("  From which address", user if "@" in user else "")
    to = person.answer("  To which address")
    signs_in = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
    mode = "ssl" if port == "465" else "starttls"
    return f"mailtos://{signs_in}{server}:{port}/{quote(to, safe='@')}?from={quote(sender, safe='@')}&mode={mode}"
