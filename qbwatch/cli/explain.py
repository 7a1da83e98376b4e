"""`qbwatch explain`: what a code, a pasted line or a log means, why, and what to do."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.formats import detect
from qbwatch.cause_search import causes_about
from qbwatch.cli.settings import load_catalogue, load_settings_if_any
from qbwatch.code_readings import family_of, known_codes, nearest_codes, readings
from qbwatch.errors import UsageError
from qbwatch.explain import explain_cause, explain_code, explain_lines, explain_log
from qbwatch.scan_files import HowToRead
from rules.codes import find_codes

if TYPE_CHECKING:
    import argparse

    from ingest.line_format import LineFormat
    from qbwatch.explain import Answer
    from qbwatch.scan import Summary
    from rules.catalogue import Catalogue
    from rules.event import Alternative

_WIDTH = 88
_MOST_TEXT = 4 << 20
_FEW_WORDS = 8  # up to which somebody's own words are looked up in the catalogue
_MANY = 3  # lines from which on a piece of a log is more than one saying
_ENDING = r"\.(?:txt|log|gz|zip|evtx|csv|json|xml)"
# Rooted, or without a blank: words of a log may end in a file's name, too.
_LIKE_A_PATH = re.compile(
    rf"(?:[A-Za-z]:\\|\\\\|~?/|\.{{1,2}}[\\/])[^<>|\"*?\r\n]+{_ENDING}|[^\s<>|\"*?]+{_ENDING}", re.IGNORECASE
)
_WHO = {"ops": "for ops to mend", "client": "for the client to mend", "provider": "for the provider to mend"}
_SURE = {
    "proof": "this is certain",
    "strong": "this is nearly certain",
    "likely": "this is likely",
    "weak": "this is a guess",
}


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = (
        "Examples: qbwatch explain QBWC1012; qbwatch explain 0x80040414; qbwatch explain -2147220460; qbwatch explain "
        "3140; qbwatch explain QWCLog.txt; qbwatch explain - and paste lines. "
        "Exit codes: 0 known, 1 no rule knows it, 2 nothing was asked or it cannot be read."
    )
    parser.add_argument("what", nargs="*", metavar="CODE-OR-LINE", help="a code, words or lines, a cause, a log, or -")
    parser.add_argument("--rules", type=Path, metavar="FOLDER", help="your own rules, beside the shipped ones")
    parser.add_argument("--json", action="store_true", help="one JSON object a meaning")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Explain."""
    settings = load_settings_if_any(options.config)
    own = settings.formats if settings else ()
    pages = settings.causes_url if settings else None
    catalogue = load_catalogue(options.rules or (settings.rules if settings else None), own, pages=pages)
    text = " ".join(options.what)
    path = _path(options.what)
    if path is not None:
        told = explain_log(catalogue, path, HowToRead(own=own))
        if not isinstance(told, str):
            return _print_log(path, *told, as_json=options.json)
        text = _text_of(path, told)
    elif text.strip() == "-":
        text = sys.stdin.buffer.read(_MOST_TEXT).decode("utf-8-sig", errors="replace")
    if not text.strip():
        raise UsageError(
            "nothing to explain. Write a code, such as QBWC1012 or 0x80040414, a line of a log in quotes, a log's "
            "path, or - to paste lines."
        )
    return _print_answers(catalogue, text, own, as_json=options.json)


def _path(what: list[str]) -> Path | None:
    """Return the file that is named, if it is one. Raises UsageError for a name of a file that is not there."""
    text = " ".join(what)
    if not text.strip() or "\n" in text or len(text) > 1000:
        return None
    path = Path(text).expanduser()
    if _is_there(path):
        return path
    if _LIKE_A_PATH.fullmatch(text):
        raise UsageError(f"{text}: there is no such file. Check the path, or paste the line itself in quotes.")
    return None


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        # Words that no file system takes for a name, such as a pasted line longer than one may be.
        return False


def _text_of(path: Path, why: str) -> str:
    """Return the words in a file that is no log of a known format. Raises UsageError for what holds none."""
    if path.is_dir():
        raise UsageError(f"{path}: {why}. Name a folder that holds logs, or one log.")
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_TEXT)
    except OSError as error:
        raise UsageError(f"{path}: it cannot be read ({error.strerror}).") from error
    if b"\0" in data or not data.strip():
        raise UsageError(f"{path}: {why}.")
    return data.decode("utf-8-sig", errors="replace")


def _print_answers(catalogue: Catalogue, text: str, own: tuple[LineFormat, ...], *, as_json: bool) -> int:
    named = explain_cause(catalogue, text)
    found = [named] if named else explain_code(catalogue, text)
    answers = explain_lines(catalogue, text, own) if found is None else found
    if as_json:
        for one in answers:
            print(json.dumps(one.as_json(), ensure_ascii=False))
    elif answers:
        print("\n\n".join(_told(one, lead=_lead(answers, at)) for at, one in enumerate(answers)))
    else:
        print(textwrap.fill(_healthy(text) or _unknown(catalogue, text), _WIDTH))
    return 0 if answers else 1


def _print_log(path: Path, answers: list[Answer], summary: Summary, *, as_json: bool) -> int:
    if as_json:
        for one in answers:
            print(json.dumps(one.as_json(), ensure_ascii=False))
        return 0
    held = f"{path}: {summary.records} records, {_count(summary.runs, 'run')}"
    if not answers:
        print(textwrap.fill(f"{held}. Nothing in it says that a sync failed.", _WIDTH))
        return 0
    print(textwrap.fill(f"{held}; {_count(len(answers), 'kind')} of trouble, the worst first.", _WIDTH), end="\n\n")
    print("\n\n".join(_told(one, lead="") for one in answers))
    return 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _lead(answers: list[Answer], at: int) -> str:
    if at == 0:
        return ""
    if answers[at].only_if:
        return "Or: "
    return "Less likely: " if answers[at].is_sidelight else "Also: "


def _told(one: Answer, *, lead: str) -> str:
    codes = f"{', '.join(one.codes)}: " if one.codes and one.rule else ""
    times = f", seen {one.count} times" if one.count > 1 else ""
    sure = f"; {_SURE[one.confidence]}" if one.rule else ""
    parts = [
        f"{lead}{one.title}",
        f"{codes}{one.cause}, {one.severity}, {_WHO[one.act]}{sure}{times}",
        *([textwrap.fill(f"Codes: {'; '.join(one.codes)}", _WIDTH)] if one.codes and not one.rule else []),
        *([textwrap.fill(f"Only if {one.only_if}.", _WIDTH)] if one.only_if else []),
        *([f"first: {one.seen}"] if one.seen and (one.count > 1 or ":" in one.seen.split(" ")[0]) else []),
        "",
        textwrap.fill(one.explanation, _WIDTH),
        "",
        "What to do:",
        *(textwrap.fill(f"{n}. {step}", _WIDTH, subsequent_indent="   ") for n, step in enumerate(one.steps, 1)),
        *(["", "It may also be:"] if one.others else []),
        *(textwrap.fill(f"- {_other(other)}", _WIDTH, subsequent_indent="  ") for other in one.others),
        *(["", "It is mended when:"] if one.verify else []),
        *(textwrap.fill(f"- {line}", _WIDTH, subsequent_indent="  ") for line in one.verify),
        *(["", "To tell the client:", textwrap.fill(one.client, _WIDTH)] if one.client else []),
        "",
        *one.links,
    ]
    return "\n".join(parts)


def _other(other: Alternative) -> str:
    """Say what it may be instead, with what speaks for it and against it."""
    against = f" But: {other.speaks_against}" if other.speaks_for and other.speaks_against else ""
    return f"{other.title} ({other.cause}). {other.speaks_for}{against}".rstrip(" .") + "."


def _healthy(text: str) -> str:
    """Say so where *text* is a piece of a log in which nothing looks like a failure."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < _MANY or find_codes(text) or detect(text.encode()).name is None:
        return ""
    return (
        f"Nothing in these {len(lines)} lines says that a sync failed. Look further down in the log, or name it whole."
    )


def _unknown(catalogue: Catalogue, text: str) -> str:
    """Say what can be said of what no rule knows."""
    known = known_codes(catalogue)
    codes = [one for one in readings(text, known) if " " not in one or "," in one] or list(find_codes(text))
    about = causes_about(catalogue, text) if not codes and len(text.split()) <= _FEW_WORDS else []
    if about:
        listed = "; ".join(f"{cause.name} ({cause.title})" for cause in about)
        return f"No rule knows these words. They may be about: {listed}. Ask for one: qbwatch explain {about[0].name}"
    if not codes:
        return (
            "No rule matches this. Give the whole line, with its stamp and the lines below it, or the code alone; or "
            "name the log: qbwatch explain QWCLog.txt. If it stands beside a failed sync, send the lines around it to "
            "the provider of the application, and write a rule for it: docs/rule-language.md shows how."
        )
    near = [other for code in codes for other in nearest_codes(code, known)]
    said = f"No rule knows {' or '.join(codes)}. {family_of(codes[0])}".rstrip()
    if near:
        said += f" Nearest known: {'; '.join(f'{code} ({_title(catalogue, code)})' for code in near[:3])}."
    return (
        f"{said} If it stands in a log beside a failed sync, explain the whole line, since its words may say more; "
        "send the lines around it to the provider of the application, and write a rule for it: "
        "docs/rule-language.md shows how."
    )


def _title(catalogue: Catalogue, code: str) -> str:
    answers = explain_code(catalogue, code)
    return answers[0].title if answers else "no cause"
