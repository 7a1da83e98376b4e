"""What a check found: fine, a warning or a fault; what that means, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How bad it is: with a fault, some alert does not arrive; a warning is what may become one."""

    FINE = "fine"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the doctor; `means` and `do` are empty where nothing is to be said."""

    verdict: Verdict
    what: str
    means: str = ""
    do: str = ""


def fine(what: str, means: str = "") -> Finding:
    """Return that all is well."""
    return Finding(verdict=Verdict.FINE, what=what, means=means)


def warning(what: str, means: str, do: str) -> Finding:
    """Return what may keep an alert from arriving some day."""
    return Finding(verdict=Verdict.WARNING, what=what, means=means, do=do)


def fault(what: str, means: str, do: str) -> Finding:
    """Return what keeps alerts from arriving now."""
    return Finding(verdict=Verdict.FAULT, what=what, means=means, do=do)
