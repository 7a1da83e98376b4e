"""What is wrong with a receiver, and what to do about it: looked at without sending anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from qbwatch.reach import Problem, endpoint_of, mail_problem, web_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.receiver import Receiver

_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What was found out about one receiver; `reaches` is the host and port, None when it was not asked."""

    receiver: str
    scheme: str
    reaches: str | None
    problems: tuple[Problem, ...]

    @property
    def is_well(self) -> bool:
        """True when nothing is wrong."""
        return not self.problems


def diagnose(receiver: Receiver, *, network: bool) -> Diagnosis:
    """Look at *receiver*: its URL, and with *network* also whether its far side can be reached."""
    from alerts.channels.courier import Limits, open_channel, opened_plugin  # noqa: PLC0415 - Apprise is slow to import
    from alerts.receiver import ReceiverError  # noqa: PLC0415

    scheme = receiver.url.scheme
    problems = list(_in_url(receiver))
    try:
        plugin, shape, _ = opened_plugin(receiver, Limits())
        open_channel(receiver)
    except ReceiverError as error:
        problems.append(Problem(what=error.problem, do=error.instead))
        return Diagnosis(receiver=receiver.name, scheme=scheme, reaches=None, problems=tuple(problems))
    endpoint = endpoint_of(plugin, scheme)
    reaches = f"{plugin.smtp_host}:{plugin.port}" if shape.SPEAKS_SMTP else str(endpoint) if endpoint else None
    if shape.SPEAKS_SMTP and plugin.secure_mode == "insecure":
        problems.append(Problem(what="its mails travel in clear", do="Write mailtos:// instead of mailto://"))
    elif endpoint and not endpoint.secure and endpoint.host not in _HERE:
        do = f"Write {scheme}s:// instead of {scheme}://"
        problems.append(Problem(what="its messages travel in clear", do=do))
    if network:
        found = mail_problem(plugin) if shape.SPEAKS_SMTP else web_problem(endpoint) if endpoint else None
        problems += [found] if found else []
    return Diagnosis(
        receiver=receiver.name, scheme=scheme, reaches=reaches if network else None, problems=tuple(problems)
    )


def _in_url(receiver: Receiver) -> Iterator[Problem]:
    """Yield what works, but not as somebody thinks who wrote it."""
    try:
        query = parse_qs(urlsplit(receiver.url.reveal()).query)
    except ValueError:
        return
    if query.get("optional", ["no"])[-1].lower() in {"yes", "true", "1"}:
        yield Problem(what="optional=yes is left out: with it a failure would count as sent",
                      do="Take it out of the URL")  # fmt: skip
    if "retry" in query:
        yield Problem(what="retry= is left out: qbwatch tries again by itself, for a week",
                      do="Take it out of the URL")  # fmt: skip
    if query.get("verify", ["yes"])[-1].lower() in {"no", "false", "0"}:
        yield Problem(what="verify=no trusts any certificate, so that anybody in between can read along",
                      do="Take it out of the URL, and name your authority in REQUESTS_CA_BUNDLE")  # fmt: skip
