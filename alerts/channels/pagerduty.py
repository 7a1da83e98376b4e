"""PagerDuty by Apprise: each group of incidents is one incident there, opened and resolved by its own key."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from alerts.channels import other
from rules.event import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.channels.shape import Envelope
    from alerts.channels.templates import Templates
    from alerts.message import Message

SCHEMES: Final = frozenset({"pagerduty"})
SPEAKS_SMTP: Final = False

# What Apprise writes where the URL names no source and no component.
_UNNAMED: Final = ("Apprise", "Notification")
_SEVERITIES: Final = {
    Severity.CRITICAL: "critical",
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTICE: "info",
}


def plugin(parsed: Mapping[str, Any]) -> Any:
    """Make Apprise's plugin; without a key of ours all that is open would share one incident there."""
    made = _plugin_type()(**parsed)
    # Apprise's picture for a kind of message lies on somebody else's server.
    made.include_image = False
    made.names_incident = (made.source, made.component) == _UNNAMED
    return made


def envelope(message: Message, plugin: Any, pages: Templates) -> Envelope:
    """Return title and text, and tell *plugin* which incident this opens, repeats or resolves."""
    letter = other.envelope(message, plugin, pages)
    plugin.dedup = message.thread
    plugin.action = "resolve" if message.ends_thread else "trigger"
    plugin.severity = _SEVERITIES[message.severity]
    plugin.click = message.link
    if message.about and plugin.names_incident:
        about = message.about[0]
        plugin.source, plugin.component = about.host, about.application or "QuickBooks sync"
    return letter


def preview(message: Message, plugin: Any, pages: Templates) -> Mapping[str, str]:
    """Return the title and the text that Apprise is given."""
    return other.preview(message, plugin, pages)


@cache
def _plugin_type() -> Any:
    from apprise.plugins.pagerduty import NotifyPagerDuty  # noqa: PLC0415 - apprise is slow to import

    class KeyedPagerDuty(NotifyPagerDuty):  # type: ignore[no-untyped-call]  # apprise is half typed
        """Apprise's plugin with a short pause; its general one would eat our time limit."""

        request_rate_per_sec = 1

    return KeyedPagerDuty
