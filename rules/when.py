"""The grammar of a rule's `when`, in pyparsing: text to Condition."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pyparsing as pp

from ingest.record import Outcome
from rules import condition
from rules.codes import canonical
from rules.language import LanguageError, nearest
from rules.pattern import UnsafePatternError, checked, needs_of
from rules.threshold import MOST_TIMES, UNITS, Per, Threshold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.condition import Condition

FIELDS = ("text", "component", "application", "product", "level", "outcome", "format")
SHORTEST_NEED = 3
_LONGEST_WINDOW = timedelta(days=7)
_EXAMPLE = 'Write for example: code is QBWC1053 or text contains "…"'
NOTHING_SOUGHT = (
    "nothing in this condition must stand in the line, so every line would have to be tried. "
    f"Add a code or a text of at least {SHORTEST_NEED} letters"
)


def read_condition(text: str) -> Condition:
    """Parse a rule's `when`. Raises LanguageError with the position in *text*."""
    try:
        found = _WHEN.parse_string(text, parse_all=True)
    except pp.ParseFatalException as error:
        raise LanguageError(error.loc, str(error.msg)) from error
    except pp.ParseException as error:
        raise LanguageError(min(error.loc, len(text)), _unexpected(text, error.loc)) from error
    result: Condition = found[0]
    return replace(result, threshold=found[1], weight=result.weight + 1) if len(found) > 1 else result


def is_sought(found: Condition) -> bool:
    """Say whether something must stand in every line that *found* matches."""
    return bool(found.needs) and min(map(len, found.needs or ())) >= SHORTEST_NEED


def _unexpected(text: str, at: int) -> str:
    rest = text[at:].split()
    problem = f'"{rest[0]}" does not fit here' if rest else "the condition ends too early"
    return f"{problem}. {_EXAMPLE}"


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
    if field == "outcome":
        return _outcome(text, at, verb, values)
    if verb == "contains":
        return condition.any_of([condition.contains(field, value) for value in values])
    return condition.product_is(values) if field == "product" else condition.equals(field, values)


def _outcome(text: str, at: int, verb: str, values: list[str]) -> Condition:
    known = tuple(outcome.value for outcome in Outcome)
    if verb == "contains":
        raise pp.ParseFatalException(text, at, "an outcome is one of a few words. Write: outcome is failed")
    for value in values:
        if value not in known:
            raise pp.ParseFatalException(text, at, f'"{value}" is no outcome. {nearest(value, known)}')
    return condition.outcome_is(values)


def _pattern(text: str, at: int, found: pp.ParseResults) -> Condition:
    try:
        expression = checked(found["pattern"])
    except UnsafePatternError as error:
        raise pp.ParseFatalException(text, at, str(error)) from error
    return condition.pattern(expression, needs_of(expression))


def _within(text: str, at: int, found: pp.ParseResults) -> Condition:
    located = found["located"]
    inner: Condition = located["value"][0]
    if inner.is_late:
        raise pp.ParseFatalException(text, at, "what is asked of another record asks for that record alone. "
                                     "Put outcome and within run outside the parentheses")  # fmt: skip
    if not is_sought(inner):
        raise pp.ParseFatalException(text, at, NOTHING_SOUGHT)
    return condition.within_run(inner, text[located["locn_start"] : located["locn_end"]])


def _threshold(text: str, at: int, found: pp.ParseResults) -> Threshold:
    times, per = int(found["times"]), Per(found["per"].lower())
    within = timedelta(seconds=int(found["size"]) * UNITS[found["unit"]]) if "size" in found else None
    if not 2 <= times <= MOST_TIMES:
        raise pp.ParseFatalException(text, at, f"a threshold counts from 2 to {MOST_TIMES} times")
    if within is None and per is not Per.RUN:
        raise pp.ParseFatalException(
            text, at, f"say within how long. Write for example: {times} times in 30m per {per}"
        )
    if within is not None and not timedelta(0) < within <= _LONGEST_WINDOW:
        raise pp.ParseFatalException(text, at, "a threshold looks back from 1s to 7d")
    return Threshold(times=times, within=within, per=per)


def _field_name(text: str, at: int, found: pp.ParseResults) -> None:
    if found[0] not in FIELDS:
        known = (*FIELDS, "code", "pattern", "within")
        raise pp.ParseFatalException(text, at, f'"{found[0]}" is nothing that a record has. {nearest(found[0], known)}')


def _threshold_form() -> pp.ParserElement:
    keyword = pp.CaselessKeyword
    length = pp.Regex(r"(?P<size>\d{1,7})[ \t]*(?P<unit>[smhd])\b").set_name("a length of time such as 30m")
    counted = pp.MatchFirst([keyword(per.value) for per in Per])("per")
    form = pp.Regex(r"\d{1,6}")("times") + (
        keyword("times").suppress()
        - pp.Optional(keyword("in").suppress() - length)
        - keyword("per").suppress()
        - counted
    )
    return form.set_parse_action(_threshold)


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
    joining = pp.MatchFirst([keyword(word) for word in ("and", "or", "not", "code", "pattern", "within")])
    name = ~joining + pp.Regex(r"[A-Za-z_]\w*").set_parse_action(_field_name)("field")
    verb = keyword("contains")("verb") - pp.Group(quoted)("values")
    verb |= keyword("is")("verb") - pp.Group(one_word)("values")
    verb |= keyword("in")("verb") - words("values")
    whole = pp.Forward()
    another = keyword("within").suppress() - keyword("run").suppress() - pp.Suppress("(")
    another = another - pp.Group(pp.Located(whole))("located") - pp.Suppress(")")
    predicate = of_code.set_parse_action(_code)
    predicate |= (keyword("pattern").suppress() - raw("pattern")).set_parse_action(_pattern)
    predicate |= another.set_parse_action(_within)
    predicate |= (name - verb).set_parse_action(_words)
    whole <<= _joined(predicate)
    return (whole + pp.Optional(_threshold_form())).parse_with_tabs()


def _joined(predicate: pp.ParserElement) -> pp.ParserElement:
    keyword = pp.CaselessKeyword
    joined: pp.ParserElement = pp.infix_notation(  # type: ignore[no-untyped-call]
        predicate,
        [
            (keyword("not"), 1, pp.OpAssoc.RIGHT, lambda found: condition.none_of(found[0][-1])),
            (keyword("and"), 2, pp.OpAssoc.LEFT, lambda found: condition.all_of(list(_operands(found)))),
            (keyword("or"), 2, pp.OpAssoc.LEFT, lambda found: condition.any_of(list(_operands(found)))),
        ],
    )
    return joined


def _operands(found: pp.ParseResults) -> Iterator[Condition]:
    return (part for part in found[0] if not isinstance(part, str))


_WHEN = _build()
