from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.receiver import SecretUrl
from alerts.route import Route
from qbwatch.config import Source, load
from qbwatch.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """\
[host]
name = "srv-01"
client = "Acme Accounting"
timezone = "America/New_York"

[[source]]
path = 'C:\\ProgramData\\Intuit\\QBWebConnector\\log\\QWCLog*.txt'
format = "auto"

[store]
path = "qbwatch.db"

[[receiver]]
name = "ops-teams"
url = "${env:OPS_TEAMS_URL}"

[[receiver]]
name = "oncall-email"
url = "${file:mail-url.txt}"

[route]
receiver = "ops-teams"
group_by = ["client", "cause"]
group_wait = "30s"
repeat_interval = "1h30m"

[[route.routes]]
match = { severity = "critical", client = ["Acme Accounting", "Contoso"] }
receiver = "oncall-email"
continue = true
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "qbwatch.toml"
    path.write_text(text)
    return path


def refused(folder: Path, text: str) -> str:
    with pytest.raises(UsageError) as caught:
        load(written(folder, text))
    return str(caught.value).replace(str(folder), "")


def test_a_whole_configuration_becomes_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_TEAMS_URL", "workflows://example.com/1/2")
    (tmp_path / "mail-url.txt").write_text("mailtos://example.com\n")
    settings = load(written(tmp_path, WHOLE))
    assert (settings.host, settings.client, str(settings.zone)) == ("srv-01", "Acme Accounting", "America/New_York")
    assert settings.sources == (Source(path=r"C:\ProgramData\Intuit\QBWebConnector\log\QWCLog*.txt"),)
    assert settings.store == tmp_path / "qbwatch.db"
    assert [receiver.url for receiver in settings.receivers] == [
        SecretUrl("workflows://example.com/1/2"),
        SecretUrl("mailtos://example.com"),
    ]
    assert settings.route == Route(
        receiver="ops-teams",
        group_by=("client", "cause"),
        group_wait=timedelta(seconds=30),
        repeat_interval=timedelta(minutes=90),
        routes=(
            Route(
                receiver="oncall-email",
                match={"severity": "critical", "client": ("Acme Accounting", "Contoso")},
                continue_=True,
            ),
        ),
    )


def test_no_secret_shows_in_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_TEAMS_URL", "workflows://example.com/topsecret/2")
    (tmp_path / "mail-url.txt").write_text("mailtos://user:topsecret@example.com\n")
    assert "topsecret" not in repr(load(written(tmp_path, WHOLE)))


SOURCE = '[[source]]\npath = "QWCLog.txt"\n'

FAULTS = {
    "an unknown key names the nearest known one": (
        SOURCE + '[host]\nnmae = "x"\n',
        '/qbwatch.toml:4:1: [host] has no key "nmae". Did you mean "name"?.\n    nmae = …\n    ^',
    ),
    "an unknown table too": (
        SOURCE + "[hosts]\n",
        '/qbwatch.toml:3:1: the file has no key "hosts". Did you mean "host"?.\n    [hosts]\n    ^',
    ),
    "a missing secret says which": (
        SOURCE + '[[receiver]]\nname = "a"\nurl = "${env:NOT_THERE}"\n[route]\nreceiver = "a"\n',
        (
            "/qbwatch.toml:5:1: the environment variable NOT_THERE is not set. "
            "Set it for the user that runs qbwatch.\n    url = …\n    ^"
        ),
    ),
    "a number where a text belongs": (
        SOURCE + "[host]\nname = 5\n",
        '/qbwatch.toml:4:1: name must be a text in quotes, such as "5".\n    name = …\n    ^',
    ),
    "a route to nobody": (
        SOURCE + '[route]\nreceiver = "b"\n',
        '/qbwatch.toml:4:1: there is no receiver "b" (known: none).\n    receiver = …\n    ^',
    ),
    "a length of time that is none": (
        SOURCE + '[[receiver]]\nname = "a"\nurl = "json://x"\n[route]\nreceiver = "a"\ngroup_wait = "soon"\n',
        (
            '/qbwatch.toml:8:1: "soon" is no length of time. Write it like "30s", "5m", "4h" or "1h30m".'
            "\n    group_wait = …\n    ^"
        ),
    ),
    "no source": (
        "[host]\n",
        "/qbwatch.toml:1:1: no log to follow. Add a [[source]] with its path.\n    [host]\n    ^",
    ),
    "text that is no TOML": (
        "[host\n",
        (
            "/qbwatch.toml:1:6: this is not valid TOML: Expected ']' at the end of a table declaration "
            "(at line 1, column 6)."
        ),
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_told_with_its_place(tmp_path: Path, case: str) -> None:
    text, message = FAULTS[case]
    assert refused(tmp_path, text) == message


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    text = SOURCE + '[host]\ntimezone = "Mars"\n[store]\npaht = "x"\n[route]\ngroup_by = ["colour"]\n'
    said = refused(tmp_path, text)
    assert [line.partition(": ")[0] for line in said.splitlines() if line.startswith("/")] == [
        "/qbwatch.toml:4:1",
        "/qbwatch.toml:6:1",
        "/qbwatch.toml:7:1",
        "/qbwatch.toml:8:1",
    ]


def test_a_fault_never_shows_the_secret_beside_it(tmp_path: Path) -> None:
    text = SOURCE + '[[receiver]]\nname = "a"\nurll = "mailtos://u:topsecret@example.com"\n[route]\nreceiver = "a"\n'
    assert "topsecret" not in refused(tmp_path, text)


def test_a_configuration_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such configuration"):
        load(tmp_path / "none.toml")
