"""The lines of .rules files, in pyparsing: sections, and the statements in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import pyparsing as pp

CAUSE_NEEDS = ("title", "severity", "act", "explain", "step", "link")
CAUSE_KEYS = (*CAUSE_NEEDS, "verify", "client")
RULE_KEYS = (
    "cause", "in", "when", "confidence", "role", "fallback", "priority", "note", "step", "link",
    "sample", "expect", "never",
)  # fmt: skip


_KINDS = ("cause", "rule")


class LanguageError(Exception):
    """A text is not of the language: what is wrong, and where in the text that was given (0-based)."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(problem)
        self.position = position
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A keyword with its value: the rest of its line and the deeper-indented lines below it.

    `key_at` and `value_at` are positions in the file's text. `variant` is what stands in parentheses behind the
    keyword, as in `sample(qbsdk)`.
    """

    key: str
    variant: str | None
    value: str
    key_at: int
    value_at: int

    @property
    def prose(self) -> str:
        """The value as one line."""
        return " ".join(self.value.split())

    @property
    def word(self) -> str:
        """The value without a remark behind it."""
        return re.sub(r"\s+#.*", "", self.prose)

    @property
    def lines(self) -> list[str]:
        """The value of a sample: its first line, and those that follow behind `| `."""
        first, *rest = self.value.split("\n")
        return [first.rstrip("\r"), *(line.lstrip(" \t")[1:].removeprefix(" ").rstrip("\r") for line in rest)]

    @property
    def has_several(self) -> bool:
        """Whether the value of a sample holds further records."""
        return any(line.lstrip(" \t").startswith(">") for line in self.value.split("\n")[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A cause or a rule with its statements."""

    kind: str
    name: str
    at: int
    statements: list[Statement]


_HEAD = pp.Regex(r"(?P<kind>[A-Za-z]\w*)[ \t]+(?P<name>[\w.-]+)[ \t]*(?:#.*)?") + pp.StringEnd()
_STATEMENT = pp.Regex(
    r"(?P<indent>[ \t]+)(?P<key>[A-Za-z]\w*)(?:\((?P<variant>[\w-]+)\))?(?:[ \t]+(?P<value>.*))?"
) + pp.StringEnd()  # fmt: skip
_IGNORED = pp.Regex(r"[ \t]*(?:#.*)?") + pp.StringEnd()
for _line_form in (_HEAD, _STATEMENT, _IGNORED):
    _line_form.leave_whitespace().parse_with_tabs()


def read_sections(text: str, faults: list[LanguageError]) -> list[Section]:
    """Part *text* into sections; what is of no known form is added to *faults* and passed over."""
    sections: list[Section] = []
    statement_indent = 0
    at = 0
    for line in text.split("\n"):
        start, at = at, at + len(line) + 1
        indent = len(line) - len(line.lstrip(" \t"))
        last = sections[-1].statements if sections else []
        if last and statement_indent and indent > statement_indent and _continues(last[-1], line):
            last[-1] = _longer(last[-1], text[start : start + len(line)])
        elif _parsed(_IGNORED, line) is not None:
            continue
        elif indent == 0:
            statement_indent = 0
            _begin_section(line, start, sections, faults)
        elif sections:
            statement_indent = indent
            _begin_statement(line, start, last, faults)
        else:
            faults.append(
                LanguageError(start + indent, "this belongs to nothing. Begin with: cause NAME, or: rule NAME")
            )
    return sections


def _continues(statement: Statement, line: str) -> bool:
    """Tell whether the deeper-indented *line* belongs to *statement*; a sample's further lines begin with a mark."""
    return statement.key not in {"sample", "never"} or line.lstrip(" \t").startswith(("|", ">"))


def _longer(statement: Statement, line: str) -> Statement:
    return Statement(
        key=statement.key, variant=statement.variant, value=f"{statement.value}\n{line}",
        key_at=statement.key_at, value_at=statement.value_at,
    )  # fmt: skip


def _begin_section(line: str, start: int, sections: list[Section], faults: list[LanguageError]) -> None:
    head = _parsed(_HEAD, line.rstrip("\r"))
    kind, _, name = line.strip().partition(" ")
    if head is None and kind in _KINDS:
        faults.append(LanguageError(start, f"{_bad_name(kind, name.strip())}. Write for example: {kind} ours.printer"))
        sections.append(Section(kind=kind, name=name.strip() or "without a name", at=start, statements=[]))
        return
    if head is None or head["kind"] not in _KINDS:
        faults.append(
            LanguageError(start, "a line without indentation begins a block. Write: cause NAME, or: rule NAME")
        )
        # What follows belongs to a block that is not there; keep it out of the one before.
        sections.append(Section(kind="", name="", at=start, statements=[]))
        return
    sections.append(Section(kind=head["kind"], name=head["name"], at=start, statements=[]))


def _bad_name(kind: str, name: str) -> str:
    if not name:
        return f"this {kind} has no name"
    return f'"{name}" is no name. A name is one word of letters, digits, "_", "." and "-"'


def _begin_statement(line: str, start: int, last: list[Statement], faults: list[LanguageError]) -> None:
    found = _parsed(_STATEMENT, line.rstrip("\r"))
    if found is None:
        faults.append(LanguageError(start + len(line) - len(line.lstrip()), "a statement begins with its keyword"))
        return
    value = found.get("value") or ""
    key_at = start + len(found["indent"])
    value_at = start + len(line.rstrip("\r")) - len(value)
    last.append(
        Statement(key=found["key"], variant=found.get("variant"), value=value, key_at=key_at, value_at=value_at)
    )


def _parsed(form: pp.ParserElement, line: str) -> dict[str, Any] | None:
    try:
        return form.parse_string(line).as_dict()
    except pp.ParseException:
        return None


def nearest(word: str, known: tuple[str, ...]) -> str:
    """Return a hint that names the known word nearest to *word*, or all of them."""
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f'Did you mean "{near[0]}"?' if near else f"Write one of: {', '.join(known)}"
