"""`qbwatch watch` over a log that falls silent, as a process of its own: the finding, its time, one alert, one end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from live_watch import poll, stored, watching

from qbwatch.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGSTOP is a POSIX matter")

CONFIG = """\
[host]
name = "srv-01"
[[source]]
path = "log/QWCLog.txt"
[store]
path = "history.db"
[probes]
every = "1s"
[schedule]
overdue_after = 2
[[application]]
name = "Contoso Sync"
every = "4s"
[[receiver]]
name = "ops"
url = "${env:OPS_URL}"
[route]
receiver = "ops"
group_wait = "0s"
"""
WRITER = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from qwclog import BANNER, START, Session

log = Path(sys.argv[1])
log.write_text(BANNER, newline="")
while True:
    at = int((datetime.now(UTC) - START).total_seconds())
    with log.open("a", newline="") as file:
        file.write("".join(Session(at=at).ok()))
    print("written", flush=True)
    time.sleep(1)
"""


class Receiver:
    """Keeps what is posted."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.http.server_address[1]}/"

    def kinds(self) -> list[str]:
        return [one["kind"] for one in self.got]

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.close()


@contextmanager
def writing(log: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a connector that syncs each second; it has begun when this is entered."""
    command = [sys.executable, "-c", WRITER, str(log)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent)
    try:
        assert process.stdout
        assert process.stdout.readline() == "written\n"
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "log").mkdir()
    path = tmp_path / "qbwatch.toml"
    path.write_text(CONFIG)
    return path


def runs(folder: Path) -> int:
    return int(stored(folder, "SELECT count(*) FROM runs WHERE outcome = 'ok'")[0][0])


def incidents(folder: Path) -> list[tuple[Any, ...]]:
    return stored(folder, "SELECT cause, state, ending, opened_at FROM incidents ORDER BY opened_at")


def test_a_connector_that_stops_is_told_once_and_so_is_its_return(
    tmp_path: Path, config: Path, receiver: Receiver
) -> None:
    with (
        writing(tmp_path / "log" / "QWCLog.txt") as writer,
        watching(config, environment={"OPS_URL": receiver.url}),
    ):
        assert poll(lambda: runs(tmp_path) >= 3)
        writer.send_signal(signal.SIGSTOP)
        stopped = utc_now()
        assert poll(lambda: receiver.kinds() == ["opened"], timeout_s=40)
        heard = utc_now()
        [(cause, state, _, opened_at)] = incidents(tmp_path)
        assert (cause, state) == ("missed_schedule", "open")
        # Silent from the last line on, and told after two turns without a run.
        assert abs(datetime.fromisoformat(opened_at) - stopped) < timedelta(seconds=3)
        assert timedelta(seconds=6) < heard - stopped
        writer.send_signal(signal.SIGCONT)
        assert poll(lambda: receiver.kinds() == ["opened", "resolved"])
        [(cause, state, ending, _)] = incidents(tmp_path)
        assert (cause, state) == ("missed_schedule", "resolved")
        assert ending in {"signal", "recovered"}
        assert not poll(lambda: len(receiver.got) > 2, timeout_s=3)
    [message] = {json.dumps(one["incidents"][0]["application"]) for one in receiver.got}
    assert message in {'"Contoso Sync"', "null"}


def test_while_the_watcher_itself_stands_still_nothing_is_blamed_on_the_machine(
    tmp_path: Path, config: Path, receiver: Receiver
) -> None:
    with (
        writing(tmp_path / "log" / "QWCLog.txt"),
        watching(config, environment={"OPS_URL": receiver.url}) as watcher,
    ):
        assert poll(lambda: runs(tmp_path) >= 3)
        watcher.send_signal(signal.SIGSTOP)
        assert not poll(lambda: bool(receiver.got), timeout_s=12)
        watcher.send_signal(signal.SIGCONT)
        away = "SELECT json_extract(fields, '$.Why') FROM signals WHERE code = 'probe/away'"
        assert poll(lambda: stored(tmp_path, away) == [("stopped",)])
        before = runs(tmp_path)
        assert poll(lambda: runs(tmp_path) > before + 2)
        assert stored(tmp_path, "SELECT cause FROM events WHERE role = 'root'") == []
    assert receiver.got == []
