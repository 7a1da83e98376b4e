"""Who is told: a receiver and its secret address."""

from __future__ import annotations

from dataclasses import dataclass


class SecretUrl:
    """An Apprise URL that never shows itself in a log, an error or a traceback."""

    __slots__ = ("_url",)

    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def scheme(self) -> str:
        """What stands before `://`, in lower case; empty when there is none."""
        return self._url.partition("://")[0].lower() if "://" in self._url else ""

    def reveal(self) -> str:
        """Return the URL itself, for the one who sends."""
        return self._url

    def __repr__(self) -> str:
        return f"SecretUrl('{self.scheme}://[secret]')"

    def __str__(self) -> str:
        return f"{self.scheme}://[secret]"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretUrl) and self._url == other._url

    def __hash__(self) -> int:
        return hash(self._url)

    def __reduce__(self) -> str:
        raise TypeError("a secret URL is not pickled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """One recipient under the name that routes use."""

    name: str
    url: SecretUrl


class ReceiverError(ValueError):
    """A receiver cannot be used; the text names it and says what to write instead, without its secret."""

    def __init__(self, receiver: str, problem: str, instead: str) -> None:
        super().__init__(f"receiver {receiver!r}: {problem}. {instead}")
        self.receiver = receiver
        self.problem = problem
        self.instead = instead
