"""`qbwatch watch` as a process of its own over real files, numbered records, and the store that comes of it."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

CONFIG = """\
[host]
name = "srv-01"
[[source]]
path = "{log}"
[store]
path = "history.db"
"""
NUMBER = re.compile(r"record (\d+)$")


def configured(folder: Path) -> Path:
    """Write a configuration that follows log/QWCLog*.txt into history.db, all in *folder*."""
    (folder / "log").mkdir()
    path = folder / "qbwatch.toml"
    path.write_text(CONFIG.format(log=str(folder / "log" / "QWCLog*.txt")))
    return path


def failing(number: int) -> bytes:
    """Return a record of now that becomes an event which tells *number*."""
    return (
        f"{datetime.now(UTC):%Y%m%d.%H:%M:%S} UTC\t: QBWebConnector.SOAPWebService.handleModalDialogError() : "
        "QuickBooks returned the following error: <QBWC1053: A modal dialog box is showing in the QuickBooks user "
        f"interface.> record {number}\r\n"
    ).encode()


@contextmanager
def watching(config: Path, *more: str, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run the watcher with *environment* added to ours; it has begun when this is entered; at the end it is killed."""
    command = [sys.executable, "-m", "qbwatch", "--config", str(config), "watch", "--from-start", *more]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"} | dict(environment or {}),
    )
    try:
        assert process.stdout
        first = process.stdout.readline()
        assert first.startswith("qbwatch watches"), first + process.stdout.read()
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def stored(folder: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Return what *query* finds in the store."""
    with closing(sqlite3.connect(folder / "history.db", timeout=30)) as connection:
        return connection.execute(query, values).fetchall()


def stored_numbers(folder: Path) -> list[int]:
    """Return the numbers of the records whose events are stored, in their order."""
    found = (NUMBER.search(message) for (message,) in stored(folder, "SELECT message FROM events"))
    return sorted(int(one[1]) for one in found if one)


def poll(done: Callable[[], bool], timeout_s: float = 20) -> bool:
    """Wait for what another process does, for which nothing rings; say whether it came."""
    pause = threading.Event()
    for _ in range(int(timeout_s / 0.05)):
        if done():
            return True
        pause.wait(0.05)
    return done()
