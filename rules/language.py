"""The grammar of .rules files, in pyparsing: their lines, and the condition of a rule's `when`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import pyparsing as pp

from rules import condition
from rules.codes import canonical
from rules.pattern import UnsafePatternError, checked, needs_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.condition import Condition

CAUSE_KEYS = ("title", "severity", "act", "explain", "step", "link")
RULE_KEYS = (
    "cause", "in", "when", "confidence", "role", "fallback", "priority", "note", "step", "link",
    "sample", "expect", "never",
)  # fmt: skip
FIELDS = ("text", "component", "application", "level", "format")


class LanguageError(Exception):
    """A text is not of the language: what is wrong, and where in the text that was given (0-based)."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(problem)
        self.position = position
        self.problem = problem


# --- lines ------------------------------------------------------------------------------------------------------


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
        return [
            first.rstrip("\r"),
            *(line.lstrip(" \t").removeprefix("|").removeprefix(" ").rstrip("\r") for line in rest),
        ]


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
    """Tell whether the deeper-indented *line* belongs to *statement*; a record's further lines begin with a bar."""
    return statement.key not in {"sample", "never"} or line.lstrip(" \t").startswith("|")


def _longer(statement: Statement, line: str) -> Statement:
    return Statement(
        key=statement.key, variant=statement.variant, value=f"{statement.value}\n{line}",
        key_at=statement.key_at, value_at=statement.value_at,
    )  # fmt: skip


def _begin_section(line: str, start: int, sections: list[Section], faults: list[LanguageError]) -> None:
    head = _parsed(_HEAD, line.rstrip("\r"))
    if head is None or head["kind"] not in {"cause", "rule"}:
        faults.append(
            LanguageError(start, "a line without indentation begins a block. Write: cause NAME, or: rule NAME")
        )
        # What follows belongs to a block that is not there; keep it out of the one before.
        sections.append(Section(kind="", name="", at=start, statements=[]))
        return
    sections.append(Section(kind=head["kind"], name=head["name"], at=start, statements=[]))


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


# --- conditions -------------------------------------------------------------------------------------------------


def read_condition(text: str) -> Condition:
    """Parse a rule's `when`. Raises LanguageError with the position in *text*."""
    try:
        found = _CONDITION.parse_string(text, parse_all=True)
    except pp.ParseFatalException as error:
        raise LanguageError(error.loc, str(error.msg)) from error
    except pp.ParseException as error:
        raise LanguageError(min(error.loc, len(text)), _unexpected(text, error.loc)) from error
    result: Condition = found[0]
    return result


def _unexpected(text: str, at: int) -> str:
    rest = text[at:].split()
    if not rest:
        return 'the condition ends too early. Write for example: code is QBWC1053 or text contains "…"'
    return f'"{rest[0]}" does not fit here. Write for example: code is QBWC1053 or text contains "…"'


def _code(text: str, at: int, found: pp.ParseResults) -> Condition:
    try:
        return condition.code([canonical(one) for one in found["codes"]])
    except ValueError as error:
        raise pp.ParseFatalException(text, at, str(error)) from error


def _words(text: str, at: int, found: pp.ParseResults) -> Condition:
    field, verb, values = found["field"], found["verb"], list(found["values"])
    if field == "format":
        raise pp.ParseFatalException(text, at, "formats are named by the rule's `in`, not in its condition")
    if any(not value.split() for value in values):
        raise pp.ParseFatalException(text, at, "the text is empty; it would match everything")
    if verb == "contains":
        return condition.any_of([condition.contains(field, value) for value in values])
    return condition.equals(field, values)


def _pattern(text: str, at: int, found: pp.ParseResults) -> Condition:
    try:
        expression = checked(found["pattern"])
    except UnsafePatternError as error:
        raise pp.ParseFatalException(text, at, str(error)) from error
    return condition.pattern(expression, needs_of(expression))


def _field_name(text: str, at: int, found: pp.ParseResults) -> None:
    if found[0] not in FIELDS:
        known = (*FIELDS, "code", "pattern")
        raise pp.ParseFatalException(text, at, f'"{found[0]}" is nothing that a record has. {nearest(found[0], known)}')


def _build() -> pp.ParserElement:
    quoted = pp.QuotedString('"', esc_char="\\", unquote_results=True, convert_whitespace_escapes=False)
    # In a pattern a backslash is the pattern's own.
    raw = pp.Regex(r'"((?:[^"\\\n]|\\.)*)"').set_parse_action(lambda found: found[0][1:-1].replace('\\"', '"'))
    bare_code = pp.Regex(r"[^\s(),\"]+")
    one_code = quoted | bare_code
    codes = pp.Group(pp.Suppress("(") + pp.DelimitedList(one_code) + pp.Suppress(")"))
    keyword = pp.CaselessKeyword
    of_code = keyword("code").suppress() + (
        keyword("is").suppress() + pp.Group(one_code)("codes") | keyword("in").suppress() - codes("codes")
    )
    one_word = quoted | pp.Regex(r"[\w./-]+")
    words = pp.Group(pp.Suppress("(") + pp.DelimitedList(one_word) + pp.Suppress(")"))
    joining = pp.MatchFirst([keyword(word) for word in ("and", "or", "not", "code", "pattern")])
    name = ~joining + pp.Regex(r"[A-Za-z_]\w*").set_parse_action(_field_name)("field")
    verb = keyword("contains")("verb") - pp.Group(quoted)("values")
    verb |= keyword("is")("verb") - pp.Group(one_word)("values")
    verb |= keyword("in")("verb") - words("values")
    predicate = of_code.set_parse_action(_code)
    predicate |= (keyword("pattern").suppress() - raw("pattern")).set_parse_action(_pattern)
    predicate |= (name - verb).set_parse_action(_words)
    whole: pp.ParserElement = pp.infix_notation(  # type: ignore[no-untyped-call]
        predicate,
        [
            (keyword("not"), 1, pp.OpAssoc.RIGHT, lambda found: condition.none_of(found[0][-1])),
            (keyword("and"), 2, pp.OpAssoc.LEFT, lambda found: condition.all_of(list(_operands(found)))),
            (keyword("or"), 2, pp.OpAssoc.LEFT, lambda found: condition.any_of(list(_operands(found)))),
        ],
    )
    return whole.parse_with_tabs()


def _operands(found: pp.ParseResults) -> Iterator[Condition]:
    return (part for part in found[0] if not isinstance(part, str))


_CONDITION = _build()
