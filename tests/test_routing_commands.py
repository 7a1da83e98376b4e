"""`qbwatch silence` and `qbwatch route`, as somebody on duty types them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from qwclog import BANNER, Session
from receivers import START, make_event

from qbwatch.__main__ import main
from qbwatch.cli.outgoing import alert_store
from qbwatch.cli.settings import load_settings
from qbwatch.clock import utc_now
from qbwatch.history.store import Store

if TYPE_CHECKING:
    from pathlib import Path

ROUTES = """
[[time_interval]]
name = "always"

[[time_interval]]
name = "february 30"
months = ["feb"]
days_of_month = ["30"]

[route]
receiver = "ops"
[[route.routes]]
matchers = ["host =~ pc-.*"]
receiver = "ops"
[[route.routes]]
match = { cause = "popup_blocked" }
receiver = "ops"
mute_time_intervals = ["always"]
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "qbwatch.toml"
    path.write_text(
        '[host]\nname = "srv-01"\nclient = "Contoso"\ntimezone = "America/New_York"\n'
        '[[source]]\npath = "QWCLog.txt"\n'
        '[[receiver]]\nname = "ops"\nurl = "${env:OPS_URL}"\nfallback = "boss"\n'
        '[[receiver]]\nname = "boss"\nurl = "${env:OPS_URL}"\n' + ROUTES
    )
    monkeypatch.setenv("QBWATCH_CONFIG", str(path))
    monkeypatch.setenv("OPS_URL", "json://127.0.0.1:1/")
    return path


@pytest.fixture
def store(config: Path) -> Path:
    """Return the path of a store with one open incident."""
    settings = load_settings(config)
    known = Store(settings.store)
    with known.transaction():
        alert_store(known, settings).apply([make_event(time=START)], (), START)
    known.close()
    return settings.store


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(list(arguments)) == code
    out, err = capsys.readouterr()
    return out if code == 0 else err


def test_a_silence_is_begun_listed_and_ended(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert store.exists()
    told = said(capsys, "silence", "add", "cause=popup_blocked", "--for", "3h", "--reason", "new server")
    assert "It holds 1 open incident now." in told
    listed = said(capsys, "silence", "list")
    assert 'active  cause = "popup_blocked"' in listed
    assert "new server" in listed
    [one] = map(json.loads, said(capsys, "silence", "list", "--json").splitlines())
    assert (one["matchers"], one["holds"], one["until_recovered"]) == (['cause = "popup_blocked"'], 1, False)
    assert said(capsys, "silence", "end", one["id"][:4]) == f"{one['id']} has ended.\n"
    assert said(capsys, "silence", "list") == "Nothing is silenced.\n"
    assert "ended" in said(capsys, "silence", "list", "--all")
    assert "nothing changed" in said(capsys, "silence", "end", one["id"])


def test_the_end_of_a_silence_is_in_the_zone_of_the_host(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert store.exists()
    day = (utc_now().date()).isoformat()
    made = said(
        capsys,
        "silence",
        "add",
        "host=srv-01",
        "--until",
        f"{day}T23:59:59",
        "--reason",
        "x",
        "--author",
        "sam",
        "--json",
    )
    assert json.loads(made)["ends_at"].endswith(("T04:59:59Z", "T03:59:59Z"))
    assert json.loads(made)["author"] == "sam"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["hots=srv-01", "--reason", "x"], 'nothing is called "hots" here'),
        (["host=srv-01", "--reason", " "], "an author and a reason"),
        (["host=srv-01", "--reason", "x", "--for", "90d"], "30 days at most"),
        (["host=srv-01", "--reason", "x", "--for", "soon"], '--for: "soon" is no length of time'),
        (["host=srv-01", "--reason", "x", "--until", "2020-01-01"], "not in the past"),
        (["host=srv-01", "--reason", "x", "--until", "soon"], '--until: "soon" is no time'),
    ],
)
def test_a_silence_that_cannot_be_is_refused(
    store: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert store.exists()
    assert told in said(capsys, "silence", "add", *arguments, code=2)


def test_a_silence_until_recovery_needs_something_that_can_recover(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert store.exists()
    add = ("silence", "add", "--until-recovered", "--reason", "known")
    assert "nothing to wait for" in said(capsys, *add, "cause=data_error", code=2)
    assert "until it recovers" in said(capsys, *add, "cause=popup_blocked")


def test_ending_needs_the_id_of_one_silence(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert store.exists()
    said(capsys, "silence", "add", "host=srv-01", "--reason", "x")
    for start in ("", "zzz"):
        assert "there is no one silence" in said(capsys, "silence", "end", start, code=2)


def test_a_route_is_explained_for_an_incident(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert store.exists()
    [incident] = map(json.loads, said(capsys, "incidents", "list", "--json").splitlines())
    told = said(capsys, "route", incident["id"][:6])
    assert 'route 0.0 takes host =~ "pc-.*": no, its host is "srv-01"' in told
    assert "route 0.1 takes cause = popup_blocked: yes" in told
    assert "ops hears of it by route 0.1:\n  held now (muted: always)" in told
    assert "if it cannot be delivered, boss gets it" in told


def test_a_route_is_explained_for_all_that_a_log_shows(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = config.parent / "log.txt"
    log.write_text("".join([BANNER, *Session().blocked()]), newline="")
    [told] = map(json.loads, said(capsys, "route", str(log), "--json").splitlines())
    assert told["labels"]["application"] == "Contoso Sync"
    assert [(route["receiver"], route["path"], route["fallback"]) for route in told["routes"]] == [
        ("ops", "0.1", "boss")
    ]
    assert not (config.parent / "qbwatch.db").exists()


def test_what_is_neither_a_file_nor_an_id_is_told(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no such file, and no one incident or event" in said(capsys, "route", "nothing", code=2)
    assert store.exists()
