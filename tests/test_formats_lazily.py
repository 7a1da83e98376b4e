"""A scan loads what it needs: the formats of other logs are many, and most scans are of QWCLog.txt alone."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from conftest import SAMPLES

from ingest.formats import Detection, detect, text_formats
from ingest.formats.qbwc import begins

if TYPE_CHECKING:
    from pathlib import Path

_LINE = b"20260310.02:00:09 UTC\t: UpdateThisScheduledApp() : Password management - Started\r\n"
_HEAVY = {
    "pandas", "matplotlib", "apprise", "sqlite_utils", "pyparsing", "ingest.formats.windows_events",
    "ingest.formats.log4net", "qbwatch.config", "email", "socket",
}  # fmt: skip


def test_no_other_format_takes_what_begins_as_web_connector_writes() -> None:
    assert begins(_LINE)
    assert {name: one.looks_like(_LINE) for name, one in text_formats().items()} == dict.fromkeys(text_formats(), 0.0)


def test_the_first_line_is_enough_whatever_payload_follows() -> None:
    assert detect(_LINE + b"<a>\n" * 100) == Detection(name="qbwc", sure=0.6)


def test_a_log_of_another_format_that_quotes_a_line_is_not_taken_for_one() -> None:
    log = (SAMPLES / "connector_logs" / "log4net" / "ShopBridge.log").read_bytes()
    assert detect(log + _LINE).name == "log4net"


def test_a_healthy_log_is_scanned_without_what_other_logs_and_commands_need(tmp_path: Path) -> None:
    (tmp_path / "QWCLog.txt").write_bytes(_LINE)
    code = (
        "import sys; from qbwatch.cli import run\n"
        f"run(['scan', {str(tmp_path)!r}])\n"
        f"run(['scan', {str(tmp_path)!r}])\n"
        f"print(sorted({_HEAVY!r} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code.replace("run(", "0 or run(", 1)], capture_output=True, text=True,
                          check=True)  # fmt: skip
    assert told.stdout.splitlines()[-1] in {"[]", "['pyparsing']"}
