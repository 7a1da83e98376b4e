"""Links of causes and rules: what can be told of a link from its look alone."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

CAUSE = "{cause}"
"""Stands in the address of somebody's own pages for the name of the cause."""

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]", re.IGNORECASE)
_NO_PUBLIC_HOST = " is no public host name. Write one such as example.com"
_NOWHERE = {"localhost", "local", "invalid", "test", "internal", "lan"}


def is_own(link: str) -> bool:
    """Say whether *link* is a page of qbwatch's own documentation, as it lies beside the program.

    >>> is_own("docs/rule-language.md")
    True
    """
    return re.fullmatch(r"docs/[\w-]+\.md", link) is not None


def link_problem(link: str) -> str | None:
    """Return why *link* cannot lead anywhere and what to write instead, None if it may.

    >>> link_problem("https://example.com/page.")
    'It ends with ".", which belongs to the sentence. Take that away'
    """
    if is_own(link):
        return None
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
        return f'"{host}"{_NO_PUBLIC_HOST}'
    return None


def page_of(pages: str, cause: str) -> str:
    """Return the address of the page about *cause*; *pages* is where all of them lie, or how each is named.

    >>> page_of("https://docs.example.com/causes", "popup_blocked")
    'https://docs.example.com/causes/popup_blocked'
    >>> page_of("https://docs.example.com/{cause}.html", "popup_blocked")
    'https://docs.example.com/popup_blocked.html'
    """
    return pages.replace(CAUSE, cause) if CAUSE in pages else f"{pages.rstrip('/')}/{cause}"


def pages_problem(pages: str) -> str | None:
    """Return why *pages* cannot be the address of somebody's own pages; they may lie in a network of their own.

    >>> pages_problem("docs.example.com/causes")
    'Write one that begins with https://'
    """
    page = page_of(pages, "popup_blocked")
    problem = "Write one that begins with https://" if is_own(page) else link_problem(page)
    is_private = problem is not None and problem.endswith(_NO_PUBLIC_HOST)
    if is_private and urlsplit(page).hostname:
        return None
    if problem is None and re.search(r"[{}]", page):
        return f"It holds braces. Only {CAUSE} stands in braces, for the name of the cause"
    return problem
