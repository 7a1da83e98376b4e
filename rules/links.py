"""Links of causes and rules: what can be told of a link from its look alone."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", re.IGNORECASE)
_NOWHERE = {"localhost", "local", "invalid", "test", "internal", "lan"}


def link_problem(link: str) -> str | None:
    """Return why *link* cannot lead anywhere and what to write instead, None if it may.

    >>> link_problem("https://example.com/page.")
    'It ends with ".", which belongs to the sentence. Take that away'
    """
    if not re.match(r"https?://", link):
        return "Write one that begins with https://"
    if re.search(r"\s", link):
        return "It has a blank in it. Write %20, or a statement of its own for each link"
    if link[-1] in ".,;:>\"'" or (link[-1] == ")" and "(" not in link):
        return f'It ends with "{link[-1]}", which belongs to the sentence. Take that away'
    return _host_problem(link)


def _host_problem(link: str) -> str | None:
    try:
        parts = urlsplit(link)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        return f"It cannot be read as an address ({error})"
    if parts.username is not None:
        return "It carries a user's name. Take out what stands before the @"
    if not _HOST.fullmatch(host) or host.rpartition(".")[2].lower() in _NOWHERE:
        return f'"{host}" is no public host name. Write one such as example.com'
    return None
