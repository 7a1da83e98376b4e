"""`qbwatch demo`: the whole pipeline on sample logs in a temporary folder, alerts printed instead of sent."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from alerts.channels.console import ConsoleChannel
from alerts.outbox import Sender
from alerts.receiver import Receiver, SecretUrl
from alerts.route import Route
from ingest.formats import qbwc, read_records
from qbwatch.cli.output import has_colour
from qbwatch.cli.settings import load_catalogue
from qbwatch.config import Settings, Source
from qbwatch.errors import UsageError
from qbwatch.history.alert_outbox import SqlOutbox
from qbwatch.history.alert_store import AlertStore
from qbwatch.history.store import Store, connect
from qbwatch.history.times import ALWAYS
from qbwatch.pipeline import Pipeline
from qbwatch.wording import worded

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

    from rules.catalogue import Catalogue

_PAUSE = timedelta(minutes=1)
_RECEIVER = "your-team"
# The machine's name, and the sample log that lies on it.
_MACHINES = (
    ("FRONT-DESK", "popup/update_offer"),
    ("SRV-01", "single_user/held_by_a_person"),
    ("SRV-02", "tls/trust_failure"),
    ("BACK-OFFICE", "permission/only_while_file_is_open"),
    ("TS-01", "healthy/no_work"),
)


def add(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Show it."""
    del options
    catalogue = load_catalogue(None)
    print("qbwatch follows the logs of five machines (sample logs, replayed), and tells the team what it finds.\n")
    with tempfile.TemporaryDirectory(prefix="qbwatch-demo-") as folder:
        replays = [_Replay(host, case, Path(folder), catalogue) for host, case in _MACHINES]
        told = sum(replay.run() for replay in replays)
        runs, failed = _counts(Path(folder) / "demo.db")
    print(
        f"{len(_MACHINES)} machines, {runs} runs, {failed} of them failed; {told} messages, one when a problem begins "
        "and one when it is over.\nNothing was sent. Next: qbwatch scan on a log of your own, or the README for "
        "qbwatch.toml and qbwatch watch."
    )
    return 0


def _counts(store: Path) -> tuple[int, int]:
    connection = connect(store)
    query = "SELECT count(*), sum(outcome = 'failed') FROM runs"
    runs, failed = connection.execute(query).fetchone()
    connection.close()
    return runs, failed or 0


@dataclass(slots=True)
class _Replay:
    """One machine whose log is written anew as time goes by, followed as on a real one."""

    host: str
    case: str
    folder: Path
    catalogue: Catalogue
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    told: list[str] = field(default_factory=list)

    def run(self) -> int:
        """Replay the log; return how many messages were printed."""
        log = self.folder / self.host / "QWCLog.txt"
        log.parent.mkdir()
        store = Store(self.folder / "demo.db")
        pipeline = Pipeline(
            settings=self._settings(log), catalogue=self.catalogue, store=store,
            alerts=AlertStore(
                store.connection, ZoneInfo("UTC"), wording=lambda incident: worded(self.catalogue, incident)
            ),
            clock=lambda: self.now, tell_from=ALWAYS,
        )  # fmt: skip
        outbox = SqlOutbox(connect(self.folder / "demo.db"))
        sender = self._sender()
        for until, part in self._parts():
            with log.open("ab") as file:
                file.write(part)
            for pause in (timedelta(seconds=1), timedelta(seconds=2), _PAUSE):
                self.now = max(self.now, until + pause)
                pipeline.turn()
                before = len(self.told)
                sender.drain(outbox)
                # Printed here and not by the channel: a pipe that is closed is no failed delivery.
                print("".join(f"{text}\n" for text in self.told[before:]), end="")
        outbox.close()
        store.close()
        return len(self.told)

    def _settings(self, log: Path) -> Settings:
        return Settings(
            host=self.host, client="Contoso Accounting", zone=ZoneInfo("UTC"), sources=(Source(path=str(log)),),
            store=self.folder / "demo.db", receivers=(Receiver(name=_RECEIVER, url=SecretUrl("")),),
            route=Route(receiver=_RECEIVER, group_by=("host", "cause")),
        )  # fmt: skip

    def _sender(self) -> Sender:
        return Sender(
            receiver=_RECEIVER, channel=ConsoleChannel(self.told.append, color=has_colour()),
            open_store=lambda: SqlOutbox(connect(self.folder / "demo.db")), clock=lambda: self.now, chance=lambda: 0.5,
        )  # fmt: skip

    def _parts(self) -> Iterator[tuple[datetime, bytes]]:
        """Cut the log where it was quiet for a while; give each part with its last time."""
        data = _sample(self.case).read_bytes()
        begin, last = 0, self.now
        for record in read_records(qbwc.NAME, data):
            if record.time and record.time - last > _PAUSE and record.span.offset > begin:
                yield last, data[begin : record.span.offset]
                begin = record.span.offset
            last = record.time or last
        yield last, data[begin:]


def _sample(case: str) -> Traversable:
    sample = files("sample_logs").joinpath(case, "QWCLog.txt")
    if not sample.is_file():
        raise UsageError(
            f"the sample log {case} is not installed. Install qbwatch again: pip install --force-reinstall ."
        )
    return sample
