"""Measure a storm: 5,000 failing runs on 500 hosts within a minute, three receivers, one of them down, two kills.

    python benchmarks/storm.py

A process of its own keeps the incidents and sends over HTTP to a server here, on a clock that runs fifteen times as fast.
One receiver answers 503 for the first ten minutes of that clock; twice the process is killed with SIGKILL and started
again. After an hour of that clock the store and the server are compared: every incident must have been told to every
receiver, none twice as new, none over before it began, and no receiver may have got more than its cap.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from alerts.channels.courier import open_channel
from alerts.incident import RunEnd
from alerts.outbox import Outbox, Sender
from alerts.receiver import Receiver, SecretUrl
from alerts.route import Route
from ingest.record import Outcome
from qbwatch.history.alert_outbox import SqlOutbox
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.store import Store, connect
from rules.event import Act, Confidence, Event, Role, Severity

START = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
FASTER = 15
HOSTS, RUNS, CLIENTS, CAUSES = 500, 5000, 60, 60
RECEIVERS = ("teams", "slack", "pager")
DOWN = "pager"
DOWN_FOR = timedelta(minutes=10)
GOOD_AT = timedelta(minutes=20)
ENDS = timedelta(minutes=60)
WINDOW = timedelta(minutes=10)
MOST = 20


def events() -> list[Any]:
    """Return the failures in the order of time, each of another run."""
    made = []
    for number in range(RUNS):
        host = number % HOSTS
        made.append(
            Event(
                id=f"event-{number}", time=START + timedelta(seconds=60 * number / RUNS), host=f"srv-{host:03}",
                client=f"Client {host % CLIENTS:02}", source="QWCLog.txt", format="qbwc", line=number, offset=number,
                application="Contoso Sync", company_file=None, run=f"run-{number}", cause=f"cause_{host % CAUSES}",
                rule="storm", severity=Severity.ERROR, role=Role.ROOT, confidence=Confidence.PROOF, act=Act.OPS,
                codes=("QBWC1048",), message="QBWC1048: a certificate is not trusted", evidence=(),
                title=f"Problem {host % CAUSES}", explanation="It does not sync.", steps=("Mend it.",),
                links=("https://help.example.com/",),
            )
        )  # fmt: skip
    return made


def play(store: str, began: float, port: int) -> None:
    """Be the process that is killed: take what has happened, plan, and send, until the clock has run out."""

    def now() -> datetime:
        return START + timedelta(seconds=(time.time() - began) * FASTER)

    def sender(name: str) -> Sender:
        url = SecretUrl(f"json://127.0.0.1:{port}/{name}")
        return Sender(
            receiver=name, channel=open_channel(Receiver(name=name, url=url)), clock=now, chance=random.random,
            open_store=lambda: SqlOutbox(connect(Path(store))), longest_nap_s=0.05,
        )  # fmt: skip

    # Of so many causes that the cap has something to do.
    root = Route(
        receiver="teams", group_by=("client", "cause", "host"),
        routes=tuple(Route(receiver=name, continue_=True) for name in RECEIVERS),
    )  # fmt: skip
    kept = Store(Path(store))
    alerts = AlertStore(kept.connection, UTC)
    waiting, healed = events(), False
    with Outbox(sender(name) for name in RECEIVERS) as outbox:
        while now() - START < ENDS:
            at = now()
            due = [event for event in waiting if event.time <= at]
            waiting = waiting[len(due) :]
            runs: tuple[RunEnd, ...] = ()
            if at - START >= GOOD_AT and not healed:
                healed = True
                runs = tuple(
                    RunEnd(host=f"srv-{host:03}", application="Contoso Sync", outcome=Outcome.OK,
                           started=START + GOOD_AT, ended=START + GOOD_AT + timedelta(seconds=30))
                    for host in range(HOSTS)
                )  # fmt: skip
            with kept.transaction():
                alerts.apply(due, runs, at)
                alerts.plan(root, at)
            outbox.wake()
            print(f"{(at - START).total_seconds():.0f} {resident_mb():.1f}", flush=True)
            time.sleep(0.1)
    kept.close()


def resident_mb() -> float:
    """Return the memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


class Server:
    """Takes what is posted; the receiver that is down answers 503 until its time is over."""

    def __init__(self, began: float) -> None:
        self.got: list[tuple[float, str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver, at = self.path.strip("/"), (time.time() - began) * FASTER
                is_down = receiver == DOWN and at < DOWN_FOR.total_seconds()
                if not is_down:
                    outer.got.append((at, receiver, json.dumps(body)))
                self.send_response(503 if is_down else 200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop."""
        self._http.shutdown()
        self._http.server_close()


def run() -> int:
    """Let it storm, and print what came of it."""
    with tempfile.TemporaryDirectory(prefix="storm") as folder:
        store = str(Path(folder) / "storm.db")
        began = time.time()
        server = Server(began)
        memory: list[tuple[float, float]] = []
        for lives_s in (3 + 3 * random.random(), 10 + 20 * random.random(), None):
            command = [sys.executable, __file__, "--play", store, str(began), str(server.port)]
            child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            reader = threading.Thread(target=lambda out=child.stdout: memory.extend(read(out)), daemon=True)
            reader.start()
            if lives_s is not None:
                time.sleep(lives_s)
                child.send_signal(signal.SIGKILL)
            child.wait()
            reader.join()
        server.close()
        return judge(store, server.got, memory)


def read(lines: Any) -> list[tuple[float, float]]:
    """Return the times and sizes that a child printed."""
    return [(float(parts[0]), float(parts[1])) for line in lines if len(parts := line.split()) == 2]


def judge(store: str, got: list[tuple[float, str, str]], memory: list[tuple[float, float]]) -> int:
    """Print the figures; return how many of the promises were broken."""
    broken = []
    with closing(sqlite3.connect(store)) as db:
        incidents = {row[0] for row in db.execute("SELECT id FROM incidents")}
        for receiver in RECEIVERS:
            told = db.execute(
                "SELECT n.kind, ni.incident, d.state, n.created_at FROM notifications n JOIN notification_incidents ni "
                "ON ni.notification = n.id JOIN deliveries d ON d.notification = n.id WHERE n.receiver = ? "
                "ORDER BY n.rowid", (receiver,),
            ).fetchall()  # fmt: skip
            new = Counter(row[1] for row in told if row[0] in {"opened", "digest"})
            over = Counter(row[1] for row in told if row[0] == "resolved")
            unsent = {row[1] for row in told if row[2] != "sent"}
            missing = incidents - set(new) - {row[1] for row in told if row[0] == "changed"}
            messages = db.execute("SELECT created_at FROM notifications WHERE receiver = ? ORDER BY 1", (receiver,))
            most = most_in_window([datetime.fromisoformat(row[0]) for row in messages])
            print(f"{receiver:6} {len(new):4} incidents told as new, {len(over):4} as over; at most {most} in 10 minutes; "
                  f"{sum(1 for _, name, _ in got if name == receiver)} requests taken")  # fmt: skip
            broken += [f"{receiver}: {len(missing)} never told"] if missing else []
            broken += [f"{receiver}: {len(unsent)} not delivered"] if unsent else []
            twice = [one for one, count in new.items() if count > 1]
            broken += [f"{receiver}: {len(twice)} told twice as new"] if twice else []
            broken += [f"{receiver}: {most} messages in {WINDOW}"] if most > MOST else []
            broken += overtaken(db, receiver)
        print(f"{len(incidents)} incidents of {RUNS} failing runs on {HOSTS} hosts")
    early = max(size for at, size in memory if at < 600)
    late = max(size for at, size in memory if at > ENDS.total_seconds() - 600)
    print(f"memory: {early:.0f} MB in the storm, {late:.0f} MB at the end")
    print("\n".join(broken) or "every promise was kept")
    return len(broken)


def overtaken(db: sqlite3.Connection, receiver: str) -> list[str]:
    """Return what a receiver was told of the end of before it got the beginning."""
    found = db.execute(
        "SELECT count(*) FROM deliveries r JOIN deliveries o ON o.thread = r.thread AND o.kind != 'resolved' "
        "WHERE r.receiver = ? AND r.kind = 'resolved' AND r.finished_at < o.finished_at", (receiver,),
    ).fetchone()[0]  # fmt: skip
    return [f"{receiver}: {found} ends overtook their openings"] if found else []


def most_in_window(times: list[datetime]) -> int:
    """Return how many of *times* lie within any window at most."""
    return max(
        (sum(0 <= (other - one).total_seconds() < WINDOW.total_seconds() for other in times) for one in times),
        default=0,
    )


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--play", nargs=3, metavar=("STORE", "BEGAN", "PORT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.play:
        play(options.play[0], float(options.play[1]), int(options.play[2]))
        return
    sys.exit(min(run(), 1))


if __name__ == "__main__":
    main()
