from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
import trustme
from receivers import SLACK_URL, TEAMS_URL, Answer, https_server, make_event, minutes, trust, tunnel
from world import World

from alerts.route import Route

ROOT = Route(receiver="teams", routes=(Route(receiver="teams", continue_=True), Route(receiver="slack")))
SENDER = """
import random, sys
from datetime import UTC, datetime
from pathlib import Path
from alerts.channels.courier import open_channel
from alerts.outbox import Outbox, Sender
from alerts.receiver import Receiver, SecretUrl
from qbwatch.history.alert_outbox import SqlOutbox
from world import connect

path, *urls = sys.argv[1:]
with Outbox(
    Sender(
        receiver=name,
        channel=open_channel(Receiver(name=name, url=SecretUrl(url))),
        open_store=lambda: SqlOutbox(connect(Path(path))),
        clock=lambda: datetime.now(UTC),
        chance=random.random,
    )
    for name, url in zip(("teams", "slack"), urls)
):
    print("sending", flush=True)
    sys.stdin.read()
"""


def start(path: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SENDER, str(path), TEAMS_URL, SLACK_URL]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a POSIX matter")
def test_a_kill_in_the_middle_of_sending_loses_no_alert_and_keeps_its_id(tmp_path: Path) -> None:
    authority = trustme.CA()
    world = World(tmp_path / "qbwatch.db")
    world.store(make_event(), root=ROOT)
    world.wait(minutes(1))
    planned = world.store(root=ROOT)
    assert planned.receivers == {"teams", "slack"}
    release = threading.Event()
    with closing(world.db), https_server(authority) as server, tunnel(server.port) as way:
        environment = os.environ | trust(authority, tmp_path) | {"HTTPS_PROXY": way.url}
        environment["PYTHONPATH"] = os.pathsep.join(map(str, (Path(__file__).parents[1], Path(__file__).parent)))
        server.answers = [Answer(status=200, body=b"ok", wait_for=release)]
        with start(world.path, environment) as killed:
            server.wait_for(2, timeout_s=30)
            os.kill(killed.pid, signal.SIGKILL)
        assert sorted(world.rows("SELECT state, attempts FROM deliveries")) == [("sending", 1), ("sending", 1)]
        release.set()
        with start(world.path, environment) as again:
            requests = server.wait_for(4, timeout_s=30)
            again.communicate("", timeout=30)
        assert sorted(world.rows("SELECT state, attempts FROM deliveries")) == [("sent", 2), ("sent", 2)]
    bodies = [json.dumps(request.json()) for request in requests]
    for receiver, message in planned.messages:
        assert sum(f"Message {message.id}" in body for body in bodies) == 2, receiver
