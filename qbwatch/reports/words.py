"""Numbers, lengths of time and lists in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def percent(share: float) -> str:
    """Write a share between 0 and 1; what is not whole is never rounded to 100 %, nor to nothing.

    >>> percent(0.99996), percent(0.614), percent(1.0)
    ('99.9 %', '61.4 %', '100 %')
    """
    if share in {0, 1}:
        return f"{share:.0%}".replace("%", " %")
    # Rounding up to 100.0 would deny the failures that stand below it.
    return f"{min(max(share, 0.001), 0.999) * 100:.1f} %"


def whole_percent(share: float) -> str:
    """Write a share between 0 and 1 without decimals.

    >>> whole_percent(0.614), whole_percent(0.001), whole_percent(0.997)
    ('61 %', 'under 1 %', '99 %')
    """
    if 0 < share < 0.01:
        return "under 1 %"
    return "100 %" if share == 1 else f"{min(round(share * 100), 99)} %"


def count(number: int) -> str:
    """Write a count with its thousands apart.

    >>> count(12345)
    '12,345'
    """
    return f"{number:,}"


def length(seconds: float) -> str:
    """Write a length of time.

    >>> length(20), length(90), length(4000), length(7200), length(200000), length(2000000)
    ('under 1 min', '2 min', '1 h 7 min', '2 h', '56 h', '556 h')
    """
    if not seconds:
        return "0 min"
    minutes = round(seconds / 60)
    if minutes < 1 or seconds < 30:
        return "under 1 min"
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    if hours >= 10 or not rest:
        return f"{count(round(minutes / 60))} h"
    return f"{hours} h {rest} min"


def several(number: int, noun: str, plural: str | None = None) -> str:
    """Write a small count as a word, with its noun.

    >>> several(3, "machine"), several(1, "machine"), several(12, "machine")
    ('three machines', 'one machine', '12 machines')
    """
    told = _NUMBERS[number] if number < len(_NUMBERS) else count(number)
    return f"{told} {noun if number == 1 else plural or noun + 's'}"


def times(number: int) -> str:
    """Say how often.

    >>> times(1), times(2), times(12)
    ('once', 'twice', '12 times')
    """
    return {1: "once", 2: "twice"}.get(number) or several(number, "time")


def listed(names: Sequence[str], most: int = 3) -> str:
    """Write the first of *names*, and how many more there are.

    >>> listed(["a", "b"]), listed(["a", "b", "c", "d", "e"])
    ('a and b', 'a, b, c and 2 more')
    """
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def capital(text: str) -> str:
    """Begin *text* with a capital letter."""
    return text[:1].upper() + text[1:]
