"""Other programs on the same job: tell how many runs failed of each cause in a log; and those that only read it."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generate_log import FAILURES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# What one would have grep look for: the codes and phrases of the known failures.
WORDS = (
    "QBWC1012", "QBWC1013", "QBWC1030", "QBWC1035", "QBWC1039", "QBWC1041", "QBWC1042", "QBWC1043", "QBWC1044",
    "QBWC1045", "QBWC1048", "QBWC1049", "QBWC1050", "QBWC1053", "QBWC1055", "0x80040401", "0x80040402", "0x80040408",
    "0x80040410", "0x80040414", "0x80040416", "0x80040418", "0x8004041A", "0x80040420", "0x80040422", "0x80040423",
    "modal dialog box", "already has the company file open", "Could not start QuickBooks", "StackTrace =",
    "Unhandled exception", "Authentication failed", "UpdateLock = TRUE", "Not a valid username and password",
    "SocketException",
)  # fmt: skip
_LINES = "import sys\nfor line in open(sys.argv[1], 'rb'): pass"
_POPUP = "QBWebConnector.SOAPWebService.handleModalDialogError()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A program: its command, whether the log is its input, and how its output tells causes; None if it cannot.

    One that is slow is given a smaller log.
    """

    name: str
    command: list[str]
    reads_input: bool = False
    counts: Callable[[str], Counter[str]] | None = None
    is_slow: bool = False
    is_there: bool = True


def peers(log: Path, small: Path, folder: Path) -> list[Peer]:
    """Return the programs with their settings written to *folder*; a slow one is to read *small*, others *log*."""
    words = folder / "words"
    words.write_text("\n".join(WORDS) + "\n")
    made = [
        Peer(name="grep -c -F -f", command=["grep", "-c", "-F", "-f", str(words), str(log)]),
        Peer(name="ripgrep, one thread", command=["rg", "-c", "-j1", "-F", "-f", str(words), str(log)]),
        Peer(name="wc -l", command=["wc", "-l", str(log)]),
        Peer(name="Python's lines", command=[sys.executable, "-c", _LINES, str(log)]),
        _lognormalizer(folder),
        _lnav(log, folder),
        _sec(small, folder),
        _fail2ban(small, folder),
    ]
    return [_looked_for(peer) for peer in made]


def _looked_for(peer: Peer) -> Peer:
    there = shutil.which(peer.command[0]) is not None
    return Peer(
        name=peer.name, command=peer.command, reads_input=peer.reads_input, counts=peer.counts, is_slow=peer.is_slow,
        is_there=there,
    )  # fmt: skip


def _lognormalizer(folder: Path) -> Peer:
    rules = folder / "qwc.rulebase"
    lines = [
        f"rule={cause}:%-:word% UTC\t: {_POPUP} : %-:rest%" if _POPUP in text else f"rule={cause}:{words}%-:rest%"
        for cause, (text, words) in FAILURES.items()
    ]
    rules.write_text("version=2\n" + "\n".join(lines) + "\n")
    return Peer(
        name="lognormalizer",
        command=["lognormalizer", "-r", str(rules), "-e", "json", "-p", "-T"],
        reads_input=True,
        counts=lambda out: Counter(re.findall(r'"event\.tags": \[ "(\w+)"', out)),
    )


def _lnav(log: Path, folder: Path) -> Peer:
    place = folder / "lnav" / "formats" / "qwc"
    place.mkdir(parents=True, exist_ok=True)
    pattern = r"^(?<timestamp>\d{8}\.\d{2}:\d{2}:\d{2}) UTC\t: (?<body>.*)$"
    look = {
        "title": "QWCLog",
        "regex": {"std": {"pattern": pattern}},
        "timestamp-format": ["%Y%m%d.%H:%M:%S"],
        "sample": [{"line": "20260310.02:00:09 UTC\t: x"}],
    }
    schema = "https://lnav.org/schemas/format-v1.schema.json"
    (place / "format.json").write_text(json.dumps({"$schema": schema, "qwc_log": look}))
    asked = " UNION ALL ".join(
        f"SELECT '{cause}', count(*) FROM qwc_log WHERE log_text LIKE '%{words}%'"  # noqa: S608 - our own words
        for cause, (_, words) in FAILURES.items()
    )
    return Peer(
        name="lnav",
        command=["lnav", "-n", "-I", str(folder / "lnav"), "-c", f";{asked}", "-c", ":write-csv-to -", str(log)],
        counts=lambda out: Counter(
            {cause: int(count) for cause, count in re.findall(r"^(\w+),(\d+)$", out, re.MULTILINE)}
        ),
    )


def _sec(log: Path, folder: Path) -> Peer:
    rules = folder / "sec.conf"
    rules.write_text(
        "\n".join(
            f"type=Single\nptype=SubStr\npattern={words}\ndesc={cause}\naction=write - {cause}\n"
            for cause, (_, words) in FAILURES.items()
        )
    )
    return Peer(
        name="sec",
        command=["sec", f"--conf={rules}", f"--input={log}", "--notail"],
        counts=lambda out: Counter(line for line in out.split() if line in FAILURES),
        is_slow=True,
    )


def _fail2ban(log: Path, folder: Path) -> Peer:
    rules = folder / "qwc.conf"
    failures = "\n            ".join(f"<F-ID>{re.escape(words)}</F-ID>" for _, words in FAILURES.values())
    rules.write_text(f"[Definition]\nfailregex = {failures}\n")
    found = re.compile(r"^\|\s+\d+\) \[(\d+)\] <F-ID>(.+)</F-ID>$", re.MULTILINE)

    def counts(out: str) -> Counter[str]:
        by_words = {re.escape(words): cause for cause, (_, words) in FAILURES.items()}
        return Counter({by_words[words]: int(count) for count, words in found.findall(out)})

    return Peer(
        name="fail2ban-regex",
        command=["fail2ban-regex", "-d", r"^%Y%m%d\.%H:%M:%S UTC", str(log), str(rules)],
        counts=counts,
        is_slow=True,
    )
