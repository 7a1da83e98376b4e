"""`qbwatch report weekly` as it is used: every format, every mistake, and the mail that arrives."""

from __future__ import annotations

import csv
import email
import email.policy
import io
import json
import re
import sqlite3
from contextlib import closing
from ctypes.util import find_library
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from receivers import Mailbox, smtp_server, trust

from qbwatch import cli
from qbwatch.cli.settings import load_settings
from qbwatch.history.generated import Plan, generate
from qbwatch.history.store import Store
from qbwatch.report_sending import send_due, send_now
from qbwatch.reports.week import parse_week

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

    import trustme

    from qbwatch.config import Settings

PLAN = Plan(clients=2, hosts=2, weeks=3, every_minutes=120, trouble=3.0, until=datetime(2026, 11, 23, 5, tzinfo=UTC))
CONTOSO, FABRIKAM = "Contoso Dental", "Fabrikam Dental"
PNG = bytes.fromhex("89504e470d0a1a0a") + b"not much of a picture"
CONFIG = """
[host]
name = "srv-01"
timezone = "America/New_York"
[[source]]
path = "none.txt"
[[receiver]]
name = "ops-mail"
url = "${env:OPS_MAIL}"
[[receiver]]
name = "fabrikam-mail"
url = "${env:FABRIKAM_MAIL}"
[[receiver]]
name = "chat"
url = "${env:CHAT}"
[route]
receiver = "ops-mail"
[[route.routes]]
match = { cause = "weekly_report", client = "Fabrikam Dental" }
receiver = "fabrikam-mail"
[report]
name = "Example IT Services"
logo = "logo.png"
colour = "#0f766e"
weekly = "Mon 07:00"
per_client = true
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("made") / "qbwatch.db"
    generate(path, PLAN)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


@pytest.fixture
def config(made: bytes, tmp_path: Path) -> Path:
    (tmp_path / "qbwatch.db").write_bytes(made)
    (tmp_path / "logo.png").write_bytes(PNG)
    config = tmp_path / "qbwatch.toml"
    config.write_text(CONFIG, encoding="utf-8")
    return config


@pytest.fixture
def mailbox(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    mailbox = Mailbox()
    with smtp_server(authority, mailbox) as port:
        for name, value in trust(authority, tmp_path).items():
            monkeypatch.setenv(name, value)
        for name in ("ops", "fabrikam"):
            url = f"mailtos://localhost:{port}/{name}@example.com?from=qbwatch@example.com&mode=starttls"
            monkeypatch.setenv(f"{name.upper()}_MAIL", url)
        monkeypatch.setenv("CHAT", "ntfys://ntfy.example.com/qbwatch")
        yield mailbox


def report(config: Path, *arguments: str) -> int:
    return cli.run(["--config", str(config), "report", "weekly", *arguments])


def mails_of(mailbox: Mailbox) -> list[EmailMessage]:
    return [email.message_from_bytes(raw, policy=email.policy.default) for raw in mailbox.mails]  # type: ignore[misc]


def settings_of(config: Path) -> Settings:
    return load_settings(config, secrets=True)


def test_it_is_written_as_json_with_every_figure(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(config, "--week", "2026-W46", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["week"], told["client"]) == ("weekly_report", "2026-W46", None)
    assert [figure["name"] for figure in told["figures"]] == [
        "success_rate", "time_lost", "failed", "lost", "opened", "resolved", "still_open", "recovery",
    ]  # fmt: skip
    assert told["now"]["seconds"] == sum(row["seconds"] for row in told["causes"])


def test_the_csv_has_a_value_a_row(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(config, "--week", "2026-W46", "--format", "csv", "--client", CONTOSO) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {(row["week"], row["client"]) for row in rows} == {("2026-W46", CONTOSO)}
    assert {row["table"] for row in rows} == {"figure", "cause", "machine", "application", "trend", "hour"}


PAPER = pytest.param(
    "pdf",
    marks=pytest.mark.skipif(
        find_library("pangoft2-1.0") is None, reason="Pango, which lays out a PDF, is not installed (libpangoft2-1.0-0)"
    ),
)


@pytest.mark.parametrize("ending", ["html", "md", PAPER, "csv", "json"])
def test_the_ending_of_the_file_tells_the_format(
    config: Path, tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"report.{ending}"
    assert report(config, "--week", "2026-W46", "-o", str(out)) == 0
    signs = {"html": b"<!doctype html>", "md": b"# Sync report", "pdf": b"%PDF", "csv": b"week,client", "json": b"{"}
    assert out.read_bytes().startswith(signs[ending])
    assert capsys.readouterr().out.startswith(f"{out}: Sync report, 2026-W46. ")


@pytest.mark.parametrize("ending", ["html", "md", "csv", "json"])
def test_the_report_of_a_client_holds_nothing_of_another(config: Path, tmp_path: Path, ending: str) -> None:
    for client, other in ((CONTOSO, FABRIKAM), (FABRIKAM, CONTOSO)):
        for week in ("2026-W45", "2026-W46", "2026-W47"):
            out = tmp_path / f"report.{ending}"
            assert report(config, "--week", week, "--client", client, "-o", str(out), "--no-charts") == 0
            text = out.read_text(encoding="utf-8")
            # Applications and example addresses bear names of the same houses.
            assert other not in text
            assert other.lower().replace(" ", "-") not in text
            assert "ops-teams" not in text


def test_the_page_shows_whose_it_is_and_all_of_its_pictures_have_words(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    assert report(config, "--week", "2026-W46", "-o", str(out)) == 0
    text = out.read_text(encoding="utf-8")
    images = re.findall(r"<img[^>]*>", text)
    assert [re.search(r'alt="([^"]*)', image)[1].split(" ")[0] for image in images] == ["Example", "Time", "Failures"]  # type: ignore[index]
    assert all('src="data:image/png;base64,' in image for image in images)
    assert "#0f766e" in text


def test_what_a_log_says_is_escaped_in_every_format(config: Path, tmp_path: Path) -> None:
    hostile = "=1+1<script>alert(1)</script>|[x](javascript:y)"
    with closing(sqlite3.connect(tmp_path / "qbwatch.db")) as db:
        for table in ("daily", "runs", "events", "incidents"):
            query = "UPDATE {} SET host = ? WHERE host = 'contoso-dental-srv-01'"
            db.execute(query.format(table), (hostile,))
        db.execute("DELETE FROM rollups_due")
        db.commit()
    for ending in ("html", "md", "csv"):
        out = tmp_path / f"report.{ending}"
        assert report(config, "--week", "2026-W46", "-o", str(out), "--no-charts") == 0
        text = out.read_text(encoding="utf-8")
        if ending == "csv":
            assert "'=1+1" in text
        else:
            assert "1+1" in text
            assert "<script>alert" not in text
            assert 'href="javascript' not in text
            assert not re.search(r"(?<!\\)\]\(javascript", text) or ending == "html"


def test_compare_prints_the_weeks_beside_each_other(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(config, "--week", "2026-W47", "--compare") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Sync report, 2026-W47: 16 to 22 November 2026"
    assert lines[4].split() == ["THIS", "WEEK", "LAST", "WEEK", "USUALLY"]
    assert [line.split("  ")[0] for line in lines[5:13]] == [
        "Success rate", "Time lost", "Failed runs", "Lost runs", "Incidents opened", "Incidents resolved",
        "Still open", "Mean time to recover",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--week", "W47"], '"W47" is no week. Write the year and the ISO week, such as 2026-W47'),
        (["--week", "2026-W60"], '"2026-W60" is no week'),
        (["--week", "2031-W01"], "2031-W01 has not begun yet"),
        (["--client", "Nobody"], f'nothing is stored of a client "Nobody". Known: {CONTOSO}, {FABRIKAM}.'),
        (["--due"], "Add --send"),
        (["-o", "report.docx"], "report.docx: no format of the report ends so. Let it end in .html, .md, .pdf"),
        (["-o", "nowhere/report.md"], "nowhere/report.md: the folder nowhere is not there. Make it, or name another."),
        (["--db", "none.db"], "none.db: there is no store yet"),
    ],
)
def test_a_mistake_is_told_with_what_to_write(
    config: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(config, *arguments) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ('weekly = "sometimes"', '"sometimes" is no time of the week'),
        ('colour = "red"', '"red" is no colour'),
        ('logo = "qbwatch.toml"', "is no PNG, JPEG or GIF"),
        ('logo = "gone.png"', "cannot be read"),
        ('receiver = "nobody"', "no [[receiver]] has this name"),
        ('wekly = "Mon 07:00"', 'Did you mean "weekly"?'),
    ],
)
def test_a_fault_in_the_configuration_is_told_with_its_place(
    config: Path, key: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(f"{CONFIG.partition('[report]')[0]}[report]\n{key}\n", encoding="utf-8")
    assert report(config) == 2
    told = capsys.readouterr().err
    assert words in told
    assert f"{config}:22:1" in told


def test_each_client_gets_its_own_mail_with_pictures_and_a_spreadsheet(config: Path, mailbox: Mailbox) -> None:
    settings = settings_of(config)
    store = Store(settings.store)
    week = parse_week("2026-W46", settings.zone)
    assert send_now(store, settings, week, datetime(2026, 11, 23, 13, tzinfo=UTC)) == 0
    store.close()
    mails = mails_of(mailbox)
    assert [mail["To"] for mail in mails] == ["ops@example.com", "ops@example.com", "fabrikam@example.com"]
    titles = ["Sync report", f"Sync report for {CONTOSO}", f"Sync report for {FABRIKAM}"]
    assert [_whose(mail) for mail in mails] == titles
    mail = mails[2]
    html_part = mail.get_body(("html",))
    assert html_part is not None
    page = html_part.get_content()
    named = set(re.findall(r'src="cid:([^"]+)"', page))
    parts = {part["Content-ID"].strip("<>"): part for part in mail.walk() if part["Content-ID"]}
    assert named == set(parts) == {"logo", "trend", "hours"}
    assert parts["logo"].get_content() == PNG
    assert [part.get_filename() for part in mail.iter_attachments()] == ["sync-report-2026-W46.csv"]
    text = mail.get_body(("plain",))
    assert text is not None
    assert text.get_content().startswith(f"Example IT Services: Sync report for {FABRIKAM}, 9 to 15 November 2026")
    assert CONTOSO not in mail.as_string()
    assert len(page.encode()) < 100_000, "Gmail cuts a longer one off"


def _whose(mail: Any) -> str:
    return re.sub(r"^\[Example IT Services\] (.*), 2026-W46: .*$", r"\1", mail["Subject"])


def test_the_mail_encloses_a_pdf_if_that_is_asked_for(config: Path, mailbox: Mailbox) -> None:
    config.write_text(f"{CONFIG}pdf = true\n", encoding="utf-8")
    with closing(Store(config.with_name("qbwatch.db"))) as store:
        settings = settings_of(config)
        week = parse_week("2026-W46", settings.zone)
        assert send_now(store, settings, week, datetime(2026, 11, 23, 13, tzinfo=UTC), client=FABRIKAM) == 0
    (mail,) = mails_of(mailbox)
    table, pages = mail.iter_attachments()
    assert [part.get_filename() for part in (table, pages)] == ["sync-report-2026-W46.csv", "sync-report-2026-W46.pdf"]
    assert pages.get_content_type() == "application/pdf"
    assert pages.get_content().startswith(b"%PDF-")


def test_what_is_due_is_sent_once_and_the_first_time_nothing_is(config: Path, mailbox: Mailbox) -> None:
    settings = settings_of(config)
    store = Store(settings.store)
    counts = []
    for day, hour in ((16, 13), (19, 8), (23, 13), (25, 0)):
        assert send_due(store, settings, datetime(2026, 11, day, hour, tzinfo=UTC), draws=False) == 0
        counts.append(len(mailbox.mails))
    store.close()
    assert counts == [0, 0, 3, 3]
    assert {mail["Subject"].partition("2026-")[2][:3] for mail in mails_of(mailbox)} == {"W47"}


def test_what_is_refused_for_now_is_sent_later_and_to_nobody_twice(
    config: Path, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_of(config)
    store = Store(settings.store)
    first, later, last = (datetime(2026, 11, day, 13, tzinfo=UTC) for day in (16, 23, 24))
    send_due(store, settings, first, draws=False)
    mailbox.at_data = "451 later"
    assert send_due(store, settings, later, draws=False) == 1
    assert "was not sent to ops-mail" in capsys.readouterr().err
    mailbox.at_data = "250 OK"
    assert send_due(store, settings, last, draws=False) == 0
    assert send_due(store, settings, last, draws=False) == 0
    rows = store.connection.execute("SELECT state, attempts FROM report_sends WHERE week = '2026-W47'").fetchall()
    store.close()
    assert len(mailbox.mails) == 3
    assert {tuple(row) for row in rows} == {("sent", 2)}


def test_a_receiver_that_takes_no_mail_is_told_and_the_others_get_theirs(
    config: Path, mailbox: Mailbox, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(CONFIG.replace("[report]", '[report]\nreceiver = "chat"'), encoding="utf-8")
    assert report(config, "--week", "2026-W46", "--send", "--no-charts") == 1
    told = capsys.readouterr()
    assert "was not sent to chat: it goes by mail" in told.err
    assert told.out.splitlines() == [
        f"The report 2026-W46 of {CONTOSO} was sent to ops-mail.",
        f"The report 2026-W46 of {FABRIKAM} was sent to fabrikam-mail.",
    ]
    assert len(mailbox.mails) == 2


def test_the_page_is_well_formed(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    assert report(config, "--week", "2026-W46", "-o", str(out), "--no-charts") == 0
    text = out.read_text(encoding="utf-8")
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"<(meta|img|br)([^>]*)>", r"<\1\2/>", text).replace("<!doctype html>", "")
    ET.fromstring(re.sub(r"&(?!amp;|lt;|gt;|quot;|#)\w+;", "", text))  # noqa: S314 - it is our own
