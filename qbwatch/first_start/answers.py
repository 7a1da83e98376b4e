"""What somebody says of a machine: its name, its client, its zone, and who is told."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qbwatch.config_table import Faults, Table
from qbwatch.errors import UsageError
from qbwatch.secrets import has_reference

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAMES: Final = {"teams": "ops-teams", "slack": "ops-slack", "mail": "ops-mail"}
"""What a receiver of each kind is called, if nobody names it."""
VARIABLES: Final = {"teams": "QBWATCH_TEAMS_URL", "slack": "QBWATCH_SLACK_URL", "mail": "QBWATCH_MAIL_URL"}
"""From where an unattended installation may take the URL of each kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReceiver:
    """A receiver to be written down: its URL, which is a secret, or a reference to one such as `${env:NAME}`.

    With a `severity` it hears only of what is so bad; without one, of everything.
    """

    name: str
    url: str
    severity: str | None = None

    @property
    def is_secret(self) -> bool:
        """Whether the URL itself stands here."""
        return not has_reference(self.url)

    def __repr__(self) -> str:
        """Leave the URL out."""
        return f"NewReceiver(name={self.name!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """All of it; what is None was not said."""

    host: str | None = None
    client: str | None = None
    timezone: str | None = None
    logs: tuple[str, ...] = ()
    channels: tuple[str, ...] | None = None
    receivers: tuple[NewReceiver, ...] = ()


def answers_from(file: Path) -> Answers:
    """Read the answers in *file*, for an installation that nobody attends. Raises UsageError with every fault."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        values = tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"{file}: the answers cannot be read ({error.strerror or error}).") from error
    except ValueError as error:
        raise UsageError(f"{file}: this is not valid TOML: {error}.") from error
    faults = Faults(file, text)
    top = Table(values, (), faults)
    top.only("host", "client", "timezone", "logs", "channels", "receiver")
    receivers = tuple(_receiver(table) for table in top.tables("receiver"))
    names = [one.name for one in receivers]
    for table, name in zip(top.tables("receiver"), names, strict=True):
        if names.count(name) > 1:
            table.fault("name", f'there are two receivers "{name}". Give each its own name')
    answers = Answers(
        host=top.text("host"), client=top.text("client"), timezone=top.text("timezone"),
        logs=top.texts("logs") or (), channels=top.texts("channels"), receivers=receivers,
    )  # fmt: skip
    faults.refuse()
    return answers


def answers_around(environment: Mapping[str, str]) -> Answers:
    """Return the answers that stand in the *environment*, as an RMM hands them over."""
    return Answers(receivers=tuple(
        NewReceiver(name=NAMES[kind], url=url)
        for kind, name in VARIABLES.items() if (url := environment.get(name, "").strip())
    ))  # fmt: skip


def _receiver(table: Table) -> NewReceiver:
    table.only("name", "kind", "url", "severity")
    kind = table.text("kind")
    if kind is not None and kind not in NAMES:
        table.fault("kind", f'"{kind}" is no kind. Write one of: {", ".join(NAMES)}; or leave it out, and give a name')
    name = table.text("name") or NAMES.get(kind or "", "")
    if not name:
        table.fault("name", '"name" is missing. Write how routes call it, or a kind')
    elif set(name) & set('/\\:*?"<>|'):
        table.fault("name", f'"{name}" names a file too. Write it with letters, numbers and hyphens')
    url = table.text("url", needed='where its messages go, or a reference such as "${env:OPS_TEAMS_URL}"') or ""
    return NewReceiver(name=name, url=url, severity=table.text("severity"))
