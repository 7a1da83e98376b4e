"""Make a page for each cause of the catalogue, and an index by topic and by code, as Markdown."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ingest.record import Record, Span
from rules.event import Role
from rules.links import is_own

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rules.catalogue import Catalogue, Cause, Rule, Sample

INDEX = "README.md"
_MARK = "<!-- Made from the rule files by `qbwatch rules pages`. Change the rules, not this page. -->"
_OWN = "own"
_LONGEST_LINE = 400
_MOST_LINES = 6
_TOPICS = {
    "absence": "Why nothing happened",
    "company-file": "The company file",
    "connector": "Web Connector on the machine",
    "dialogs": "Dialogs on QuickBooks' screen",
    "licences": "Licences and users",
    "own": "qbwatch itself",
    "permission": "Permission in QuickBooks",
    "preventive": "What will stop a sync one of these nights",
    "quickbooks": "QuickBooks itself",
    "sdk": "Versions, the SDK, and what the application asks for",
    "unclassified": "What is not yet known",
    "web-service": "The provider's web service",
    "windows": "The Windows machine",
}
_SEVERITY = {
    "critical": "Critical: act now",
    "error": "Error: act today",
    "warning": "Warning: look at it",
    "notice": "Notice: for the weekly report",
}
_ACT = {
    "ops": "those who look after the machine act",
    "client": "the client's people act",
    "provider": "the provider of the application acts",
}
_SURE = {"proof": "certain", "strong": "nearly certain", "likely": "likely", "weak": "a guess"}


def write_pages(catalogue: Catalogue, folder: Path) -> list[Path]:
    """Write all pages into *folder*, and take away those of causes that are gone; return what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = make_pages(catalogue)
    for old in folder.glob("*.md"):
        if old.name not in pages and _MARK in old.read_text(encoding="utf-8", errors="replace"):
            old.unlink()
    written = [folder / name for name in pages]
    for path in written:
        path.write_text(pages[path.name], encoding="utf-8", newline="\n")
    return written


def make_pages(catalogue: Catalogue) -> Mapping[str, str]:
    """Return the text of every page by the name of its file, the index among them."""
    rules: dict[str, list[Rule]] = {name: [] for name in catalogue.causes}
    for rule in catalogue.rules:
        rules[rule.cause].append(rule)
    pages = {f"{cause.name}.md": _page(cause, rules[cause.name]) for cause in catalogue.causes.values()}
    return {INDEX: _index(catalogue), **pages}


# --- one cause --------------------------------------------------------------------------------------------------


def _page(cause: Cause, rules: list[Rule]) -> str:
    filled = cause.filled({})
    parts = [
        f"# {_text(cause.title)}",
        _MARK,
        f"`{cause.name}`. {_SEVERITY[cause.severity]}; {_ACT[cause.act]}.",
        "## What you see",
        *_seen(cause, rules),
        "## Why",
        _text(filled.explanation),
        "## What to do",
        _numbered(filled.steps),
        *(["## It is mended when", _listed(filled.verify)] if filled.verify else []),
        *(["## What to tell the client", f"> {_text(filled.client)}"] if filled.client else []),
        *(["## Every line that shows it", *_readings(cause, rules)] if rules else []),
        "## Read more",
        "\n".join(f"- {_link(link)}" for link in filled.links),
    ]
    return "\n\n".join(parts) + "\n"


def _link(link: str) -> str:
    # The pages lie in docs/causes.
    return f"[{link}](../{link.removeprefix('docs/')})" if is_own(link) else f"<{link}>"


def _seen(cause: Cause, rules: list[Rule]) -> Iterator[str]:
    if not rules and PurePosixPath(cause.place.file).stem == _OWN:
        yield "No line of a log says it; qbwatch finds it in its own work."
        return
    if not rules:
        yield "No line of a log says it; it is concluded from what is missing and from what Windows tells of that time."
        return
    yield "Most often the log has this:"
    yield _sample(rules[0].samples[0])
    codes = _in_order({code for rule in rules for code in rule.condition.codes})
    if codes:
        yield f"Codes: {', '.join(_code(code) for code in codes)}."


def _note(cause: Cause, rule: Rule) -> str:
    return _text(cause.filled({}, rule=rule).explanation.removeprefix(cause.filled({}).explanation).strip())


def _readings(cause: Cause, rules: list[Rule]) -> Iterator[str]:
    for rule in rules:
        yield f"### `{rule.name}`"
        told = "It only goes with a failure, and never alarms by itself." if rule.role is Role.ECHO else ""
        told = " ".join(filter(None, (f"By this line the cause is {_SURE[rule.confidence]}.", told)))
        yield " ".join(filter(None, (_note(cause, rule), told)))
        yield _sample(rule.samples[0])
        if rule.steps:
            yield "Here, do this instead:"
            yield _numbered(cause.filled({}, rule=rule).steps)
        if rule.links:
            yield f"See {', '.join(map(_link, rule.links))}."


def _sample(sample: Sample) -> str:
    lines = sample.text.replace("\r\n", "\n").rstrip("\n").split("\n")
    shown = [line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…" for line in lines[:_MOST_LINES]]
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", sample.text)), 0)
    return "\n".join([f"{fence}text", *shown, fence])


# --- the index --------------------------------------------------------------------------------------------------


def _index(catalogue: Catalogue) -> str:
    parts = [
        "# Why syncs fail",
        _MARK,
        f"{len(catalogue.causes)} causes, each with what to do. `qbwatch explain CODE-OR-LINE` tells the same.",
        "## By topic",
    ]
    for topic, causes in _by_topic(catalogue).items():
        rows = "\n".join(f"- [{_text(cause.title)}]({cause.name}.md) (`{cause.name}`)" for cause in causes)
        parts += [f"### {_text(topic)}", rows]
    parts += [
        "## By code",
        "A code that wraps another message has several causes; the first is what it means where nothing else is known.",
        "\n".join(["| code | cause | what it says | how sure |", "|---|---|---|---|", *_code_rows(catalogue)]),
    ]
    return "\n\n".join(parts) + "\n"


def _by_topic(catalogue: Catalogue) -> dict[str, list[Cause]]:
    topics: dict[str, list[Cause]] = {}
    for cause in sorted(catalogue.causes.values(), key=lambda one: (one.place.file, one.place.line)):
        stem = PurePosixPath(cause.place.file.replace("\\", "/")).stem
        topics.setdefault(_TOPICS.get(stem, stem), []).append(cause)
    return topics


def _code_rows(catalogue: Catalogue) -> Iterator[str]:
    causes: dict[str, dict[str, None]] = {}
    for rule in catalogue.rules:
        for code in rule.condition.codes:
            causes.setdefault(code, {})[rule.cause] = None
    for code in _in_order(causes):
        alone = catalogue.match(_line(code), None)
        names = dict.fromkeys((*([alone.rule.cause] if alone else []), *causes[code]))
        links = "; ".join(f"[{_text(catalogue.causes[name].title)}]({name}.md)" for name in names)
        note = _note(catalogue.causes[alone.rule.cause], alone.rule) if alone else ""
        yield f"| {_code(code)} | {links} | {note} | {_SURE[alone.rule.confidence] if alone else ''} |"


def _line(code: str) -> Record:
    return Record(format="qbwc", time=None, component="", message=code, span=Span(offset=0, length=0, line=1))


# --- words ------------------------------------------------------------------------------------------------------


def _in_order(codes: Mapping[str, object] | set[str]) -> list[str]:
    """Return *codes* by kind: hexadecimal ones, Web Connector's, QuickBooks', qbXML's, then those of Windows."""
    kinds = (r"0x", r"QBWC", r"H\d|-", r"qbXML", "")

    def place(code: str) -> tuple[int, list[int], str]:
        numbers = [] if code.startswith("0x") else [int(number) for number in re.findall(r"\d+", code)]
        return (next(at for at, kind in enumerate(kinds) if re.match(kind, code)), numbers, code)

    return sorted(codes, key=place)


def _code(code: str) -> str:
    """Return *code* as the reader may meet it: with its decimal form, by which people search, too."""
    if code.startswith("0x"):
        return f"`{code}` ({int(code, 16) - (1 << 32)})"
    return f"qbXML status `{code.removeprefix('qbXML/')}`" if code.startswith("qbXML/") else f"`{code}`"


def _numbered(steps: tuple[str, ...]) -> str:
    return "\n".join(f"{number}. {_text(step)}" for number, step in enumerate(steps, 1))


def _listed(lines: tuple[str, ...]) -> str:
    return "\n".join(f"- {_text(line)}" for line in lines)


def _text(text: str) -> str:
    """Return *text* so that Markdown takes none of it for its own signs."""
    return re.sub(r"([\\`*_\[\]<|])", r"\\\1", text)
