from __future__ import annotations

import email as mail_package
import json
import subprocess
import sys
import threading
from datetime import timedelta
from email import policy
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from made_messages import MESSAGES
from receivers import (
    PAGERDUTY_URL,
    SLACK_URL,
    TEAMS_URL,
    Answer,
    HttpsServer,
    Mailbox,
    all_logs,
    smtp_server,
    trust,
)

from alerts.channels import SHAPES, email, shape_of, slack, teams, text, webhook
from alerts.channels.console import ConsoleChannel, render
from alerts.channels.courier import Courier, Limits, open_channel
from alerts.channels.templates import SHIPPED_ONLY
from alerts.outbox import Outcome
from alerts.receiver import Receiver, ReceiverError, SecretUrl
from alerts.secrecy import quiet_transports, scrub

if TYPE_CHECKING:
    from collections.abc import Iterator

# Apprise reaches for a module that Python 3.13 no longer has, should PGPy want it.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

MESSAGE = MESSAGES["opened"]
SECRETS = (
    "TEAMSSIGNATURE", "SLACKSECRETSLACKSECRET00", "0123456789abcdef", "hunter2", "JSONSECRET", "PAGERSECRET",
    "NTFYSECRET",
)  # fmt: skip
QUICK = Limits(connect_s=2, read_s=0.4, whole_s=5)


def receiver(url: str) -> Receiver:
    return Receiver(name="ops", url=SecretUrl(url))


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def mail_port(authority: trustme.CA, mailbox: Mailbox, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    for name, value in trust(authority, tmp_path).items():
        monkeypatch.setenv(name, value)
    with smtp_server(authority, mailbox) as port:
        yield port


def web_urls(port: int) -> dict[str, str]:
    return {
        "teams": TEAMS_URL,
        "slack": SLACK_URL,
        "webhook": f"jsons://localhost:{port}/hooks/JSONSECRET",
        "pagerduty": PAGERDUTY_URL,
        "other": f"ntfys://localhost:{port}/NTFYSECRET",
    }


def mail_url(port: int) -> str:
    return f"mailtos://localhost:{port}/ops@example.com?from=qbwatch@example.com&mode=starttls"


WEB_KINDS = ("teams", "slack", "webhook", "pagerduty", "other")
VERDICTS = {
    400: Outcome.REJECTED,
    401: Outcome.REJECTED,
    404: Outcome.REJECTED,
    413: Outcome.REJECTED,
    429: Outcome.TRANSIENT,
    500: Outcome.TRANSIENT,
    503: Outcome.TRANSIENT,
}


def test_every_kind_is_either_tested_by_web_or_by_mail() -> None:
    assert {*WEB_KINDS, "email"} == set(SHAPES)


@pytest.mark.parametrize("kind", WEB_KINDS)
@pytest.mark.parametrize("status", VERDICTS)
def test_a_status_decides_whether_it_is_tried_again(far_side: HttpsServer, kind: str, status: int) -> None:
    far_side.answers = [Answer(status=status, headers={"Retry-After": "70"}, body=b"no")]
    result = open_channel(receiver(web_urls(far_side.port)[kind])).send(MESSAGE)
    assert (result.outcome, result.code, result.retry_after) == (VERDICTS[status], status, timedelta(seconds=70))
    assert f"(HTTP {status})" in result.reason
    assert len(far_side.requests) == 1


@pytest.mark.parametrize("kind", WEB_KINDS)
def test_a_cut_line_is_tried_again(far_side: HttpsServer, kind: str) -> None:
    far_side.answers = [Answer(reset=True)]
    result = open_channel(receiver(web_urls(far_side.port)[kind])).send(MESSAGE)
    assert result.outcome is Outcome.TRANSIENT
    assert "no connection to the far side" in result.reason


@pytest.mark.parametrize("kind", WEB_KINDS)
@pytest.mark.parametrize("limits", [QUICK, Limits(whole_s=0.4)])
def test_no_answer_in_time_is_unknown(far_side: HttpsServer, kind: str, limits: Limits) -> None:
    release = threading.Event()
    far_side.answers = [Answer(status=200, body=b"ok", wait_for=release)]
    result = open_channel(receiver(web_urls(far_side.port)[kind]), limits).send(MESSAGE)
    release.set()
    assert (result.outcome, result.reason) == (Outcome.UNKNOWN, "no answer in time; it may have arrived")


def test_redirects_are_not_followed(far_side: HttpsServer) -> None:
    far_side.answers = [Answer(status=302, headers={"Location": f"https://localhost:{far_side.port}/elsewhere"})]
    assert open_channel(receiver(TEAMS_URL)).send(MESSAGE).outcome is Outcome.REJECTED
    assert len(far_side.requests) == 1


def test_a_certificate_nobody_vouches_for_is_not_trusted(
    far_side: HttpsServer, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in trust(trustme.CA(), tmp_path).items():
        monkeypatch.setenv(name, value)
    assert open_channel(receiver(TEAMS_URL)).send(MESSAGE).outcome is Outcome.TRANSIENT
    assert far_side.requests == []


@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize("name", MESSAGES)
def test_teams_gets_our_card_whole(far_side: HttpsServer, name: str, status: int) -> None:
    far_side.answers = [Answer(status=status)]
    assert open_channel(receiver(TEAMS_URL)).send(MESSAGES[name]).outcome is Outcome.SENT
    [request] = far_side.requests
    assert request.json() == teams.payload(MESSAGES[name])
    assert request.path.startswith("/workflows/0123456789abcdef/triggers/manual/paths/invoke?api-version=2016-06-01")
    assert "sig=TEAMSSIGNATURE" in request.path


def test_the_newer_form_of_a_teams_address_works_too(far_side: HttpsServer) -> None:
    url = TEAMS_URL.replace("/workflows/", "/powerautomate/automations/direct/workflows/")
    assert open_channel(receiver(url)).send(MESSAGE).outcome is Outcome.SENT
    assert far_side.requests[0].path.startswith("/powerautomate/automations/direct/workflows/0123456789abcdef/")
    short = "workflows://prod-00.westeurope.logic.azure.com:443/0123456789abcdef/TEAMSSIGNATURE/"
    assert open_channel(receiver(short)).send(MESSAGE).outcome is Outcome.SENT


@pytest.mark.parametrize("name", MESSAGES)
def test_slack_gets_our_blocks_whole(far_side: HttpsServer, name: str) -> None:
    assert open_channel(receiver(SLACK_URL)).send(MESSAGES[name]).outcome is Outcome.SENT
    [request] = far_side.requests
    assert request.json() == slack.payload(MESSAGES[name])
    assert request.path == "/services/T00000000/B00000000/SLACKSECRETSLACKSECRET00"


@pytest.mark.parametrize("name", MESSAGES)
def test_a_web_service_gets_our_payload_whole_and_the_messages_id_as_a_header(far_side: HttpsServer, name: str) -> None:
    assert open_channel(receiver(web_urls(far_side.port)["webhook"])).send(MESSAGES[name]).outcome is Outcome.SENT
    [request] = far_side.requests
    assert request.json() == webhook.payload(MESSAGES[name])
    assert (request.path, request.headers["Idempotency-Key"]) == ("/hooks/JSONSECRET", MESSAGES[name].id)


def test_headers_and_the_sign_in_of_a_webhooks_url_are_used(far_side: HttpsServer) -> None:
    url = f"jsons://bob:hunter2@localhost:{far_side.port}/x?+X-Team=ops&-key=1&method=PUT"
    far_side.answers = [Answer(status=204)]
    assert open_channel(receiver(url)).send(MESSAGE).outcome is Outcome.SENT
    [request] = far_side.requests
    assert (request.path, request.headers["X-Team"]) == ("/x?key=1", "ops")
    assert request.headers["Authorization"] == "Basic Ym9iOmh1bnRlcjI="


def test_pagerduty_opens_and_resolves_one_incident_by_the_threads_key(far_side: HttpsServer) -> None:
    far_side.answers = [Answer(status=202)]
    channel = open_channel(receiver(PAGERDUTY_URL))
    for name in ("opened", "reminder", "resolved"):
        assert channel.send(MESSAGES[name]).outcome is Outcome.SENT
    opened, reminder, resolved = (request.json() for request in far_side.requests)
    summary = opened["payload"].pop("summary")
    assert opened == {
        "routing_key": "i" * 32,
        "payload": {"severity": "error", "source": "srv-01", "component": "Contoso Sync"},
        "client": "qbwatch",
        "event_action": "trigger",
        "dedup_key": MESSAGE.thread,
        "links": [{"href": MESSAGE.link}],
    }
    assert MESSAGE.headline in summary
    assert len(summary) <= 1024
    assert (reminder["event_action"], reminder["dedup_key"]) == ("trigger", MESSAGE.thread)
    assert (resolved["event_action"], resolved["dedup_key"]) == ("resolve", MESSAGE.thread)


def test_any_other_service_gets_title_and_text(far_side: HttpsServer) -> None:
    assert open_channel(receiver(web_urls(far_side.port)["other"])).send(MESSAGE).outcome is Outcome.SENT
    posted = far_side.requests[0].json()
    assert posted == {
        "topic": "NTFYSECRET",
        "title": f"\U0001f534 {MESSAGE.headline}",
        "message": text.render(MESSAGE),
    }


def parsed(mail: bytes) -> Any:
    return mail_package.message_from_bytes(mail, policy=policy.default)


def test_a_mail_has_both_parts_and_threads_by_incident(mail_port: int, mailbox: Mailbox) -> None:
    channel = open_channel(receiver(mail_url(mail_port)))
    channel.plugin.request_rate_per_sec = 0
    for name in ("opened", "resolved"):
        assert channel.send(MESSAGES[name]).outcome is Outcome.SENT
    opened, resolved = (parsed(mail) for mail in mailbox.mails)
    assert mailbox.recipients == ["ops@example.com"] * 2
    assert opened["Subject"] == "[qbwatch] A QuickBooks pop-up is blocking the sync on srv-01"
    assert opened["Message-ID"] == "<a1b2c3d4open@example.com>"
    assert opened["References"] is None
    assert resolved["References"] == resolved["In-Reply-To"] == opened["Message-ID"]
    assert (opened["Auto-Submitted"], opened["From"]) == ("auto-generated", "qbwatch <qbwatch@example.com>")
    assert opened.get_content_type() == "multipart/alternative"
    plain, html = (part.get_content().replace("\r\n", "\n") for part in opened.iter_parts())
    assert plain == f"{MESSAGE.headline}\n\n{text.render(MESSAGE)}\n"
    assert html.rstrip() == email.html(MESSAGE).rstrip()


@pytest.mark.parametrize(
    ("place", "answer", "verdict"),
    [
        ("at_mail", "421 closing down", (Outcome.TRANSIENT, 421)),
        ("at_recipient", "450 greylisted", (Outcome.TRANSIENT, 450)),
        ("at_recipient", "550 no such user", (Outcome.REJECTED, 550)),
        ("at_data", "552 too big", (Outcome.REJECTED, 552)),
        ("at_data", "451 try again", (Outcome.TRANSIENT, 451)),
    ],
)
def test_a_mail_servers_answer_decides_whether_it_is_tried_again(
    mail_port: int, mailbox: Mailbox, place: str, answer: str, verdict: tuple[Outcome, int]
) -> None:
    setattr(mailbox, place, answer)
    result = open_channel(receiver(mail_url(mail_port))).send(MESSAGE)
    assert (result.outcome, result.code) == verdict


def test_a_password_that_the_mail_server_refuses_is_not_tried_again(mail_port: int) -> None:
    url = mail_url(mail_port).replace("mailtos://", "mailtos://qbwatch:hunter2@")
    result = open_channel(receiver(url)).send(MESSAGE)
    assert (result.outcome, result.code) == (Outcome.REJECTED, 535)
    assert result.reason == "the mail server does not accept the user name or password (SMTP 535)"


def test_a_mail_server_without_starttls_gets_nothing(authority: trustme.CA, mailbox: Mailbox) -> None:
    with smtp_server(authority, mailbox, starttls=False) as port:
        result = open_channel(receiver(mail_url(port))).send(MESSAGE)
    assert result.outcome is Outcome.TRANSIENT
    assert "offers no STARTTLS" in result.reason
    assert mailbox.mails == []


def test_a_mail_server_that_nobody_vouches_for_gets_nothing(
    mail_port: int, mailbox: Mailbox, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in trust(trustme.CA(), tmp_path).items():
        monkeypatch.setenv(name, value)
    result = open_channel(receiver(mail_url(mail_port))).send(MESSAGE)
    assert (result.outcome, result.code) == (Outcome.TRANSIENT, None)
    assert mailbox.mails == []


def test_a_mail_server_that_is_not_there_is_tried_again() -> None:
    result = open_channel(receiver("mailtos://localhost:1/ops@example.com?from=qbwatch@example.com")).send(MESSAGE)
    assert (result.outcome, result.code) == (Outcome.TRANSIENT, None)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("msteams://TokenA/TokenB/TokenC/TokenD", "workflows://HOST:443/ID/SIGNATURE/"),
        (
            "https://contoso.webhook.office.com/webhookb2/hunter2/IncomingWebhook/x/y",
            "workflows://HOST:443/ID/SIGNATURE/",
        ),
        ("https://user:hunter2[@example.com/x", "slack://A/B/C/"),
        ("https://user:hunter2\u2100@example.com/x", "slack://A/B/C/"),
        ("mailtos://user:hunter2\u2100@[mail.example.com/ops@example.com", "mailtos://USER:PASSWORD@HOST/TO"),
        ("nonsense", "slack://A/B/C/"),
        ("", "slack://A/B/C/"),
        ("nosuch://hunter2", "slack://A/B/C/"),
        ("https://example.com/hunter2", "slack://A/B/C/"),
        ("slack://hunter2/hunter2", "slack://A/B/C/"),
        ("workflows://example.com:443/hunter2/hunter!2!!/", "workflows://HOST:443/ID/SIGNATURE/"),
        ("mailto://qbwatch:hunter2@mail.example.com/ops@example.com?mode=insecure", "write mailtos:// instead"),
        ("mailtos://qbwatch:hunter2@mail.example.com/a@example.com,b@example.com", "one [[receiver]] for each"),
    ],
)
def test_a_url_that_cannot_work_is_refused_by_name_and_without_its_secret(
    url: str, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ReceiverError) as caught:
        open_channel(receiver(url))
    assert str(caught.value).startswith("receiver 'ops': ")
    assert says in str(caught.value)
    assert "hunter" not in str(caught.value) + caplog.text
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("kind", [*WEB_KINDS, "email"])
@pytest.mark.parametrize("answer", [Answer(status=200, body=b"ok"), Answer(status=401), Answer(reset=True)])
def test_no_log_and_no_result_ever_holds_a_secret(
    far_side: HttpsServer, mail_port: int, kind: str, answer: Answer
) -> None:
    far_side.answers = [answer]
    urls = web_urls(far_side.port) | {"email": mail_url(mail_port).replace("mailtos://", "mailtos://qbwatch:hunter2@")}
    with all_logs() as lines:
        result = open_channel(receiver(urls[kind])).send(MESSAGE)
    said = "\n".join([*lines, repr(result)])
    assert [secret for secret in SECRETS if secret in said] == []


def test_the_throttle_of_our_channels_is_short() -> None:
    for url in (TEAMS_URL, SLACK_URL, mail_url(1)):
        assert 0 < open_channel(receiver(url)).plugin.request_rate_per_sec <= 1.2


def test_schemes_find_their_shape_and_all_others_the_plain_one() -> None:
    found = {scheme: shape_of(scheme) for scheme in ("workflows", "slack", "mailtos", "ntfys", "pagerduty")}
    assert {scheme for scheme, shape in found.items() if shape is SHAPES["other"]} == {"ntfys"}


def test_the_demo_prints_what_would_be_sent() -> None:
    written: list[str] = []
    assert ConsoleChannel(written.append).send(MESSAGE).outcome is Outcome.SENT
    assert written == [render(MESSAGE) + "\n\n"]


def test_apprise_and_templates_are_loaded_only_by_who_sends() -> None:
    code = "import sys, alerts.channels.courier; print({'apprise', 'jinja2', 'requests'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "set()"


def test_scrubbing_takes_urls_and_queries_but_leaves_the_rest() -> None:
    quiet_transports()
    quiet_transports()
    assert scrub(f"POST {TEAMS_URL} gave error=404.") == "POST https://[secret] gave error=404."
    assert scrub("/hooks/1?sig=abc HTTP/1.1 202") == "/hooks/1?[secret] HTTP/1.1 202"
    assert (
        scrub("Failed to send to Slack: Page not found., error=404.")
        == "Failed to send to Slack: Page not found., error=404."
    )


def test_a_courier_is_a_channel() -> None:
    channel = open_channel(receiver(TEAMS_URL))
    assert isinstance(channel, Courier)
    assert json.loads(teams.envelope(MESSAGE, channel.plugin, SHIPPED_ONLY).body) == teams.payload(MESSAGE)
