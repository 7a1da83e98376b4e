"""All files that are followed, by identity: what an open file is to them, and what became of their bytes."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ingest.follow import FollowedFile, next_generation
from ingest.identity import (
    HEAD,
    Sight,
    behind,
    covered_end,
    first_sight,
    is_in_place,
    read_at,
    recognise,
    size_of,
)
from ingest.ledger import Fate, LedgerEntry
from ingest.platform import file_id
from qbwatch.source_format import Choice
from qbwatch.source_paths import chain_of
from qbwatch.source_state import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from ingest.grammar import Grammar
    from ingest.identity import Checkpoint
    from qbwatch.config import Source
    from qbwatch.source_format import FormatChooser

log = logging.getLogger(__name__)

# Texts of one log that are gone, and of which a copy may still turn up.
_MOST_PAST = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an open file is: followed as `followed`, or not followed for what `choice` says.

    `of` is the followed file of which it is a copy that is not read yet, since the other one still is there.
    """

    sight: Sight
    followed: FollowedFile | None
    choice: Choice
    of: FollowedFile | None = None


_NOTHING = Found(sight=Sight.NEW, followed=None, choice=Choice(grammar=None))


@dataclass(slots=True)
class Notes:
    """What is to be stored beside what was read: of files that moved or whose text is gone, and of their bytes."""

    ledger: list[LedgerEntry] = field(default_factory=list)
    moved: list[Checkpoint] = field(default_factory=list)  # or are new
    forgotten: list[str] = field(default_factory=list)  # files whose checkpoints are not needed any more

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to store."""
        return not (self.ledger or self.moved or self.forgotten)


@dataclass(slots=True)
class FollowedFiles:
    """The generations of files that were read, by their names in event ids."""

    chooser: FormatChooser
    clock: Callable[[], datetime]
    by_file: dict[str, FollowedFile] = field(default_factory=dict)
    drops: dict[str, int] = field(default_factory=dict)  # by path: how many ranges of bytes were skipped or lost
    _notes: Notes = field(default_factory=Notes)
    _skipped: dict[tuple[str, int], int] = field(default_factory=dict)  # by file and begin: the end that was noted
    _whole_at: dict[str, datetime] = field(default_factory=dict)
    # With the last checkpoint, which tells the path, and when the text was last seen whole.
    _truncated: list[tuple[FollowedFile, Checkpoint, datetime | None]] = field(default_factory=list)

    def restore(
        self,
        checkpoints: Iterable[Checkpoint],
        source_of: Callable[[str], Source | None],
        whole_at: Mapping[str, datetime],
    ) -> None:
        """Take up what the store knows."""
        self._whole_at = {**whole_at, **self._whole_at}
        self.by_file.clear()
        self._truncated.clear()
        self._skipped.clear()
        self._notes = Notes()
        for checkpoint in checkpoints:
            try:
                grammar = self.chooser.grammar(checkpoint.format, checkpoint.path, source_of(checkpoint.path))
            except ValueError:
                # Its format was the user's own, and is not configured any more: it is told anew from its content.
                continue
            self.by_file[checkpoint.file] = FollowedFile(checkpoint, grammar)
            if checkpoint.safe < checkpoint.offset and not checkpoint.past:
                self._note(checkpoint, Fate.REREAD, checkpoint.safe, checkpoint.offset, _REBUILDS)

    def find(self, path: str, file: BinaryIO, source: Source, *, is_named: bool) -> Found:
        """Say what the open *file* at *path* is; begin to follow it if it is new and a source names it."""
        sight, known = recognise(file, path, self.by_file.values())
        if known is None:
            return self._begin(path, file, source, covered=None) if is_named else _NOTHING
        if sight in {Sight.MOVED, Sight.REVIVED} and size_of(file) < known.read_up_to:
            # All that it holds was read, though not all of that is behind the checkpoint.
            sight = Sight.COVERED
        if sight is Sight.COVERED:
            return self._begin(path, file, source, covered=known) if is_named else _NOTHING
        choice = Choice(grammar=known.grammar)
        if sight is Sight.COPY:
            return Found(sight=sight, followed=None, choice=choice, of=known)
        has_left = known.checkpoint.path != path
        if sight is Sight.MOVED and has_left and file_id(file).is_known:
            # A renamed file keeps its number, so this one is a copy of one that is gone.
            self._note(known.checkpoint, Fate.LOST, size_of(file), None, _AFTER_COPY)
        sight = Sight.MOVED if sight is Sight.KNOWN and has_left else sight
        self._place(known, path, file)
        return Found(sight=sight, followed=known, choice=choice)

    def _place(self, followed: FollowedFile, path: str, file: BinaryIO) -> None:
        """Note where *followed* stands; one that stands at two paths keeps the first."""
        before, identity = followed.checkpoint, file_id(file)
        keeps = before.path == path or (not before.past and is_in_place(before))
        followed.checkpoint = replace(
            before, path=before.path if keeps else path, volume=identity.volume, number=identity.number, past=False
        )
        if followed.checkpoint != before:
            self._notes.moved.append(followed.checkpoint)

    def _begin(self, path: str, file: BinaryIO, source: Source, *, covered: FollowedFile | None) -> Found:
        choice = Choice(grammar=covered.grammar) if covered else self.chooser.choose(file, path, source)
        if choice.grammar is None:
            return Found(sight=Sight.NEW, followed=None, choice=choice)
        taken = {one.checkpoint.uid for one in self.by_file.values()}
        checkpoint = first_sight(file, path, choice.grammar.name, taken=taken)
        checkpoint = replace(checkpoint, generation=self._next_generation(checkpoint.uid))
        if covered:
            checkpoint = self._behind(file, checkpoint, covered)
        followed = self._follow(checkpoint, choice.grammar, file)
        return Found(sight=Sight.COVERED if covered else Sight.NEW, followed=followed, choice=choice)

    def _behind(self, file: BinaryIO, fresh: Checkpoint, covered: FollowedFile) -> Checkpoint:
        """Let *fresh* begin behind what *file* holds of the text of *covered*."""
        fresh = behind(file, fresh, covered_end(file, covered.checkpoint))
        whose = f"a copy of what was read of {covered.checkpoint.path}"
        self._skip(fresh, 0, fresh.offset, whose)
        return fresh

    def _next_generation(self, uid: str) -> int:
        """Return the number of the next generation of *uid*; a new file may have the number and place of an old one."""
        return max(
            (one.checkpoint.generation + 1 for one in self.by_file.values() if one.checkpoint.uid == uid), default=0
        )

    def is_whole(self, followed: FollowedFile, at: datetime) -> None:
        """Note that the text of *followed* was seen to be as it was read, no earlier than *at*."""
        self._whole_at[followed.file] = at

    def truncated(self, followed: FollowedFile, file: BinaryIO, source: Source) -> FollowedFile | None:
        """Begin a new generation in place of the text that is gone; None if its format cannot be told yet."""
        before = followed.checkpoint
        log.warning("%s was truncated or filled anew; it is read from its start", before.path)
        self._truncated.append((followed, before, self._whole_at.get(followed.file)))
        self._retire(followed)
        choice = self.chooser.choose(file, before.path, source)
        # A log that has just been cleared is still of the format that it had.
        grammar = followed.grammar if choice.standing is Standing.WAITING else choice.grammar
        if grammar is None:
            return None
        generation = self._next_generation(before.uid)
        checkpoint = next_generation(file, before, generation=generation, format_=grammar.name)
        # One that lost its end may have grown since: what stayed is read again, so that what came is not passed over.
        return self._follow(checkpoint, grammar, file)

    def _follow(self, checkpoint: Checkpoint, grammar: Grammar, file: BinaryIO) -> FollowedFile:
        """Begin to follow a generation; it is stored at once, for its last record may be, which moves no checkpoint."""
        followed = self.by_file[checkpoint.file] = FollowedFile(checkpoint, grammar, read_at(file, 0, HEAD))
        self._notes.moved.append(checkpoint)
        self._whole_at[checkpoint.file] = self.clock()
        return followed

    def settle(self) -> None:
        """Say what was lost of the texts that were truncated away: less where a copy was found."""
        for followed, before, since in self._truncated:
            if followed.checkpoint.past:
                self._note(before, Fate.LOST, _end_of(followed), None, _TRUNCATED, since=since)
            else:
                copied = _size_at(followed.checkpoint.path)
                self._note(before, Fate.LOST, copied, None, _AFTER_COPY, since=since)
        self._truncated.clear()

    def gone(self, followed: FollowedFile, *, size: int, was_finished: bool) -> None:
        """Note that *followed*, which had *size* bytes, cannot be found any more.

        If it *was_finished*, nobody wrote to it, and what was not read of it is all that is lost.
        """
        if not was_finished:
            self._note(followed.checkpoint, Fate.LOST, _end_of(followed), None, _GONE)
        elif size > _end_of(followed):
            self._note(followed.checkpoint, Fate.LOST, _end_of(followed), size, _UNREAD)
        self._retire(followed)

    def _retire(self, followed: FollowedFile) -> None:
        self._notes.moved.append(followed.retire())
        chain = chain_of(followed.checkpoint.path)
        past = [one for one in self.by_file.values() if one.checkpoint.past and chain_of(one.checkpoint.path) == chain]
        # The one that was retired last is the newest, whenever it was first seen.
        self.by_file[followed.file] = self.by_file.pop(followed.file)
        for one in [one for one in past if one is not followed][: 1 - _MOST_PAST]:
            del self.by_file[one.file]
            self._whole_at.pop(one.file, None)
            self._notes.forgotten.append(one.file)

    def note_read(self, followed: FollowedFile, begin: int) -> None:
        """Note that *followed* was read from *begin* to its checkpoint."""
        if followed.checkpoint.offset > begin:
            self._note(followed.checkpoint, Fate.READ, begin, followed.checkpoint.offset, "")

    def note_skipped(self, followed: FollowedFile, begin: int, end: int, reason: str) -> None:
        """Note that the bytes from *begin* to *end* are there and hold no record that could be read."""
        self._skip(followed.checkpoint, begin, end, reason)

    def _skip(self, checkpoint: Checkpoint, begin: int, end: int, reason: str) -> None:
        """Note it once, and again when there is more of it."""
        known = self._skipped.get((checkpoint.file, begin), begin)
        if end > known:
            self._skipped[(checkpoint.file, begin)] = end
            self._note(checkpoint, Fate.SKIPPED, begin, end, reason)
            if known == begin:
                self._drop(checkpoint.path)

    def _note(
        self,
        checkpoint: Checkpoint,
        fate: Fate,
        begin: int,
        end: int | None,
        reason: str,
        *,
        since: datetime | None = None,
    ) -> None:
        now = self.clock()
        if fate is Fate.LOST:
            self._drop(checkpoint.path)
            since = since or self._whole_at.get(checkpoint.file)
        self._notes.ledger.append(
            LedgerEntry(
                file=checkpoint.file, path=checkpoint.path, fate=fate, begin=begin, end=end, reason=reason,
                since=since or now, at=now,
            )
        )  # fmt: skip

    def _drop(self, path: str) -> None:
        self.drops[path] = self.drops.get(path, 0) + 1

    def take_notes(self) -> Notes:
        """Return what is to be stored since the last call."""
        notes, self._notes = self._notes, Notes()
        return notes


def _end_of(followed: FollowedFile) -> int:
    """Return up to where the text of *followed* is known; after a restart some of it may wait to be read again."""
    return max(followed.read_up_to, followed.checkpoint.offset)


def _size_at(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


_REBUILDS = "read before; read again to rebuild the runs that were open"
_TRUNCATED = "truncated or filled anew: what was written behind this byte before that is not known"
_AFTER_COPY = "read on in a copy: what was written to the log after it was copied is not known"
_UNREAD = "deleted before it was read to its end"
_GONE = "deleted or moved out of sight: what was written behind this byte before that is not known"
