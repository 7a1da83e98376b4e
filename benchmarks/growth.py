"""How `qbwatch scan` grows: with the log's size, the share of failures, VERBOSE bodies, runs without work, and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generate_log import Shares, write
from peers import peers
from scan import GREP, STORED, Row, check, run, scanned

if TYPE_CHECKING:
    from pathlib import Path

_MB = 20
_KINDS = {
    "0.1 % failures": Shares(failing=0.001),
    "1 % failures": Shares(failing=0.01),
    "3 % failures": Shares(failing=0.03),
    "30 % failures": Shares(failing=0.3),
    "VERBOSE bodies in every run": Shares(verbose=1.0),
    "no VERBOSE bodies": Shares(verbose=0.0),
    "90 % of runs without work": Shares(idle=0.9, verbose=0.02),
}
_CAUSE = """cause bench
    title     A made-up trouble
    severity  warning
    act       ops
    explain   Made for measuring.
    step      Nothing.
    link      https://example.com/

"""
_RULE = """rule bench.r{number}
    cause   bench
    in      qbwc
    when    text contains "the widget {word} is stuck"
    sample  20260310.02:00:09 UTC\t: QBWebConnector.SOAPWebService.x() : the widget {word} is stuck
    never   20260310.02:00:09 UTC\t: QBWebConnector.SOAPWebService.x() : the widget is fine

"""
_LETTERS = "bcdfghjklm"


def show_growth(folder: Path, sizes: list[int], rounds: int, *, more: bool) -> None:
    """Print a table of *sizes* in MB; with *more*, one of kinds of logs and one of rules."""
    print(f"\n{'':30}{'MB/s, store':>12}{'inside':>8}{'of grep':>9}{'inside':>8}{'by CPU':>8}{'MB':>6}")
    log = folder / "grown.txt"
    for size in sizes:
        _show(f"{size} MB", log, size, Shares(), folder, rounds=rounds)
    if not more:
        return
    print()
    for name, shares in _KINDS.items():
        _show(name, log, _MB, shares, folder, rounds=rounds)
    print()
    for count in (0, 50, 500):
        _show(f"{count} more rules", log, _MB, Shares(), folder, *_rules(folder, count), rounds=rounds)


def _show(name: str, log: Path, megabytes: int, shares: Shares, folder: Path, *more: str, rounds: int) -> None:
    check(log, write(log, megabytes, shares), *more)
    size = log.stat().st_size
    rows: dict[str, Row] = {}
    grep = peers(log, log, folder)[0]
    for _ in range(rounds):
        rows.setdefault(GREP, Row(size)).add(run(grep.command))
        for which, used in scanned(log, *more):
            rows.setdefault(which, Row(size)).add(used)
    rate, whole, within = (rows[which].rate() for which in (GREP, STORED, f"{STORED}, inside"))
    memory = rows[STORED].memory_kb / 1024
    by_cpu = rows[STORED].rate(cpu=True) / rows[GREP].rate(cpu=True)
    print(
        f"{name:30}{whole:12.1f}{within:8.1f}{whole / rate:9.2f}{within / rate:8.2f}{by_cpu:8.2f}{memory:6.0f}",
        flush=True,
    )


def _rules(folder: Path, count: int) -> tuple[str, ...]:
    if not count:
        return ()
    place = folder / f"rules{count}"
    place.mkdir(exist_ok=True)
    words = ("".join(_LETTERS[int(digit)] + "a" for digit in f"{number:04}") for number in range(count))
    rules = (_RULE.format(number=number, word=f"zy{word}") for number, word in enumerate(words))
    (place / "bench.rules").write_text(_CAUSE + "".join(rules))
    return ("--rules", str(place))
