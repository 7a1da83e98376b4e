"""What others see of the watcher: its pings, its metrics, its log; all on loopback."""

from __future__ import annotations

import json
import logging
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from alerts.receiver import SecretUrl
from qbwatch.config import load
from qbwatch.errors import UsageError
from qbwatch.history.store import Store
from qbwatch.selfwatch.listener import Listener
from qbwatch.selfwatch.metrics import Figures
from qbwatch.selfwatch.own_log import begin_log
from qbwatch.selfwatch.ping import Pinger, Sign
from qbwatch.selfwatch.settings import LogSettings, PingSettings
from qbwatch.selfwatch.vitals import Vitals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARK = "0a1b2c3d-SECRET"


class Ear(BaseHTTPRequestHandler):
    heard: list[tuple[str, str]]
    came: threading.Semaphore
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.heard.append((self.path, body))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.came.release()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def ear(status: int = 200) -> Iterator[tuple[str, type[Ear]]]:
    handler = type("OneEar", (Ear,), {"heard": [], "came": threading.Semaphore(0), "status": status})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ping/{MARK}", handler
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def own_log(tmp_path: Path) -> Iterator[Path]:
    level = logging.getLogger().level
    path = tmp_path / "own.log"
    begin_log(LogSettings(format="json", file=path, level="debug"), verbose=False)
    yield path
    root = logging.getLogger()
    for handler in [one for one in root.handlers if one.get_name() == "qbwatch"]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


def test_success_failure_and_log_go_where_healthchecks_expects_them() -> None:
    with ear() as (url, far), Pinger(SecretUrl(url)) as pinger:
        for sign in (Sign.WELL, Sign.FAIL, Sign.LOG):
            pinger.say(sign, f"body of {sign.name}")
            assert far.came.acquire(timeout=10)
    path = f"/ping/{MARK}"
    assert far.heard == [(path, "body of WELL"), (f"{path}/fail", "body of FAIL"), (f"{path}/log", "body of LOG")]


def test_a_failure_that_waits_is_not_given_up_for_a_later_success() -> None:
    pinger = Pinger(SecretUrl("https://hc.example.com/1"))
    pinger.say(Sign.FAIL, "the disk is full")
    pinger.say(Sign.WELL, "")
    assert pinger._next == (Sign.FAIL, "the disk is full")


@pytest.mark.parametrize("status", [404, None])
def test_a_ping_that_fails_is_logged_without_its_address(own_log: Path, status: int | None) -> None:
    with ear(status or 200) as (url, far), Pinger(SecretUrl(url if status else "http://127.0.0.1:1/" + MARK)) as one:
        one.say(Sign.WELL, "")
        if status:
            assert far.came.acquire(timeout=10)
    text = own_log.read_text()
    assert "the sign of life is not heard" in text
    assert "SECRET" not in text


def test_the_log_is_json_lines_without_addresses_even_in_a_traceback(own_log: Path) -> None:
    try:
        int(f"https://hooks.example.com/{MARK}?sig={MARK}")
    except ValueError:
        logging.getLogger("qbwatch").exception("sending to https://hooks.example.com/%s failed", MARK)
    (line,) = own_log.read_text().splitlines()
    told = json.loads(line)
    assert (told["level"], told["logger"], told["message"]) == (
        "error", "qbwatch", "sending to https://[secret] failed",
    )  # fmt: skip
    assert "ValueError" in told["exception"]
    assert "SECRET" not in line


def test_the_log_is_rotated(tmp_path: Path, own_log: Path) -> None:
    begin_log(LogSettings(file=own_log, level="info", max_bytes=2000, keep=2), verbose=False)
    for number in range(100):
        logging.getLogger("qbwatch").info("what is done, number %d, told at some length", number)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.log", "own.log.1", "own.log.2"]


@contextmanager
def listening(folder: Path, vitals: Vitals) -> Iterator[str]:
    with Listener(("127.0.0.1", 0), Figures(folder / "history.db", vitals)) as listener:
        yield f"http://127.0.0.1:{listener.port}"


def ask(url: str, accept: str = "") -> tuple[int, str]:
    answer = requests.get(url, headers={"Accept": accept}, timeout=10)
    return answer.status_code, answer.text


def test_metrics_are_read_by_both_parsers_and_keep_the_conventions(tmp_path: Path) -> None:
    Store(tmp_path / "history.db").close()
    vitals = Vitals(turned_s=time.monotonic(), turns=3, canary_number=2, open=("canary_late",))
    with listening(tmp_path, vitals) as url:
        plain = ask(f"{url}/metrics")[1]
        opened = ask(f"{url}/metrics", "application/openmetrics-text; version=1.0.0")[1]
    families = {family.name: family for family in prometheus(plain)}
    assert {family.name for family in open_metrics(opened)} >= {"qbwatch_turns", "qbwatch_incidents_open"}
    own = [family for name, family in families.items() if name.startswith("qbwatch_")]
    assert len(own) >= 12
    for family in own:
        assert family.documentation.endswith("."), family.name
        is_total = all(sample.name.endswith("_total") for sample in family.samples)
        assert (family.type == "counter") == is_total or not family.samples, family.name
    assert [sample.value for sample in families["qbwatch_turns"].samples] == [3]
    assert families["qbwatch_own_problems"].samples[0].labels == {"cause": "canary_late"}
    assert families["qbwatch_store_readable"].samples[0].value == 1


def test_metrics_go_on_without_a_store(tmp_path: Path) -> None:
    with listening(tmp_path, Vitals()) as url:
        status, text = ask(f"{url}/metrics")
    assert status == 200
    assert "qbwatch_store_readable 0.0" in text


def test_health_and_readiness_follow_the_loop(tmp_path: Path) -> None:
    vitals = Vitals()
    with listening(tmp_path, vitals) as url:
        assert ask(f"{url}/healthz") == (503, "the loop stands still\n")
        vitals.turned_s = time.monotonic()
        assert ask(f"{url}/healthz") == (200, "ok\n")
        assert ask(f"{url}/readyz") == (503, "the logs are not read to their end yet\n")
        vitals.is_ready = True
        assert ask(f"{url}/readyz") == (200, "ready\n")
        vitals.is_stored = False
        assert ask(f"{url}/readyz") == (503, "the store cannot be written\n")
        assert ask(f"{url}/")[0] == 404


CONFIG = '[[source]]\npath = "x.log"\n'


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        ('[ping]\nurl = "https://hc.example.com/0a1b"', "whoever has this URL"),
        ('[ping]\nurl = "${env:QBWATCH_TEST_PING}"\nevery = "1s"', "every 10 seconds at most"),
        ('[metrics]\nlisten = "0.0.0.0:9464"', "can be reached from other machines"),
        ('[metrics]\nlisten = "9464"', "is no address"),
        ('[log]\nformat = "xml"', "Write one of: console, json"),
        ("[log]\nkeep = 0", "a whole number from 1 to 100"),
        ("[canary]\nenabeld = false", 'Did you mean "enabled"?'),
    ],
)
def test_what_is_wrong_in_the_configuration_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: str, fault: str
) -> None:
    monkeypatch.setenv("QBWATCH_TEST_PING", "https://hc.example.com/0a1b")
    file = tmp_path / "qbwatch.toml"
    file.write_text(CONFIG + block)
    with pytest.raises(UsageError) as told:
        load(file)
    assert fault in str(told.value)
    assert "0a1b" not in str(told.value)


def test_the_blocks_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QBWATCH_TEST_PING", "https://hc.example.com/0a1b")
    file = tmp_path / "qbwatch.toml"
    file.write_text(CONFIG + '[ping]\nurl = "${env:QBWATCH_TEST_PING}"\nevery = "1m"\n[canary]\nenabled = false\n'
                    '[metrics]\nlisten = "127.0.0.1:9464"\n[log]\nfile = "own.log"\nmax_size = 5\n')  # fmt: skip
    found = load(file).selfwatch
    assert found.ping == PingSettings(url=SecretUrl("https://hc.example.com/0a1b"), every=timedelta(minutes=1))
    assert not found.canary.enabled
    assert found.listen == ("127.0.0.1", 9464)
    assert found.log == LogSettings(file=tmp_path / "own.log", max_bytes=5_000_000)
