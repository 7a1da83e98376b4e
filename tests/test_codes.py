from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.codes import canonical, find_codes, written_forms

GUID = "{71F531F5-8E67-4A7A-9161-15733FFC3206}"


@given(st.integers(min_value=0x80000000, max_value=0x80FFFFFF), st.sampled_from(["0x{:08X}", "0x{:08x}", "{}"]))
def test_a_code_is_the_same_in_hexadecimal_of_either_case_and_in_decimal(number: int, form: str) -> None:
    written = form.format(number - (1 << 32) if form == "{}" else number)
    code = f"0x{number:08X}"
    assert find_codes(f"HRESULT = {written}, again {written}.") == (code,)
    assert canonical(written) == code


@given(st.integers(min_value=0x80000000, max_value=0x80FFFFFF))
def test_every_form_of_a_code_holds_what_the_gate_looks_for(number: int) -> None:
    code = f"0x{number:08X}"
    forms = written_forms(code)
    for written in (code, code.lower(), str(number - (1 << 32)), str(number)):
        assert any(form in written for form in forms)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("<QBWC1053: A modal dialog box>", ("QBWC1053",)),
        ("qbwc1053", ("QBWC1053",)),
        ("XQBWC1053 QBWC105 QBWC10531", ()),
        ("0x8004040 0x800404141 deadbeef", ()),
        ("ticket {80040414-ab12}", ()),
        ("error 80040408 and 80040410", ("0x80040408",)),
        ("-2147220458.", ("0x80040416",)),
        ("12-2147220458", ()),
        ("Error H202", ("H202",)),
        ("PATH202 H2020", ()),
        ("codes: (-6000, -83) and (-6177,0)", ("-6000, -83", "-6177, 0")),
        ("5-6000, 12", ()),
        ("HRESULT: 2147746836", ("0x80040414",)),
        ("HRESULT = -2147220460", ("0x80040414",)),
        ("2147746836 bytes, code 2147483647", ()),
        ('<InvoiceAddRs statusCode="3140" statusSeverity="Error">', ("qbXML/3140",)),
        ("Status code = 3175, StatusCode: 1010 and qbXML 9002", ("qbXML/3175", "qbXML/1010", "qbXML/9002")),
        ('statusCode="0" statusCode="1" StatusCode: 500 status code 404', ()),
        ('statusCode="500"', ("qbXML/500",)),
        (f"Die Komponente mit CLSID {GUID} konnte nicht abgerufen werden: 80040154.", ("0x80040154",)),
        (f"le composant avec le CLSID {GUID} a échoué en raison de l'erreur suivante : 80080005", ("0x80080005",)),
        (f"order {GUID} of customer: 80040154", ()),
        ('{"a": {"b": 1}, "order": 80040154}', ()),
        ("size 3140, http://example.com/qbxml/30000", ()),
    ],
)
def test_codes_are_found_where_they_stand_as_such(text: str, codes: tuple[str, ...]) -> None:
    assert find_codes(text) == codes


@pytest.mark.parametrize("text", ["80040414", "2147746836", "-2147220460", "0x80040414"])
def test_a_code_that_stands_alone_is_known_in_every_form(text: str) -> None:
    assert canonical(text) == "0x80040414"


@pytest.mark.parametrize(
    "before", ['statusCode="', "statusCode=", "StatusCode: ", "status code ", "Status Code = ", "qbXML "]
)
def test_every_form_of_a_status_holds_what_the_gate_looks_for(before: str) -> None:
    assert any(form.lower() in f"{before}3140".lower() for form in written_forms("qbXML/3140"))
    assert find_codes(f"{before}3140") == ("qbXML/3140",)


@pytest.mark.parametrize("text", ["", "hello", "0x123", "QBWC12", "-5"])
def test_what_is_no_code_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="Write one like QBWC1053"):
        canonical(text)
