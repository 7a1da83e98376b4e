from __future__ import annotations

import codecs
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from qwclog import every_record, line

from ingest.follow import Change, Checkpoint, FollowedFile, first_sight, recognise
from ingest.platform import open_shared

if TYPE_CHECKING:
    from typing import BinaryIO

    from ingest.blocks import Block

Place = tuple[str, int]  # name of a file's generation, and byte offset in it
MARKS = {"utf-8": b"", "utf-8-sig": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE}


@dataclass(slots=True)
class Follower:
    """What the pipeline does with followed files: read, store, commit the checkpoints with what was read."""

    folder: Path
    stored: dict[Place, str] = field(default_factory=dict)
    committed: dict[str, Checkpoint] = field(default_factory=dict)
    files: dict[str, FollowedFile] = field(default_factory=dict)

    def restart(self) -> None:
        self.files = {uid: FollowedFile(checkpoint) for uid, checkpoint in self.committed.items()}

    def turn(self, *, crash: bool = False) -> None:
        for path in sorted(self.folder.glob("QWCLog*.txt"), reverse=True):
            with open_shared(path) as file:
                self._read(self._followed(path, file), file, crash=crash)
        if crash:
            self.restart()

    def _followed(self, path: Path, file: BinaryIO) -> FollowedFile:
        found = recognise(file, [followed.checkpoint for followed in self.files.values()])
        checkpoint = replace(found, path=str(path)) if found else first_sight(file, str(path))
        followed = self.files.setdefault(checkpoint.uid, FollowedFile(checkpoint))
        followed.checkpoint = checkpoint
        return followed

    def _read(self, followed: FollowedFile, file: BinaryIO, *, crash: bool) -> None:
        if not followed.is_unread(file):
            return
        if followed.check(file) is Change.TRUNCATED:
            followed.start_over(file)
        for block in [*followed.read(file), followed.last()]:
            self._store(followed, block, crash=crash)

    def _store(self, followed: FollowedFile, block: Block | None, *, crash: bool) -> None:
        found = {(followed.file, r.span.offset): (r.message, r.span) for r in (every_record(block) if block else [])}
        # As if a run were open since an odd record: from there on all is read again after a restart.
        odd = [span for message, span in found.values() if message.startswith("odd")]
        checkpoint = followed.advance((odd[-1].offset, odd[-1].line) if odd else None)
        if not crash:
            self.stored.update({place: message for place, (message, _) in found.items()})
            self.committed[checkpoint.uid] = checkpoint


class Following(RuleBasedStateMachine):
    """Files that are written, rolled over, cleared and replaced while they are followed."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="follow"))
        self.log = self.folder / "QWCLog.txt"
        self.old = self.folder / "QWCLogOld.txt"
        self.follower = Follower(self.folder)
        self.number = 0
        self.written: set[str] = set()
        self.inside: dict[Path, list[str]] = {self.log: [], self.old: []}
        self.may_be_lost: set[str] = set()
        self.may_be_doubled: set[str] = set()
        self.half = b""
        self.encoding = "utf-8"

    def teardown(self) -> None:
        self.write(1, 10)
        self.follower.turn()
        self.all_is_read()
        shutil.rmtree(self.folder)

    @rule(count=st.integers(1, 12), width=st.integers(1, 300))
    def write(self, count: int, width: int) -> None:
        for _ in range(count):
            data = self._line(width)
            self._append(self._take_half() + data)

    @rule(cut=st.integers(1, 50), width=st.integers(1, 300))
    def write_half_a_line(self, cut: int, width: int) -> None:
        data = self._take_half()
        line_ = self._line(width)
        self._append(data + line_[:cut])
        self.half = line_[cut:]

    @rule(encoding=st.sampled_from(sorted(MARKS)))
    def roll_over(self, encoding: str) -> None:
        self._forget(self.old)
        self.inside[self.old], self.inside[self.log] = self.inside[self.log], []
        if self.log.exists():
            self.log.replace(self.old)
        self._begin(encoding)

    @rule()
    def copy_and_truncate(self) -> None:
        self._forget(self.old)
        self._forget(self.log)
        self.may_be_doubled |= set(self.inside[self.log])
        self.inside[self.old], self.inside[self.log] = self.inside[self.log], []
        if self.log.exists():
            shutil.copyfile(self.log, self.old)
            self._begin(self.encoding)

    @rule(count=st.integers(0, 20), width=st.integers(1, 300), encoding=st.sampled_from(sorted(MARKS)))
    def clear_and_fill(self, count: int, width: int, encoding: str) -> None:
        self._forget(self.log)
        self._begin(encoding)
        if count:
            self.write(count, width)

    @rule(count=st.integers(0, 20), width=st.integers(1, 300))
    def delete_and_make_anew(self, count: int, width: int) -> None:
        self._forget(self.log)
        self.log.unlink(missing_ok=True)
        self._begin(self.encoding)
        if count:
            self.write(count, width)

    @rule()
    def read(self) -> None:
        self.follower.turn()

    @rule()
    def crash_before_commit(self) -> None:
        self.follower.turn(crash=True)

    @rule()
    def restart(self) -> None:
        self.follower.restart()

    @invariant()
    def nothing_is_invented_or_doubled(self) -> None:
        places: dict[str, Place] = {}
        for place, message in self.follower.stored.items():
            assert message in self.written or self._is_part(message)
            if message in self.written and message not in self.may_be_doubled:
                assert places.setdefault(message, place) == place

    def all_is_read(self) -> None:
        unread = self.written - set(self.follower.stored.values()) - self.may_be_lost
        assert not unread

    def _is_part(self, message: str) -> bool:
        """Say whether *message* is what a half-written line shows."""
        shown = message.removesuffix("\ufffd")
        return any(whole.startswith(shown) for whole in [*self.written, "QBWebConnector.SOAPWebService.update() : "])

    def _line(self, width: int) -> bytes:
        self.number += 1
        message = f"{'odd' if self.number % 3 else 'even'} {self.number} {'é' * width}."
        self.written.add(message)
        self.inside[self.log].append(message)
        return line("QBWebConnector.SOAPWebService.update()", message).encode(self.encoding.removesuffix("-sig"))

    def _take_half(self) -> bytes:
        data, self.half = self.half, b""
        return data

    def _append(self, data: bytes) -> None:
        with self.log.open("ab") as file:
            file.write(data if file.tell() else MARKS[self.encoding] + data)

    def _begin(self, encoding: str) -> None:
        if self.half:
            # Its rest will never be written.
            self.may_be_lost.add(self.inside[self.old][-1] if self.inside[self.old] else "")
            self.half = b""
        self.encoding = encoding
        self.log.write_bytes(b"")

    def _forget(self, path: Path) -> None:
        """Note that what was not read of *path* is gone."""
        self.may_be_lost |= set(self.inside[path]) - set(self.follower.stored.values())
        self.inside[path] = [] if path == self.old else self.inside[path]


TestFollowing = Following.TestCase
TestFollowing.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
