from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.redact import redact

HIDDEN = [
    ('wcTicket="{3F2504E0-4F89-11D3-9A0C-0305E82C3301}"', 'wcTicket="[ticket]"'),
    (
        '<authRet[0]="any-ticket-form"><authRet[1]="C:\\QB\\Acme.qbw">',
        '<authRet[0]="[ticket]"><authRet[1]="C:\\QB\\Acme.qbw">',
    ),
    (
        "CurrentWebServiceSessionTicket has been set to 93acf1",
        "CurrentWebServiceSessionTicket has been set to [ticket]",
    ),
    ("session {3f2504e0-4f89-11d3-9a0c-0305e82c3301} closed", "session [ticket] closed"),
    (
        "Authenticating to application 'Contoso Sync', username = 'jdoe'",
        "Authenticating to application 'Contoso Sync', username = '[user]'",
    ),
    ("password=hunter2; Server=srv-02", "password=[secret]; Server=srv-02"),
    ('{"password": "hunter 2", "app": "Contoso Sync"}', '{"password": "[secret]", "app": "Contoso Sync"}'),
    ("<strPassword>hunter2</strPassword>", "<strPassword>[private]</strPassword>"),
    ("<CreditCardNumber>xxxx1111</CreditCardNumber>", "<CreditCardNumber>[private]</CreditCardNumber>"),
    ("https://bob:pw@sync.example.com/qb.asmx", "https://[login]@sync.example.com/qb.asmx"),
    (
        "GET https://sync.example.com/qb?sig=AbC%2F1&api-version=1",
        "GET https://sync.example.com/qb?sig=[secret]&api-version=1",
    ),
    ("https://hooks.slack.com/services/T0/B0/XYZ failed", "https://hooks.slack.com/services/[token] failed"),
    ("Authorization: Bearer abcdefgh12345678", "Authorization: [secret] [token]"),
    ("xoxb-1234567890-abcdef", "[token]"),
    ("mail to pat.smith+qb@mail.example.com bounced", "mail to [email] bounced"),
    ("card 4111 1111 1111 1111 declined", "card [number] declined"),
    ("card 378282246310005 declined", "card [number] declined"),
    ("SSN 219-09-9999", "SSN [number]"),
]

KEPT = [
    "QBWC1012: Authentication failed due to following error message.",
    "0x80040408: Could not start QuickBooks.",
    "hresult = -2147220472",
    "C:\\Users\\Public\\Documents\\Intuit\\QuickBooks\\Company Files\\Acme & Sons.qbw",
    "\\\\srv-02.corp.example.com\\QB\\Acme_2026.QBW",
    "20260310.02:00:09 UTC\t: QBWebConnector.SOAPWebService.update() : Product version 2.3.0.207",
    "2026-03-10T02:00:09.123456Z srv-01 Contoso Sync",
    "Application 'Contoso Sync (nightly)' at https://sync.example.com:8443/qb.asmx?wsdl",
    "QuickBooks Enterprise Solutions 24.0 R12_45, update 34 of 2026-03-10",
    "Event 7002 Microsoft-Windows-Winlogon, record 1234567",
    "port 5222-5223, order 1234-5678, 20260310020009",
    "0123456789abcdef0123456789abcdef",
    "password=<MaskedForSecurity>",
    "The scheme is 'Basic'. Basic authentication is off; bearer authentication is on.",
    "System.Web.Services, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a",
    "",
]


@pytest.mark.parametrize(("text", "expected"), HIDDEN)
def test_secrets_and_peoples_data_are_replaced(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize("text", KEPT)
def test_what_a_reader_needs_survives(text: str) -> None:
    assert redact(text) == text


@given(st.one_of(st.text(), st.lists(st.sampled_from([part for pair in HIDDEN for part in pair] + KEPT)).map(" ".join)))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(
    st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=3, max_size=40),
    st.sampled_from(['password="{}"', "pwd={} ", 'wcTicket="{}"', "https://h.example.com/p?sig={}&x=1", "token: {}"]),
)
def test_a_named_secret_never_survives(secret: str, shape: str) -> None:
    assert f"Zq7{secret}" not in redact(f"before {shape.format('Zq7' + secret)} after")


@given(
    st.from_regex(re.compile(r"QBWC1\d{3}|0x8004[0-9A-F]{4}|[a-z]{3,8}-\d{1,3}|[A-Z][a-z]{2,9}\.qbw"), fullmatch=True)
)
def test_codes_hosts_and_file_names_survive_anywhere(word: str) -> None:
    assert word in redact(f"on {word} with password=x and pat@example.com: {word}.")
