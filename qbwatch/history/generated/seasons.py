"""How often each cause strikes, when, and for how long: the seasons of a made-up history."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class Effect(Enum):
    """What a cause does to the runs of its time."""

    FAILS = "fails"  # each run of one application fails
    FAILS_ALL = "fails all"  # each run of the machine fails
    SILENCES = "silences"  # nothing runs on the machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """How a cause behaves: strikes a week on one machine or application, hours that it lasts, and when.

    `hours` are the local ones in which it begins; `swell` scales a week by its begin and how far it is from the end.
    """

    cause: str
    effect: Effect
    a_week: float
    lasts_hours: tuple[float, float]
    hours: tuple[int, int] = (0, 24)
    codes: tuple[str, ...] = ()
    words: str = ""
    swell: Callable[[datetime, int], float] = lambda _begins, _to_end: 1.0


def _month_end(begins: datetime, _to_end: int) -> float:
    """Swell around the turn of the month."""
    return 2.5 if begins.day >= 24 or begins.day <= 2 else 0.7


def _patch_week(begins: datetime, _to_end: int) -> float:
    """Keep to the week of the month's second Tuesday, when Windows restarts for its updates."""
    return 4.0 if 7 <= begins.day <= 13 else 0.3


def _growing(_begins: datetime, to_end: int) -> float:
    """Swell towards the end."""
    return max(0.3, 3.0 - 0.35 * to_end)


def _mended(_begins: datetime, to_end: int) -> float:
    """End two weeks before the end."""
    return 0.0 if to_end < 2 else 1.2


def _newcomer(_begins: datetime, to_end: int) -> float:
    """Begin in the last week."""
    return 1.0 if to_end < 1 else 0.0


def _outage(_begins: datetime, to_end: int) -> float:
    """Keep to one bad week of the provider."""
    return 14.0 if to_end == 5 else 0.3


SEASONS: Final = (
    Season(cause="popup_blocked", effect=Effect.FAILS_ALL, a_week=0.22, lasts_hours=(1, 11), hours=(7, 18),
           codes=("QBWC1053", "0x80040414"), swell=_month_end,
           words="QBWC1053: A modal dialog box is showing in the QuickBooks user interface."),
    Season(cause="machine_asleep", effect=Effect.SILENCES, a_week=0.20, lasts_hours=(3, 9), hours=(21, 24),
           words="The system has resumed from sleep.", swell=_growing),
    Season(cause="session_logged_out", effect=Effect.SILENCES, a_week=0.10, lasts_hours=(2, 13), hours=(17, 23),
           words="User Logoff Notification for Customer Experience Improvement Program"),
    Season(cause="machine_restarted", effect=Effect.SILENCES, a_week=0.06, lasts_hours=(3, 7), hours=(1, 4),
           words="The operating system started at system time.", swell=_patch_week),
    Season(cause="power_lost", effect=Effect.SILENCES, a_week=0.01, lasts_hours=(1, 20),
           words="The previous system shutdown was unexpected."),
    Season(cause="single_user_mode", effect=Effect.FAILS_ALL, a_week=0.18, lasts_hours=(0.5, 3), hours=(8, 17),
           codes=("0x80040414",), swell=_month_end,
           words="The company file is open in single-user mode by another user."),
    Season(cause="licenses_exhausted", effect=Effect.FAILS_ALL, a_week=0.10, lasts_hours=(1, 5), hours=(9, 15),
           codes=("0x8004041B",), words="The maximum number of users is signed in already.", swell=_mended),
    Season(cause="wrong_company_file_open", effect=Effect.FAILS_ALL, a_week=0.08, lasts_hours=(1, 8), hours=(8, 18),
           codes=("0x8004040A",), words="A QuickBooks company data file is already open and it is different."),
    Season(cause="web_service_unreachable", effect=Effect.FAILS, a_week=0.10, lasts_hours=(0.5, 6),
           codes=("QBWC1042",), words="QBWC1042: The remote name could not be resolved.", swell=_outage),
    Season(cause="auth_rejected_by_web_service", effect=Effect.FAILS, a_week=0.04, lasts_hours=(4, 140),
           codes=("QBWC1012",), words="QBWC1012: Authentication failed. Invalid user name or password."),
    Season(cause="quickbooks_busy", effect=Effect.FAILS, a_week=0.20, lasts_hours=(0.3, 1.5), hours=(9, 18),
           codes=("0x80040416",), words="QuickBooks is busy; try again later."),
    Season(cause="data_error", effect=Effect.FAILS, a_week=0.10, lasts_hours=(0.5, 3),
           codes=("qbXML/3140",), words="There is an invalid reference to an item in the request."),
    Season(cause="tls_certificate", effect=Effect.FAILS, a_week=0.06, lasts_hours=(8, 30),
           codes=("QBWC1048",), words="QBWC1048: The certificate could not be validated.", swell=_newcomer),
    Season(cause="quickbooks_crashed", effect=Effect.FAILS_ALL, a_week=0.05, lasts_hours=(0.5, 4),
           codes=("0x800706BA",), words="The RPC server is unavailable."),
    Season(cause="unclassified", effect=Effect.FAILS, a_week=0.05, lasts_hours=(0.5, 4),
           codes=("0x80040FFF",), words="Error 0x80040FFF: a component answered in a way that nobody expected."),
)  # fmt: skip
"""Every cause that strikes."""
