"""`qbwatch init`: what it finds, what it writes, and that it never spoils what is there."""

from __future__ import annotations

import io
import json
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from receivers import SLACK_URL, TEAMS_URL, Answer, HttpsServer
from windows_fake import WindowsFake

from ingest.channels import Channel, ChannelError
from qbwatch import places
from qbwatch.__main__ import main
from qbwatch.config import load
from qbwatch.errors import UsageError
from qbwatch.first_start.answers import Answers, NewReceiver, answers_around, answers_from
from qbwatch.first_start.asking import Person, ask_all
from qbwatch.first_start.found import FoundChannel, FoundLog, find_channels, find_logs, known_places
from qbwatch.first_start.windows_zone import zone_here
from qbwatch.first_start.written import configuration, quoted, write

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

SDK = "20260310.020009\tI\tRequestProcessor\t========= Started Connection =========\n"


@pytest.fixture
def logs(tmp_path: Path, samples: Path) -> Path:
    """Return a folder with Web Connector's log, its earlier generation, QuickBooks' SDK log, and what is no log."""
    folder = tmp_path / "logs"
    folder.mkdir()
    case = samples / "sdk_log" / "popup_behind_80040408"
    (folder / "QWCLog.txt").write_bytes((case / "QWCLog.txt").read_bytes())
    (folder / "QWCLogOld.txt").write_bytes((case / "QWCLog.txt").read_bytes())
    (folder / "qbsdklog.txt").write_bytes((case / "qbsdklog.txt").read_bytes())
    (folder / "notes.txt").write_text("call the client\n")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    return folder


def command(file: Path, *more: str) -> int:
    return main(["--config", str(file), "init", *more])


def test_a_folder_is_searched_for_logs_and_their_generations_are_one_pattern(logs: Path) -> None:
    found = find_logs([], [str(logs)])
    assert [(Path(one.pattern).name, one.of, one.format, one.files) for one in found] == [
        ("QWCLog*.txt", "Web Connector", "qbwc", 2), ("qbsdk*.txt", "QuickBooks' SDK", "qbsdk", 1),
    ]  # fmt: skip


def test_the_known_places_of_windows_are_found_and_the_noisy_one_is_left_out(tmp_path: Path, logs: Path) -> None:
    around = {"PROGRAMDATA": str(tmp_path / "ProgramData"), "PUBLIC": str(tmp_path / "Users" / "Public")}
    for folder, name in (
        ("ProgramData/Intuit/QBWebConnector/log", "QWCLog.txt"), ("ProgramData/Intuit/QuickBooks", "qbsdklog.txt"),
        ("Users/anna/AppData/Local/Intuit/QuickBooks/log/34.0", "qbwin.log"),
    ):  # fmt: skip
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / name).write_bytes((logs / "QWCLog.txt").read_bytes())
    found = find_logs(known_places(around))
    assert [(one.of, one.followed) for one in found] == [
        ("Web Connector", True), ("QuickBooks' SDK", True), ("QuickBooks itself", False),
    ]  # fmt: skip
    assert known_places({}) == []


def test_a_log_that_cannot_be_read_and_one_that_is_not_there_yet_are_told(tmp_path: Path) -> None:
    (tmp_path / "sync1.log").mkdir()
    broken, missing = find_logs([], [str(tmp_path / "sync?.log"), str(tmp_path / "later.log")])
    assert (broken.problem or "").startswith("cannot be read")
    assert (missing.files, missing.written, missing.problem) == (0, None, None)


def test_event_channels_are_tried() -> None:
    def run(line: object) -> bytes:
        if "Application" in str(line):
            raise ChannelError("refused")
        return b""

    found = find_channels(lambda name: Channel(name=name, run=run), ["System", "Application"])
    assert found == [FoundChannel(name="System"), FoundChannel(name="Application", problem="refused")]


def test_unattended_it_writes_a_configuration_that_loads_with_its_secret_in_a_file_of_its_own(
    tmp_path: Path, logs: Path, far_side: HttpsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"jsons://localhost:{far_side.port}/hooks/HOOKSECRET"
    answers = tmp_path / "answers.toml"
    answers.write_text(
        f'host = "srv-07"\nclient = "Contoso"\ntimezone = "America/New_York"\nlogs = ["{logs}"]\n'
        f'[[receiver]]\nname = "hook"\nurl = "{url}"\n'
    )
    file = tmp_path / "etc" / "qbwatch.toml"
    assert command(file, "--from", str(answers)) == 0
    said = capsys.readouterr().out
    settings, secret = load(file), tmp_path / "etc" / "secrets" / "hook.url"
    assert (settings.host, settings.client, str(settings.zone)) == ("srv-07", "Contoso", "America/New_York")
    assert [Path(one.path).name for one in settings.sources] == ["QWCLog*.txt", "qbsdk*.txt"]
    assert [one.url.reveal() for one in settings.receivers] == [url]
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert ("HOOKSECRET" in file.read_text(), "HOOKSECRET" in said) == (False, False)
    assert "hook took a test message" in said
    assert len(far_side.requests) == 1


def test_it_changes_nothing_when_it_is_run_again(
    tmp_path: Path, logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "q" / "qbwatch.toml"
    assert command(file, "--yes", "--logs", str(logs)) == 0
    before = {path: path.read_bytes() for path in file.parent.rglob("*") if path.is_file()}
    assert command(file, "--yes", "--logs", str(logs), "--client", "Fabrikam") == 0
    assert {path: path.read_bytes() for path in file.parent.rglob("*") if path.is_file()} == before
    assert "nothing was changed" in capsys.readouterr().out


def test_force_writes_it_anew_and_keeps_the_one_before(tmp_path: Path, logs: Path) -> None:
    file = tmp_path / "qbwatch.toml"
    file.write_text("# mine\n")
    assert command(file, "--yes", "--force", "--logs", str(logs), "--client", "Fabrikam") == 0
    assert load(file).client == "Fabrikam"
    assert (tmp_path / "qbwatch.toml.old").read_text() == "# mine\n"


def test_a_test_message_that_is_not_taken_is_told_with_exit_code_1(
    tmp_path: Path, logs: Path, far_side: HttpsServer, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    far_side.answers = [Answer(status=404, body=b"")]
    monkeypatch.setenv("QBWATCH_MAIL_URL", f"jsons://localhost:{far_side.port}/hooks/HOOKSECRET")
    file = tmp_path / "qbwatch.toml"
    assert command(file, "--yes", "--logs", str(logs)) == 1
    said = capsys.readouterr()
    assert "ops-mail did not take the test message" in said.err
    assert "HOOKSECRET" not in said.out + said.err
    assert load(file).receivers[0].name == "ops-mail"


def test_without_a_log_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "qbwatch.toml"
    assert command(file, "--yes") == 2
    assert ("qbwatch init --logs PATH" in capsys.readouterr().err, file.exists()) == (True, False)


def test_what_would_be_refused_is_not_written_and_says_why(
    tmp_path: Path, logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "qbwatch.toml"
    assert command(file, "--yes", "--logs", str(logs), "--timezone", "America/Foo") == 2
    said = capsys.readouterr().err
    assert ('"America/Foo" is no time zone' in said, ".new" in said) == (True, False)
    assert list(tmp_path.glob("*qbwatch.toml*")) == []


def test_look_only_shows_what_is_found(tmp_path: Path, logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "qbwatch.toml"
    assert command(file, "--look", "--logs", str(logs), "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["kind"], row["format"]) for row in rows] == [("log", "qbwc"), ("log", "qbsdk")]
    assert rows[0]["written"].endswith("Z")
    assert not file.exists()
    assert command(file, "--json") == 2


def typed(*answers: str) -> Person:
    """Return somebody who types *answers* and notes what is said."""
    lines: Iterator[str] = iter(answers)

    def ask(_: str) -> str:
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    return Person(ask=ask, ask_secretly=ask, say=lambda _: None)


def test_a_person_is_asked_again_until_the_answer_can_be_used() -> None:
    answers = ask_all(
        typed("", "Contoso", "Foo/Bar", "America/Chicago", "y", "http://bad", TEAMS_URL, "y", SLACK_URL, "n"),
        Answers(host="srv-01", timezone="UTC"),
    )
    assert answers == Answers(
        host="srv-01", client="Contoso", timezone="America/Chicago",
        receivers=(NewReceiver(name="ops-teams", url=TEAMS_URL), NewReceiver(name="ops-slack", url=SLACK_URL)),
    )  # fmt: skip


def test_a_mail_server_becomes_a_url_whatever_its_password_holds() -> None:
    answers = ask_all(
        typed(
            "", "", "UTC", "n", "n", "y", "smtp.example.com", "", "qb@example.com", "p@ss:/w?d&", "", "ops@example.com"
        ),
        Answers(host="srv-01"),
    )
    assert answers.receivers[0].url == (
        "mailtos://qb%40example.com:p%40ss%3A%2Fw%3Fd%26@smtp.example.com:587/ops@example.com"
        "?from=qb@example.com&mode=starttls"
    )


def test_where_nobody_answers_nothing_is_written(
    tmp_path: Path, logs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert command(tmp_path / "qbwatch.toml", "--logs", str(logs)) == 2
    assert "qbwatch init --yes, or --from FILE" in capsys.readouterr().err
    assert not (tmp_path / "qbwatch.toml").exists()


def test_wrong_answers_are_refused_all_at_once_with_their_places(tmp_path: Path) -> None:
    file = tmp_path / "answers.toml"
    file.write_text(
        'hots = "a"\n[[receiver]]\nkind = "team"\nurl = "https://example.com"\n[[receiver]]\nname = "a/b"\n'
    )
    with pytest.raises(UsageError) as refused:
        answers_from(file)
    told = str(refused.value)
    for part in (":1:1:", 'Did you mean "host"?', '"team" is no kind', '"a/b" names a file too', '"url" is missing'):
        assert part in told
    assert "example.com" not in told


def test_an_rmm_hands_secrets_over_in_the_environment() -> None:
    answers = answers_around({"QBWATCH_TEAMS_URL": TEAMS_URL, "QBWATCH_SLACK_URL": "  "})
    assert answers.receivers == (NewReceiver(name="ops-teams", url=TEAMS_URL),)
    assert "TEAMSSIGNATURE" not in repr(answers)


def test_a_reference_stays_a_reference_and_every_receiver_has_a_route(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPS_URL", TEAMS_URL)
    receivers = (
        NewReceiver(name="ops", url="${env:OPS_URL}"), NewReceiver(name="night", url=SLACK_URL, severity="critical"),
        NewReceiver(name="all", url=SLACK_URL),
    )  # fmt: skip
    log = FoundLog(pattern="C:\\Logs\\it's\\QWCLog*.txt", of="x", files=1, size=1, written=None, format=None)
    text = configuration(Answers(receivers=receivers), [log], ["System"], "qbwatch.db")
    settings = write(tmp_path / "qbwatch.toml", text, receivers, WindowsFake())
    assert 'url = "${env:OPS_URL}"' in text
    assert (settings.sources[0].path, settings.channels) == ("C:\\Logs\\it's\\QWCLog*.txt", ("System",))
    assert settings.route
    assert [(one.receiver, dict(one.match), one.continue_) for one in settings.route.routes] == [
        ("night", {"severity": "critical"}, True), ("all", {}, True), ("ops", {}, False),
    ]  # fmt: skip


@given(st.text(max_size=40))
def test_any_text_is_read_back_as_it_was(text: str) -> None:
    import tomllib  # noqa: PLC0415 - only here

    assert tomllib.loads(f"a = {quoted(text)}") == {"a": text}


@pytest.mark.parametrize(
    ("told", "zone"),
    [("Eastern Standard Time", "America/New_York"), ("Pacific Standard Time_dstoff", "America/Los_Angeles"),
     ("Nowhere Standard Time", None)],
)  # fmt: skip
def test_windows_own_name_of_a_zone_becomes_the_worlds(told: str, zone: str | None) -> None:
    assert zone_here(WindowsFake(prints={"tzutil.exe /g": f"{told}\r\n"}), "win32") == zone
    assert zone_here(WindowsFake(), "win32") is None


def test_a_configuration_of_all_users_is_found_if_there_is_none_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QBWATCH_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    own = tmp_path / "qbwatch" / "qbwatch.toml"
    assert places.config_file() == own
    own.parent.mkdir()
    own.touch()
    assert (places.config_file(), places.new_config_file()) == (own, own)
    assert places.store_for(Path("/etc/qbwatch/qbwatch.toml")) == "/var/lib/qbwatch/qbwatch.db"
    assert places.store_for(own) == "qbwatch.db"
