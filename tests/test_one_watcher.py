from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from qbwatch.errors import StoreError
from qbwatch.one_watcher import alone_on

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys
from pathlib import Path
from qbwatch.one_watcher import alone_on
with alone_on(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_watcher_is_refused_until_the_first_is_gone_however_it_ended(tmp_path: Path) -> None:
    store = tmp_path / "qbwatch.db"
    command = [sys.executable, "-c", HOLD, str(store)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match=r"another qbwatch watch already runs on this store\. Stop that one first"):
            alone_on(store).__enter__()
        with alone_on(tmp_path / "other.db"):
            pass
        first.kill()
        first.wait()
    with alone_on(store), pytest.raises(StoreError):
        alone_on(store).__enter__()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="Let this user write in that folder"):
        alone_on(tmp_path / "file" / "qbwatch.db").__enter__()
