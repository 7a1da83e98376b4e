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
    ('{"password": "hun\\"ter 2", "app": "x"}', '{"password": "[secret]", "app": "x"}'),
    (
        '<InvoiceAddRq requestID="1"><CustomerRef><FullName>Pat Smith</FullName></CustomerRef><Amount>12.50</Amount>',
        (
            '<InvoiceAddRq requestID="1"><CustomerRef><FullName>[private]</FullName></CustomerRef>'
            "<Amount>[private]</Amount>"
        ),
    ),
    (
        '<CustomerRet><Name>Pat Smith</Name><Notes lang="en">owes &amp; pays late</Notes></CustomerRet>',
        '<CustomerRet><Name>[private]</Name><Notes lang="en">[private]</Notes></CustomerRet>',
    ),
    (
        'There is an invalid reference to QuickBooks Customer "Pat Smith" in the Invoice.',
        'There is an invalid reference to QuickBooks Customer "[private]" in the Invoice.',
    ),
    (
        'statusMessage="There is an invalid reference to QuickBooks Vendor &quot;Pat Smith&quot; in the Bill."',
        'statusMessage="There is an invalid reference to QuickBooks Vendor &quot;[private]&quot; in the Bill."',
    ),
    (
        'The name "Pat Smith" of the list element is already in use.',
        'The name "[private]" of the list element is already in use.',
    ),
    ("paid from DE89 3704 0044 0532 0130 00 today", "paid from [number] today"),
    ("paid from GB29NWBK60161331926819 today", "paid from [number] today"),
    ("bank account number: 000123456789", "bank account number: [number]"),
    ("Acct# 12345-678 routing no. 021000021", "Acct# [number] routing no. [number]"),
    ("Tax ID 12-3456789", "Tax ID [number]"),
    ("Set-Cookie: id=abc; Path=/", "Set-Cookie: [secret]"),
    ("https://discord.com/api/webhooks/123/abc failed", "https://discord.com/api/webhooks/[token] failed"),
    (
        "https://contoso.webhook.office.com/webhookb2/a@b/IncomingWebhook/c failed",
        "https://contoso.webhook.office.com/webhookb2/[token] failed",
    ),
    ("acknowledged by qa1.a1b2c3d4e5f6.69b89980._kAk34jXHo5gv8ql5fpRSA", "acknowledged by [token]"),
    (
        "-----BEGIN RSA PRIVATE KEY-----MIIBOgIBAAJ=-----END RSA PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----[secret]-----END RSA PRIVATE KEY-----",
    ),
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
    "<HostRet><ProductName>QuickBooks Pro 2024</ProductName><CompanyFileName>Acme.qbw</CompanyFileName></HostRet>",
    "<Event><System><EventID>7002</EventID><Computer>srv-01</Computer></System></Event>",
    '<CustomerQueryRs requestID="1" statusCode="3120" statusSeverity="Error" statusMessage="Object not found">',
    'There is an invalid reference to QuickBooks Item "Widget 12" in the Invoice.',
    "Account 1000 Checking is not a bank account; posting to account 40100 and 12345 failed.",
    "The sync account svc-qb1 was locked; accounting for 12345 records.",
    "GB29NWBK60161331926818 is no account: its checksum is wrong",
    "KB5031356 for OS build 22621.2428 installed, update 1234567 of 2026-03-10",
    'The name "Contoso Sync" is shown in the list of applications.',
    "port 8019, 8020, 56728, 55378-55382 and 10172",
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
