from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.record import Record, Span
from qbwatch.rule_check import check_samples
from rules.catalogue import Catalogue
from rules.condition import LONGEST_TEXT, Subject
from rules.event import Act, Confidence, Role, Severity
from rules.language import LanguageError
from rules.load import RuleError, load, parse
from rules.when import read_condition

CAUSE = """\
cause jam
    title     A jam
    severity  warning    # for now
    act       client
    explain   Something on {host}
              is stuck.
    step      Pull.
    step      Push.
    link      https://example.com/jam
"""
SAMPLE = "20260310.02:00:09 UTC\t: QBWebConnector.SOAPWebService.update() : "


def rule(when: str, *more: str) -> str:
    lines = "".join(f"    {line}\n" for line in more)
    return f"{CAUSE}rule our.jam\n    cause  jam\n    in  qbwc\n    when  {when}\n    sample  {SAMPLE}jam\n{lines}"


def record(text: str, **changes: object) -> Record:
    message, _, body = text.partition("\n")
    values: dict[str, object] = {
        "component": "QBWebConnector.SOAPWebService.update()",
        "message": message,
        "body": body,
    }
    return Record(format="qbwc", time=None, span=Span(offset=0, length=0, line=1), **(values | changes))  # type: ignore[arg-type]


def captures(when: str, text: str, application: str | None = None, **changes: object) -> dict[str, str] | None:
    return read_condition(when).parse(Subject.of(record(text, **changes), application))


def test_a_cause_is_read_whole() -> None:
    cause = parse(CAUSE, "x.rules").causes["jam"]
    assert (cause.title, cause.severity, cause.act) == ("A jam", Severity.WARNING, Act.CLIENT)
    assert cause.filled({"host": "srv-01"}).explanation == "Something on srv-01 is stuck."
    assert cause.filled({}).explanation == "Something on the machine is stuck."
    assert (cause.steps, cause.links) == (("Pull.", "Push."), ("https://example.com/jam",))
    assert str(cause.place) == "x.rules:1:1"


def test_a_cause_may_tell_how_to_verify_and_what_the_client_hears() -> None:
    cause = parse(CAUSE, "x.rules").causes["jam"]
    assert (cause.verify, cause.client) == ((), "")
    more = "    verify  {application} runs.\n    verify  Nobody\n            calls.\n    client  {host} is stuck.\n"
    filled = parse(CAUSE + more, "x.rules").causes["jam"].filled({"application": "Contoso Sync"})
    assert filled.verify == ("Contoso Sync runs.", "Nobody calls.")
    assert filled.client == "The machine is stuck."


def test_a_rule_is_read_whole() -> None:
    more = (
        "confidence  likely",
        "role  echo",
        "fallback  yes",
        "priority  7",
        "note  Odd.",
        "step  Wait.",
        "link  https://example.com/odd",
    )
    parsed = parse(rule('text contains "jam"', *more), "x.rules")
    one = parsed.rules["our.jam"]
    assert parsed.faults == []
    assert (one.cause, one.formats, one.confidence, one.role) == ("jam", ("qbwc",), Confidence.LIKELY, Role.ECHO)
    assert (one.fallback, one.priority) == (True, 7)
    filled = parsed.causes["jam"].filled({}, rule=one)
    assert filled.explanation == "Something on the machine is stuck. Odd."
    assert filled.steps == ("Wait.",)
    assert filled.links == ("https://example.com/odd", "https://example.com/jam")


def test_a_sample_keeps_its_further_lines_and_its_tabs() -> None:
    lines = f"sample  {SAMPLE}first\n            | jam\n            |\n            |   deeper\n        expect  codes = "
    text = rule('text contains "jam"').replace(f"sample  {SAMPLE}jam", lines)
    sample = parse(text, "x.rules").rules["our.jam"].samples[0]
    assert sample.text == f"{SAMPLE}first\r\njam\r\n\r\n  deeper\r\n"
    assert sample.expect == {"codes": ""}


CONDITIONS = [
    ("code is QBWC1053", "x <QBWC1053: y>", {}),
    ("code is QBWC1053", "x QBWC10531", None),
    ("code is 0x8004040a", "HRESULT = 0x8004040A", {}),
    ("code is 0x8004040A", "hresult=-2147220470", {}),
    ("code is -2147220470", "HRESULT: 8004040a", {}),
    ("code in (QBWC1012, QBWC1041)", "QBWC1041: z", {}),
    ('code is "-6000, -83"', "error codes: (-6000,-83)", {}),
    ("code is H202", "error H202 came", {}),
    ('text contains "modal dialog"', "A MODAL\n  Dialog box", {}),
    ('text contains "modal dialog"', "a modaldialog", None),
    ('text is "Done."', "done.", {}),
    ('text is "Done."', "not Done.", None),
    ('pattern "client (?P<machine>\\S+)"', "locked by another client FRONT-DESK", {"machine": "FRONT-DESK"}),
    ('component contains "soapwebservice" and text contains "jam"', "jam", {}),
    ('component is "update()" and text contains "jam"', "jam", None),
    ('text contains "a1a" and not text contains "b2b"', "a1a", {}),
    ('text contains "a1a" and not text contains "b2b"', "a1a b2b", None),
    ('text contains "a1a" or text contains "b2b" and text contains "c3c"', "a1a", {}),
    ('(text contains "a1a" or text contains "b2b") and text contains "c3c"', "a1a", None),
    ('TEXT contains "jam"', "jam", "error"),
    ('code is QBWC1053 AND text contains "jam"', "QBWC1053 jam", {}),
]


@pytest.mark.parametrize(("when", "text", "wanted"), CONDITIONS)
def test_conditions_decide(when: str, text: str, wanted: dict[str, str] | str | None) -> None:
    if wanted == "error":
        with pytest.raises(LanguageError):
            read_condition(when)
        return
    assert captures(when, text) == wanted


def test_the_application_of_the_run_can_be_asked_for() -> None:
    when = 'application is "Contoso Sync" and text contains "jam"'
    assert captures(when, "jam", "Contoso Sync") == {}
    assert captures(when, "jam", "Fabrikam Orders") is None


def test_a_code_of_the_format_counts_like_one_in_the_text() -> None:
    assert captures("code is Microsoft-Windows-Winlogon/7002", "x", codes=("Microsoft-Windows-Winlogon/7002",)) == {}


def test_a_condition_reads_the_beginning_of_a_very_long_record_and_all_its_codes() -> None:
    long = "x" * LONGEST_TEXT
    assert captures('text contains "jam"', f"jam {long}") == {}
    assert captures('text contains "jam"', f"{long} jam") is None
    assert captures("code is QBWC1053", f"{long} QBWC1053") == {}


@pytest.mark.parametrize("expression", ["(?>jam)+", "jam++", "(jam)\\1", "(?<!a)jam", "(?:ja*)*m"])
def test_a_pattern_that_may_run_away_is_refused(expression: str) -> None:
    with pytest.raises(LanguageError, match="may take very long"):
        read_condition(f'pattern "{expression}"')


FAULTS = {
    "cause jam\n    titel  x\n": [
        (
            "x.rules:1:1: cause jam has no title, severity, act, explain, step, link. "
            "Every cause needs title, severity, act, explain, step, link.\n    cause jam\n    ^"
        ),
        'x.rules:2:5: a cause has no "titel". Did you mean "title"?\n        titel  x\n        ^',
    ],
    CAUSE.replace("warning ", "warnin  "): [
        (
            'x.rules:3:15: "warnin" is no severity. Did you mean "warning"?\n'
            "        severity  warnin     # for now\n                  ^"
        )
    ],
    CAUSE.replace("{host}", "{hots}"): [
        (
            'x.rules:5:28: "{hots}" is no name that can be filled in. Did you mean "host"?\n'
            "        explain   Something on {hots}\n                               ^"
        )
    ],
    CAUSE.replace("https://example.com/jam", "example.com"): [
        (
            'x.rules:9:15: "example.com" is no link. Write one that begins with https://.\n'
            "        link      example.com\n                  ^"
        )
    ],
    "jam\n": [
        "x.rules:1:1: a line without indentation begins a block. Write: cause NAME, or: rule NAME.\n    jam\n    ^"
    ],
    "    title  x\n": [
        "x.rules:1:5: this belongs to nothing. Begin with: cause NAME, or: rule NAME.\n        title  x\n        ^"
    ],
    rule("code is 0xZZ"): [
        (
            'x.rules:13:11: "0xZZ" is no code. '
            'Write one like QBWC1053, 0x80040414, -2147220460, H202 or "-6000, -83".\n'
            "        when  code is 0xZZ\n              ^"
        )
    ],
    rule('colour is "red"'): [
        (
            'x.rules:13:11: "colour" is nothing that a record has. '
            "Write one of: text, component, application, product, level, outcome, format, code, pattern, within.\n"
            '        when  colour is "red"\n              ^'
        )
    ],
    rule('text contains "jam" text'): [
        (
            'x.rules:13:31: "text" does not fit here. Write for example: code is QBWC1053 or text contains "…".\n'
            '        when  text contains "jam" text\n                                  ^'
        )
    ],
    rule('pattern "(a+)+jam"'): [
        (
            "x.rules:13:11: a repeat inside a repeat may take very long. Take one of the two away.\n"
            '        when  pattern "(a+)+jam"\n              ^'
        )
    ],
    rule('pattern "jam(?=x)"'): [
        (
            "x.rules:13:11: a look-around may take very long. Combine two conditions instead.\n"
            '        when  pattern "jam(?=x)"\n              ^'
        )
    ],
    rule('pattern "jam.*jam.*jam"'): [
        (
            "x.rules:13:11: it can be tried in too many ways, which may take very long. "
            "Bound its repeats more tightly, as in .{0,40}, let a repeat end where its letters end, as in [^,]*, "
            'or combine two conditions.\n        when  pattern "jam.*jam.*jam"\n              ^'
        )
    ],
    rule('not text contains "jam"'): [
        (
            "x.rules:13:11: nothing in this condition must stand in the line, so every line would have to be tried. "
            'Add a code or a text of at least 3 letters.\n        when  not text contains "jam"\n              ^'
        )
    ],
    rule('text contains "jam"').replace("in  qbwc", "in  qbcw"): [
        'x.rules:12:9: "qbcw" is no format. Did you mean "qbwc"?\n        in  qbcw\n            ^'
    ],
    CAUSE + "    client\n": [
        'x.rules:10:5: "client" says nothing. Write its value behind it.\n        client\n        ^'
    ],
    CAUSE + "    verify  {hots} runs.\n": [
        (
            'x.rules:10:13: "{hots}" is no name that can be filled in. Did you mean "host"?\n'
            "        verify  {hots} runs.\n                ^"
        )
    ],
    CAUSE + "    client  One.\n    client  Two.\n": [
        ('x.rules:11:5: "client" stands here for the second time. Take one away.\n        client  Two.\n        ^')
    ],
    CAUSE + CAUSE: ["x.rules:10:1: cause jam is there already, at x.rules:1:1.\n    cause jam\n    ^"],
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_told_with_its_line_and_a_caret(text: str) -> None:
    assert [str(fault) for fault in parse(text, "x.rules").faults] == FAULTS[text]


@pytest.mark.parametrize(
    ("in_", "read"),
    [
        ("qbwc", {"qbwc"}),
        ("qbwc, qbsdk", {"qbwc", "qbsdk"}),
        ("logs", {"qbwc", "qbsdk", "serilog", "fabrikam-log"}),
        ("logs, windows-events", {"qbwc", "qbsdk", "serilog", "fabrikam-log", "windows-events"}),
        ("any", {"qbwc", "qbsdk", "serilog", "fabrikam-log", "windows-events"}),
    ],
)
def test_a_rule_reads_the_formats_that_it_names(in_: str, read: set[str]) -> None:
    one = parse(rule('text contains "jam"').replace("in  qbwc", f"in  {in_}"), "x.rules").rules["our.jam"]
    formats = ("qbwc", "qbsdk", "serilog", "fabrikam-log", "windows-events")
    assert {format_ for format_ in formats if one.reads(format_)} == read
    assert one.samples[0].format == "qbwc"


def test_loading_tells_the_faults_of_all_files_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.rules").write_text("jam\n")
    (tmp_path / "b.rules").write_text(rule('text contains "jam"').replace("cause  jam", "cause  jma"))
    (tmp_path / "c.rules").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(RuleError) as caught:
        load([tmp_path])
    said = str(caught.value)
    assert "a.rules:1:1" in said
    assert 'names the cause "jma", which is nowhere' in said
    assert "c.rules:1:1: the file cannot be read as UTF-8 text" in said


def test_your_own_cause_overrides_the_shipped_one_by_name(tmp_path: Path) -> None:
    shipped = load()
    (tmp_path / "mine.rules").write_text(CAUSE.replace("cause jam", "cause popup_blocked"))
    mine = load([tmp_path])
    assert mine.causes["popup_blocked"].title == "A jam"
    assert len(mine.rules) == len(shipped.rules)


@given(
    st.text(
        alphabet=st.sampled_from('cause rule when in text contains "()\n\t #{}|code is QBWC1053 and not pattern'),
        max_size=300,
    )
)
def test_no_text_does_more_than_have_faults(text: str) -> None:
    parsed = parse(text, "x.rules")
    for fault in parsed.faults:
        assert 1 <= fault.place.line <= text.count("\n") + 1


def test_the_examples_of_the_reference_load_and_pass() -> None:
    text = (Path(__file__).parents[1] / "docs" / "rule-language.md").read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"```rules\n(.*?)```", text, re.DOTALL))
    parsed = parse(blocks, "docs.rules")
    assert parsed.faults == []
    assert list(check_samples(Catalogue(parsed.causes, tuple(parsed.rules.values())))) == []


def test_every_fault_of_a_block_is_told_at_once_whatever_else_is_missing() -> None:
    text = (
        "cause jam\n    severity  bad\n    explain   Hello {hots}.\n    link      www.example.com\n\n"
        "rule two words\n    cause   jamm\n    in      qbcw\n    when    code is QBWC105\n    sample  x\n\n"
        "rule\n    cause   jam\n"
    )
    assert [(fault.place.line, fault.problem.split(".")[0]) for fault in parse(text, "x.rules").faults] == [
        (1, "cause jam has no title, act, step"),
        (2, '"bad" is no severity'),
        (3, '"{hots}" is no name that can be filled in'),
        (4, '"www'),
        (6, '"two words" is no name'),
        (8, '"qbcw" is no format'),
        (9, '"QBWC105" is no code'),
        (12, "this rule has no name"),
        (12, "rule without a name has no in, when, sample"),
    ]
