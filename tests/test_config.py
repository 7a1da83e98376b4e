from __future__ import annotations

import importlib
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.receiver import SecretUrl
from alerts.route import Route
from qbwatch.config import Source, load, unused_receivers
from qbwatch.errors import UsageError
from qbwatch.secrets import SecretMissingError, expand

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
        '/qbwatch.toml:4:1: [host] has no key "nmae". Did you mean "name"?\n    nmae = …\n    ^',
    ),
    "an unknown table too": (
        SOURCE + "[hosts]\n",
        '/qbwatch.toml:3:1: the file has no key "hosts". Did you mean "host"?\n    [hosts]\n    ^',
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
        "/qbwatch.toml:4:1: name must be a text in quotes; this is a number.\n    name = …\n    ^",
    ),
    "a secret in the wrong kind of value is not shown": (
        SOURCE + '[[receiver]]\nname = "a"\nurl = ["slack://topsecret"]\n[route]\nreceiver = "a"\n',
        "/qbwatch.toml:5:1: url must be a text in quotes; this is a list.\n    url = …\n    ^",
    ),
    "a secret in clear": (
        SOURCE + '[[receiver]]\nname = "ops teams"\nurl = "slack://topsecret"\n[route]\nreceiver = "ops teams"\n',
        (
            "/qbwatch.toml:5:1: this URL stands here in clear, and whoever has it can write to your team. Put it into "
            'an environment variable and write url = "${env:OPS_TEAMS_URL}"; "${file:…}" and "${keyring:…}" work too.'
            "\n    url = …\n    ^"
        ),
    ),
    "a URL where a receiver's name belongs": (
        SOURCE + '[route]\nreceiver = "slack://topsecret"\n',
        "/qbwatch.toml:4:1: no [[receiver]] has this name (known: none).\n    receiver = …\n    ^",
    ),
    "a format that does not grow": (
        '[[source]]\npath = "System.xml"\nformat = "windows-events"\n',
        (
            '/qbwatch.toml:3:1: Windows events are followed by channel = "System" in place of path. An export of them '
            "does not grow: give it to qbwatch scan, in one folder with the log.\n    format = …\n    ^"
        ),
    ),
    "a format that is none": (
        '[[source]]\npath = "QWCLog.txt"\nformat = "qbwcc"\n',
        (
            '/qbwatch.toml:3:1: "qbwcc" is no format. Did you mean "qbwc"? Write one of: auto, qbwc, clef, log4net, '
            "ms-console, nlog, qbsdk, qbwin, serilog.\n    format = …\n    ^"
        ),
    ),
    "a channel with a path": (
        '[[source]]\nchannel = "System"\npath = "QWCLog.txt"\n',
        (
            "/qbwatch.toml:3:1: a [[source]] with a channel has no path. Give the log a [[source]] of its own."
            "\n    path = …\n    ^"
        ),
    ),
    "a zone that is none": (
        '[[source]]\npath = "sync.log"\ntimezone = "Eastern"\n',
        (
            '/qbwatch.toml:3:1: "Eastern" is no time zone. Write an IANA name such as "America/New_York".'
            "\n    timezone = …\n    ^"
        ),
    ),
    "a route to nobody": (
        SOURCE + '[route]\nreceiver = "b"\n',
        "/qbwatch.toml:4:1: no [[receiver]] has this name (known: none).\n    receiver = …\n    ^",
    ),
    "a length of time that is none": (
        SOURCE + '[[receiver]]\nname = "a"\nurl = "${env:PATH}"\n[route]\nreceiver = "a"\ngroup_wait = "soon"\n',
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


@pytest.mark.parametrize(
    ("value", "kind"),
    [("5", "a number"), ("1.5", "a number"), ("true", "true or false"), ("[1]", "a list"), ("{a = 1}", "a table"),
     ("2026-03-10", "a date or a time")],
)  # fmt: skip
def test_a_value_that_is_no_text_is_told_by_its_kind(tmp_path: Path, value: str, kind: str) -> None:
    assert f"name must be a text in quotes; this is {kind}." in refused(tmp_path, f"{SOURCE}[host]\nname = {value}\n")


def test_relative_paths_begin_at_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf").mkdir()
    absolute = tmp_path / "elsewhere" / "QWCLog.txt"
    written(tmp_path / "conf", f'[[source]]\npath = "log/QWCLog*.txt"\n[[source]]\npath = "{absolute}"\n')
    monkeypatch.chdir(tmp_path)
    settings = load(Path("conf/qbwatch.toml"))
    assert [source.path for source in settings.sources] == [
        str(tmp_path / "conf" / "log" / "QWCLog*.txt"),
        str(absolute),
    ]
    assert settings.store == tmp_path / "conf" / "qbwatch.db"


def test_a_receiver_that_no_route_leads_to_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("URL", "workflows://example.com/1/2")
    receivers = "".join(f'[[receiver]]\nname = "{name}"\nurl = "${{env:URL}}"\n' for name in "abc")
    routes = '[route]\nreceiver = "a"\n[[route.routes]]\nmatch = { severity = "critical" }\nreceiver = "c"\n'
    assert unused_receivers(load(written(tmp_path, SOURCE + receivers + routes))) == ["b"]


def test_an_empty_secret_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "url.txt").write_text("\n")
    text = SOURCE + '[[receiver]]\nname = "a"\nurl = "${file:url.txt}"\n[route]\nreceiver = "a"\n'
    assert "the secret file url.txt is empty" in refused(tmp_path, text)


KEYRING = """\
class Trouble(Exception):
    pass

def get_password(service, name):
    if service == "locked":
        raise Trouble("topsecret")
    return {("qbwatch", "ops"): "workflows://example.com/1/2"}.get((service, name))
"""


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site" / "keyring").mkdir(parents=True)
    (tmp_path / "site" / "keyring" / "__init__.py").write_text(KEYRING)
    monkeypatch.syspath_prepend(tmp_path / "site")
    # What was imported before, and what this test imports, is gone again afterwards.
    monkeypatch.setitem(sys.modules, "keyring", importlib.import_module("keyring"))


@pytest.mark.usefixtures("keyring")
def test_a_secret_comes_from_the_keyring(tmp_path: Path) -> None:
    assert expand("${keyring:qbwatch/ops}", tmp_path) == "workflows://example.com/1/2"


@pytest.mark.usefixtures("keyring")
@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("qbwatch/nobody", "the keyring has no entry qbwatch/nobody. Run: keyring set qbwatch nobody"),
        ("locked/ops", "the keyring cannot be asked for locked/ops (Trouble)"),
    ],
)
def test_a_keyring_that_does_not_answer_is_told_without_its_words(tmp_path: Path, entry: str, says: str) -> None:
    with pytest.raises(SecretMissingError) as caught:
        expand(f"${{keyring:{entry}}}", tmp_path)
    assert says in str(caught.value)
    assert "topsecret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_configuration_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such configuration"):
        load(tmp_path / "none.toml")


def test_a_command_that_sends_nothing_needs_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPS_TEAMS_URL", raising=False)
    settings = load(written(tmp_path, WHOLE), secrets=False)
    assert [receiver.name for receiver in settings.receivers] == ["ops-teams", "oncall-email"]


def test_a_windows_path_in_double_quotes_is_told_how_to_write_it(tmp_path: Path) -> None:
    said = refused(tmp_path, '[[source]]\npath = "C:\\ProgramData\\QWCLog.txt"\n')
    assert said.endswith("A Windows path stands in single quotes: 'C:\\ProgramData\\…'.")


def test_a_route_that_matches_what_there_is_not_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_TEAMS_URL", "workflows://example.com/1/2")
    (tmp_path / "mail-url.txt").write_text("mailtos://example.com\n")
    said = refused(tmp_path, WHOLE.replace('severity = "critical"', 'severity = "catastrophic"'))
    assert 'no severity is called "catastrophic". Write one of: critical, error, warning, notice' in said
