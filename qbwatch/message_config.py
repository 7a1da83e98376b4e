"""How messages are written: the [alerts] table of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path

    from qbwatch.config_table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSettings:
    """Where the user's templates lie, and where the page is that a message's acknowledging link opens."""

    templates: Path | None = None
    ack_url: str | None = None


def messages_of(alerts: Table, folder: Path) -> MessageSettings:
    """Read *alerts*; a relative folder of templates is looked for in *folder*."""
    templates = alerts.text("templates")
    if templates is not None and not (folder / templates).is_dir():
        alerts.fault("templates", f'there is no folder "{templates}" here. Create it, or leave the key out')
    return MessageSettings(templates=folder / templates if templates else None, ack_url=_ack_url(alerts))


def _ack_url(alerts: Table) -> str | None:
    url = alerts.text("ack_url")
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"https", "http"} and bool(parts.hostname) and not parts.query and not parts.fragment
    except ValueError:
        usable = False
    if not usable or "@" in url:
        alerts.fault("ack_url", 'ack_url must be a web address that a token is put behind, such as '
                     '"https://status.example.com/ack"')  # fmt: skip
        return None
    return url
