"""`qbwatch watch` as its users run it: a process of its own, a log that grows, real receivers on loopback."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import threading
from contextlib import closing
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from live_watch import watching
from qwclog import BANNER, START, Session
from receivers import SLACK_URL, TEAMS_URL, Answer, Mailbox, https_server, smtp_server, trust, tunnel

from qbwatch.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIG = """\
[host]
name = "srv-01"
client = "Acme Accounting"
timezone = "America/New_York"
[[source]]
path = "{log}"
[store]
path = "history.db"
{receivers}
[route]
receiver = "ops-teams"
group_by = ["host", "application", "cause"]
group_wait = "0s"
{routes}
"""
RECEIVER = '[[receiver]]\nname = "{name}"\nurl = "${{env:{variable}}}"\n'
ROUTE = '[[route.routes]]\nmatch = {{ host = "srv-01" }}\nreceiver = "{name}"\ncontinue = true\n'
LINK = "https://docs.connectbooster.com/help/webconnector-sync-errors-and-best-practices"


def configured(folder: Path, *names: str) -> Path:
    variables = {name: name.upper().replace("-", "_") for name in names}
    text = CONFIG.format(
        log=str(folder / "log" / "QWCLog*.txt"),
        receivers="".join(RECEIVER.format(name=name, variable=variables[name]) for name in names),
        routes="".join(ROUTE.format(name=name) for name in names),
    )
    path = folder / "qbwatch.toml"
    path.write_text(text)
    (folder / "log").mkdir(exist_ok=True)
    return path


def append(folder: Path, *lines: str) -> None:
    with (folder / "log" / "QWCLog.txt").open("ab") as file:
        file.write("".join(lines).encode())


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def now_seconds(minutes_ago: int) -> int:
    """Return a time of now in the seconds of `qwclog`."""
    return int((datetime.now(UTC) - START).total_seconds()) - 60 * minutes_ago


def test_teams_slack_and_mail_hear_of_a_failure_and_of_its_end(tmp_path: Path, authority: trustme.CA) -> None:
    mailbox = Mailbox()
    with (
        https_server(authority) as server,
        tunnel(server.port) as proxy,
        smtp_server(authority, mailbox) as port,
    ):
        server.answers = [Answer(200, b"ok")]
        config = configured(tmp_path, "ops-teams", "ops-slack", "ops-mail")
        environment = {
            "OPS_TEAMS": TEAMS_URL,
            "OPS_SLACK": SLACK_URL,
            "OPS_MAIL": f"mailtos://localhost:{port}/ops@example.com?from=qbwatch@example.com&mode=starttls",
            "HTTPS_PROXY": proxy.url,
            "https_proxy": proxy.url,
            **trust(authority, tmp_path),
        }
        with watching(config, environment=environment) as process:
            append(tmp_path, BANNER, *Session(at=now_seconds(9)).blocked())
            opened = server.wait_for(2)
            mails = mailbox.wait_for(1)
            append(tmp_path, *Session(at=now_seconds(1)).ok())
            resolved = server.wait_for(4)[2:]
            mails = mailbox.wait_for(2)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
    check_opened([request.json() for request in opened], mails[0])
    check_resolved([request.json() for request in resolved], mails[1])


def by_kind(bodies: list[Any]) -> tuple[Any, Any]:
    teams = next(body for body in bodies if body.get("type") == "message")
    slack = next(body for body in bodies if body.get("type") != "message")
    return teams, slack


def check_opened(bodies: list[Any], mail: bytes) -> None:
    teams, slack = by_kind(bodies)
    letter = message_from_bytes(mail, policy=policy.default)
    html, plain = (letter.get_body((kind,)) for kind in ("html", "plain"))
    assert html is not None
    assert plain is not None
    for text in (json.dumps(teams), json.dumps(slack), html.get_content(), plain.get_content()):
        assert "srv-01" in text
        assert "Contoso Sync" in text
        assert LINK in text
    assert teams["attachments"][0]["content"]["type"] == "AdaptiveCard"
    assert "srv-01" in str(letter["Subject"])
    assert "1. " in plain.get_content()


def check_resolved(bodies: list[Any], mail: bytes) -> None:
    teams, slack = by_kind(bodies)
    letter = message_from_bytes(mail, policy=policy.default)
    for text in (json.dumps(teams), json.dumps(slack), str(letter["Subject"])):
        assert "Solved" in text


def test_a_receiver_that_is_down_gets_its_message_after_a_restart(tmp_path: Path, authority: trustme.CA) -> None:
    with https_server(authority) as server, tunnel(server.port) as proxy:
        config = configured(tmp_path, "ops-teams")
        environment = {"OPS_TEAMS": TEAMS_URL, "HTTPS_PROXY": proxy.url, "https_proxy": proxy.url}
        environment |= trust(authority, tmp_path)
        server.answers = [Answer(503)]
        with watching(config, environment=environment):
            append(tmp_path, BANNER, *Session(at=now_seconds(9)).blocked())
            server.wait_for(1)
        server.answers = [Answer(202)]
        with closing(sqlite3.connect(tmp_path / "history.db")) as connection, connection:
            connection.execute("UPDATE deliveries SET next_at = created_at WHERE state = 'pending'")
        with watching(config, environment=environment):
            requests = server.wait_for(2)
        assert requests[0].body == requests[1].body


def stored(folder: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(folder / "history.db")) as connection:
        return connection.execute(query).fetchall()


def test_kill_at_any_moment_neither_loses_nor_repeats_an_event_and_loses_no_alert(
    tmp_path: Path, authority: trustme.CA
) -> None:
    chance = random.Random(7)  # noqa: S311 - moments, not secrets
    rounds = 6
    with https_server(authority) as server, tunnel(server.port) as proxy:
        config = configured(tmp_path, "ops-teams")
        environment = {"OPS_TEAMS": TEAMS_URL, "HTTPS_PROXY": proxy.url, "https_proxy": proxy.url}
        environment |= trust(authority, tmp_path)
        append(tmp_path, BANNER)
        for number in range(rounds):
            with watching(config, environment=environment) as process:
                append(tmp_path, *Session(application=f"App {number}", at=now_seconds(30 - number)).blocked())
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(chance.uniform(0, 1.5))
                process.send_signal(signal.SIGKILL)
        with watching(config, environment=environment):
            # That the watcher broke off is told as well.
            poll(lambda: len({told_of(request.json()) for request in list(server.requests)} - {None}) == rounds)
    applications = [
        row[0]
        for row in stored(
            tmp_path, "SELECT application FROM events WHERE role = 'root' AND run IS NOT NULL ORDER BY offset"
        )
    ]
    assert applications == [f"App {number}" for number in range(rounds)]
    assert stored(tmp_path, "SELECT count(*) FROM runs WHERE outcome = 'failed'") == [(rounds,)]
    assert stored(tmp_path, "SELECT count(*) FROM incidents WHERE application IS NOT NULL") == [(rounds,)]
    before = stored(tmp_path, "SELECT id FROM events UNION SELECT id FROM runs")
    main(["scan", str(tmp_path / "log"), "--db", str(tmp_path / "history.db"), "--host", "srv-01"])
    assert stored(tmp_path, "SELECT id FROM events UNION SELECT id FROM runs") == before


def told_of(card: Any) -> str | None:
    text = json.dumps(card)
    return next((f"App {number}" for number in range(10) if f"App {number}" in text), None)


def test_a_file_that_appears_later_is_followed_and_rotation_loses_nothing(tmp_path: Path) -> None:
    config = configured(tmp_path)
    config.write_text(config.read_text().partition("[route]")[0])
    folder = tmp_path / "log"

    def failed() -> list[str]:
        return [
            row[0] for row in stored(tmp_path, "SELECT application FROM runs WHERE outcome = 'failed' ORDER BY started")
        ]

    with watching(config):
        append(tmp_path, BANNER, *Session(application="A", at=0).blocked())
        poll(lambda: failed() == ["A"])
        append(tmp_path, *Session(application="B", at=60).blocked())
        (folder / "QWCLog.txt").rename(folder / "QWCLogOld.txt")
        append(tmp_path, BANNER, *Session(application="C", at=120).blocked())
        poll(lambda: failed() == ["A", "B", "C"])


def poll(done: Callable[[], bool], timeout_s: float = 15) -> None:
    """Wait for what another process does, for which nothing rings."""
    pause = threading.Event()
    for _ in range(int(timeout_s / 0.05)):
        if done():
            return
        pause.wait(0.05)
    assert done()
