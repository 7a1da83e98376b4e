"""`qbwatch receivers`, `deliveries` and `incidents ack`, as a user types them."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from qwclog import BANNER, Session
from receivers import TEAMS_URL, Answer, HttpsServer, Mailbox, https_server, smtp_server, trust, tunnel
from test_commands import watched_once
from test_watch_command import now_seconds

from alerts.acknowledge import AckLinks
from alerts.channels.courier import open_channel
from alerts.message import Message
from alerts.outbox import Sender
from qbwatch.__main__ import main
from qbwatch.ack_key import ack_key
from qbwatch.clock import utc_now
from qbwatch.config import load
from qbwatch.history.alert_outbox import SqlOutbox
from qbwatch.history.store import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

CONFIG = """
[host]
name = "srv-01"
client = "Contoso"
timezone = "America/New_York"
[[source]]
path = "QWCLog.txt"
[[receiver]]
name = "hook"
url = "${env:HOOK_URL}"
timezone = "Europe/Berlin"
[[receiver]]
name = "teams"
url = "${env:TEAMS_URL}"
[route]
receiver = "hook"
group_wait = "0s"
"""


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpsServer]:
    authority = trustme.CA()
    with https_server(authority) as server, tunnel(server.port) as way:
        for name, value in trust(authority, tmp_path).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("HTTPS_PROXY", way.url)
        monkeypatch.setenv("NO_PROXY", "localhost")
        monkeypatch.setenv("HOOK_URL", f"jsons://localhost:{server.port}/hooks/HOOKSECRET")
        monkeypatch.setenv("TEAMS_URL", TEAMS_URL)
        server.answers = [Answer(status=200, body=b"ok")]
        yield server


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "qbwatch.toml"
    path.write_text(CONFIG)
    return path


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_receivers_are_listed_without_their_urls(
    config: Path, hook: HttpsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), "receivers", "list", "--json"]) == 0
    assert lines(capsys) == [
        {"name": "hook", "timezone": "Europe/Berlin", "routed": True},
        {"name": "teams", "timezone": "America/New_York", "routed": False},
    ]
    assert hook.requests == []


def test_a_test_goes_the_way_of_a_real_alert_and_says_that_it_is_one(
    config: Path, hook: HttpsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), "receivers", "test", "hook", "--resolve", "--json"]) == 0
    opened, resolved = lines(capsys)
    assert (opened["kind"], opened["state"], resolved["kind"], resolved["state"]) == (
        "opened", "sent", "resolved", "sent",
    )  # fmt: skip
    assert [one["outcome"] for one in opened["tries"]] == ["sent"]
    first, last = (request.json() for request in hook.requests)
    assert first["headline"] == "Test of qbwatch's alerts: nothing is wrong on srv-01"
    assert first["dedupe_key"] == last["dedupe_key"] == opened["id"]
    assert (first["status"], last["status"]) == ("open", "resolved")
    assert re.search(r"Since: .*CES?T", first["text"])


def test_a_test_that_does_not_arrive_says_why_and_ends_with_1(
    config: Path, hook: HttpsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    hook.answers = [Answer(status=404)]
    assert main(["--config", str(config), "receivers", "test", "--all"]) == 1
    said = capsys.readouterr().out
    assert "hook: opened failed" in said
    assert "attempt 1: rejected" in said
    assert "(HTTP 404)" in said
    assert "qbwatch receivers doctor teams" in said
    assert "SECRET" not in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["test"], "name one receiver, or write --all"),
        (["test", "hook", "--all"], "name one receiver, or write --all"),
        (["test", "nobody"], "known: hook, teams"),
        (["test", "--all", "--preview", "x.json"], "a preview is of one receiver"),
        (["test", "teams", "--preview", "x.html"], "the file must end in .json"),
    ],
)
def test_a_wrong_use_is_told(
    config: Path, hook: HttpsServer, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main(["--config", str(config), "receivers", *arguments]) == 2
    assert says in capsys.readouterr().err
    assert hook.requests == []


@pytest.mark.parametrize("kind", ["opened", "changed", "reminder", "resolved", "digest"])
def test_a_preview_is_what_would_be_sent_and_nothing_is(
    config: Path, hook: HttpsServer, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "card.json"
    arguments = ["receivers", "test", "teams", "--preview", str(file), "--kind", kind]
    assert main(["--config", str(config), *arguments]) == 0
    assert json.loads(file.read_text())["attachments"][0]["content"]["type"] == "AdaptiveCard"
    assert hook.requests == []


def test_a_preview_shows_ones_own_template_and_tells_what_is_wrong_with_it(
    config: Path, hook: HttpsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "words").mkdir()
    config.write_text(CONFIG + '[alerts]\ntemplates = "words"\n')
    template = tmp_path / "words" / "webhook.json"
    template.write_text('{"ticket": {{ message.headline | tojson }}}')
    preview = ["--config", str(config), "receivers", "test", "hook", "--preview", str(tmp_path / "p.json")]
    assert main(preview) == 0
    assert list(json.loads((tmp_path / "p.json").read_text())) == ["ticket"]
    template.write_text("{{ message.nothing }}")
    assert main(preview) == 2
    assert f"{template}:1: " in capsys.readouterr().err
    assert hook.requests == []


def diagnoses(config: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, list[str]]:
    main(["--config", str(config), "receivers", "doctor", "--json", *more])
    return {one["receiver"]: [problem["what"] for problem in one["problems"]] for one in lines(capsys)}


def test_a_doctor_finds_nothing_wrong_with_what_works(
    config: Path, hook: HttpsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), "receivers", "doctor"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"hook: localhost:\d+ answers", said)
    assert "teams: prod-00.westeurope.logic.azure.com:443 answers" in said
    assert hook.requests == []


@pytest.mark.parametrize(
    ("url", "what", "do"),
    [
        ("msteams://a/b/c/d", "msteams:// no longer works", "workflow"),
        ("https://contoso.webhook.office.com/webhookb2/hunter2", "webhook.office.com", "workflow"),
        ("mailto://bob:hunter2@mail.example.com/a@example.com?mode=insecure", "password in clear", "mailtos://"),
        ("mailtos://bob:hunter2@mail.example.com/a@example.com,b@example.com", "several recipients", "[[receiver]]"),
        ("jsons://localhost:1/hunter2", "cannot be reached", "Check the address and the port"),
        ("jsons://nowhere.invalid/hunter2", "no such host: nowhere.invalid", "Check the name in the URL"),
        ("json://sync.example.com/hunter2", "travel in clear", "Write jsons://"),
        ("jsons://localhost:1/?optional=yes&-k=hunter2", "optional=yes is left out", "Take it out"),
        ("jsons://localhost:1/?verify=no&-k=hunter2", "trusts any certificate", "REQUESTS_CA_BUNDLE"),
    ],
)
def test_a_doctor_says_what_is_wrong_and_what_to_do_without_the_secret(
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    url: str,
    what: str,
    do: str,
) -> None:
    monkeypatch.setenv("HOOK_URL", url)
    monkeypatch.setenv("TEAMS_URL", TEAMS_URL)
    offline = [] if "localhost" in url or "invalid" in url else ["--offline"]
    assert main(["--config", str(config), "receivers", "doctor", "hook", *offline]) == 1
    said = capsys.readouterr().out
    assert what in said
    assert do in said
    assert "hunter2" not in said


def test_a_doctor_tells_a_certificate_that_nobody_vouches_for(
    config: Path, hook: HttpsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in trust(trustme.CA(), tmp_path).items():
        monkeypatch.setenv(name, value)
    found = diagnoses(config, capsys)
    for name in ("hook", "teams"):
        assert "is not trusted" in found[name][0]
    assert hook.requests == []


@pytest.mark.parametrize(
    ("starttls", "user", "problem"),
    [(True, "", None), (True, "bob:hunter2@", "does not accept the user name"), (False, "", "offers no STARTTLS")],
)
def test_a_doctor_greets_the_mail_server_and_sends_nothing(
    config: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    starttls: bool,  # noqa: FBT001 - a table's column
    user: str,
    problem: str | None,
) -> None:
    authority, mailbox = trustme.CA(), Mailbox()
    for name, value in trust(authority, tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TEAMS_URL", TEAMS_URL)
    with smtp_server(authority, mailbox, starttls=starttls) as port:
        url = f"mailtos://{user}localhost:{port}/ops@example.com?from=qbwatch@example.com&mode=starttls"
        monkeypatch.setenv("HOOK_URL", url)
        [found] = diagnoses(config, capsys, "hook").values()
    assert len(found) == (problem is not None)
    assert problem is None or problem in found[0]
    assert mailbox.mails == []


@pytest.fixture
def failing(config: Path, hook: HttpsServer, tmp_path: Path) -> Path:
    """A store with one open incident, whose message the far side refused."""
    (tmp_path / "QWCLog.txt").write_text("".join([BANNER, *Session(at=now_seconds(5)).blocked()]), newline="")
    watched_once(config)
    hook.answers = [Answer(status=404)]
    drained(config)
    return config


def soon() -> datetime:
    """A little later than what was planned by the clock of `watched_once`, which runs ahead."""
    return utc_now() + timedelta(minutes=1)


def drained(config: Path) -> None:
    settings = load(config)
    channel = open_channel(settings.receivers[0])
    with closing(SqlOutbox(connect(settings.store))) as outbox:
        Sender(
            receiver="hook", channel=channel, open_store=lambda: outbox, clock=soon, chance=lambda: 0.5
        ).drain(outbox)  # fmt: skip


def test_what_was_given_up_is_shown_with_every_attempt_and_tried_again(
    failing: Path, hook: HttpsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    qbwatch = ["--config", str(failing), "deliveries"]
    assert main([*qbwatch, "--json"]) == 0
    [row] = lines(capsys)
    assert (row["state"], row["code"]) == ("failed", 404)
    assert main([*qbwatch, "retry", "--failed", "--receiver", "teams"]) == 0
    assert "Nothing was given up." in capsys.readouterr().out
    assert main([*qbwatch, "retry", row["id"][:6]]) == 0
    assert "1 of 1 will be tried again" in capsys.readouterr().out
    hook.answers = [Answer(status=200)]
    drained(failing)
    assert main([*qbwatch, "show", row["id"]]) == 0
    said = capsys.readouterr().out
    assert re.search(r"1 +\S+ \S+ \S+ +rejected +404 +nothing is at this address", said)
    assert re.search(r"2 +\S+ \S+ \S+ +sent +200 +accepted", said)
    assert main([*qbwatch, "retry", row["id"]]) == 0
    assert "0 of 1 will be tried again" in capsys.readouterr().out
    first, second = hook.requests
    assert first.json()["id"] == second.json()["id"] == row["id"]


@pytest.mark.parametrize("arguments", [["retry"], ["retry", "x", "--failed"], ["retry", "zzz"], ["show", "zzz"]])
def test_a_retry_of_nothing_is_told(failing: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(["--config", str(failing), "deliveries", *arguments]) == 2
    assert capsys.readouterr().err


def message_of(config: Path) -> Message:
    with closing(sqlite3.connect(load(config).store)) as db:
        return Message.from_json(db.execute("SELECT message FROM notifications").fetchone()[0])


@pytest.mark.parametrize("way", ["message", "token", "link"])
def test_a_message_is_acknowledged_by_its_id_its_token_or_its_whole_link(
    failing: Path, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    said = message_of(failing)
    link = AckLinks(base="https://status.example.com/ack", key=ack_key(load(failing).store)).url(said)
    assert link is not None
    named = {"message": said.id, "token": link.rpartition("/")[2], "link": link}[way]
    acknowledge = ["--config", str(failing), "incidents", "ack", named, "--json"]
    assert main(acknowledge) == 0
    assert [one["state"] for one in lines(capsys)] == ["acknowledged"]
    assert main(acknowledge) == 0


def test_a_link_of_another_store_acknowledges_nothing(failing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    link = AckLinks(base="https://status.example.com/ack", key=bytes(32)).url(message_of(failing))
    acknowledge = ["--config", str(failing), "incidents", "ack", str(link)]
    assert main(acknowledge) == 2
    assert "no link was ever signed for this store" in capsys.readouterr().err
    ack_key(load(failing).store)
    assert main(acknowledge) == 2
    assert "not made with the key of this store" in capsys.readouterr().err
    assert main([*acknowledge[:-1], "qa1.nonsense"]) == 2
    assert main(["--config", str(failing), "incidents", "list", "--json"]) == 0
    assert lines(capsys)[0]["state"] == "open"


def test_no_secret_is_in_the_store_or_its_messages(failing: Path) -> None:
    store = load(failing).store
    held = b"".join(path.read_bytes() for path in store.parent.glob("qbwatch.db*") if path.suffix != ".ack-key")
    assert b"HOOKSECRET" not in held
    assert b"TEAMSSIGNATURE" not in held
    assert b"qa1." not in held
