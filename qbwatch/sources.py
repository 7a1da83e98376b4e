"""The followed files of a configuration: found by glob, looked at when they are due, read as they grow."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ingest.formats import first_time, qbwc
from ingest.identity import HEAD, Change, Sight, read_at
from ingest.pace import Pace, Volumes
from ingest.platform import glance_at, is_unchanged, open_shared
from qbwatch.followed_files import FollowedFiles
from qbwatch.source_looks import Look, Missing, Reading, Seen, first_stamp
from qbwatch.source_paths import chain_of, folders, generations_beside, is_generation, is_named, matches
from qbwatch.source_state import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from ingest.follow import FollowedFile
    from ingest.identity import Checkpoint
    from qbwatch.config import Source
    from qbwatch.followed_files import Found
    from qbwatch.source_format import FormatChooser

log = logging.getLogger(__name__)

# Globbing costs more than looking at the files that are known; a new file of another name may wait this long.
_GLOB_EVERY_S = 5.0


@dataclass(slots=True)
class Sources:
    """All files that the configuration names, and what is known of each path."""

    sources: tuple[Source, ...]
    chooser: FormatChooser
    clock: Callable[[], datetime]
    followed: FollowedFiles = field(init=False)
    pace: Pace = field(default_factory=Pace)
    seen: dict[str, Seen] = field(default_factory=dict)
    has_changed: bool = False  # how a path stands, since somebody set this to False
    _paths: dict[str, Source] = field(default_factory=dict)
    _strays: dict[str, Source] = field(default_factory=dict)  # generations that no source names
    _between: set[str] = field(default_factory=set)  # strays that were never seen under a name that a source names
    _missing: list[Missing] = field(default_factory=list)
    _looked: set[str] = field(default_factory=set)  # paths that were looked at in this turn
    _has_truncated: bool = False
    _globbed_at: float | None = None
    _volumes: Volumes = field(default_factory=Volumes)
    _began: datetime = field(init=False)  # when the present turn began to look

    def __post_init__(self) -> None:
        """Know no file yet."""
        self.followed = FollowedFiles(self.chooser, self.clock)
        self._began = self.clock()

    def restore(self, checkpoints: Iterable[Checkpoint], whole_at: Mapping[str, datetime] | None = None) -> None:
        """Take up what the store knows; *whole_at* is when the text of each file was last seen as it was read."""
        self.seen.clear()
        self._strays.clear()
        self.pace = Pace()
        self._glob()
        self.followed.restore(checkpoints, self._paths.get, whole_at or {})
        # What was rotated while nobody looked is missed until it is seen; of a source that is not configured any
        # more nothing is.
        self._missing = [
            Missing(one, source, one.checkpoint.path, one.checkpoint.path, one.read_up_to)
            for one in self.followed.by_file.values()
            if not one.checkpoint.past and (source := self._named_by(one.checkpoint.path))
        ]

    def folders(self) -> set[Path]:
        """Return the folders on this machine that hold the sources, where they exist."""
        found = folders(source.path for source in self.sources)
        return {folder for folder in found if not self._volumes.is_network(str(folder))}

    def paths(self) -> dict[str, Source]:
        """Return the files that match now, each with its source."""
        self._glob()
        return self._paths

    def _glob(self) -> None:
        self._paths = {}
        for source in self.sources:
            for path in sorted(matches(source.path)):
                self._paths.setdefault(path, source)

    def unread(self, now_s: float = 0.0, told: set[str] | None = None, of: set[str] | None = None) -> Iterator[Reading]:
        """Yield every file with something new that is due or was *told* of, open; without *told* each is looked at.

        *now_s* is the time on a clock that never goes back, *of* names the sources that are wanted, by their paths.
        A rotated file comes before the one that took its place.
        """
        self._began = self.clock()
        self._looked.clear()
        looks = [look for path in self._due(now_s, told, of) if (look := self._look(path, now_s))]
        looks += self._look_for_missing(now_s, of)
        for look in sorted(looks):
            source = self.source_of(look.path)
            reading = self._open(look.path, source) if source else None
            if reading is None:
                continue
            try:
                yield reading
            finally:
                reading.file.close()

    def _due(self, now_s: float, told: set[str] | None, of: set[str] | None) -> list[str]:
        """Return what is to be opened: what is due or was *told* of and is not idle at first sight."""
        everything = told is None
        is_stale = self._globbed_at is None or now_s - self._globbed_at >= _GLOB_EVERY_S
        if everything or is_stale or (told and not told <= self._paths.keys()):
            self._glob()
            self._globbed_at = now_s
        paths = {*self._strays, *self._paths, *self.seen}
        due = (path for path in paths if everything or path in (told or ()) or self.pace.is_due(path, now_s))
        if of is not None and not all(source.path in of for source in self.sources):
            due = (path for path in due if (source := self.source_of(path)) and source.path in of)
        # A log before its copies: they are told by what became of it.
        changed = [path for path in due if not self._passes_over(path, now_s)]
        return sorted(changed, key=lambda path: (path not in self.seen, is_generation(os.path.basename(path)), path))  # noqa: PTH119 - only compared

    def source_of(self, path: str) -> Source | None:
        """Return the source that *path* belongs to."""
        source = self._paths.get(path) or self._strays.get(path)
        # What was deleted matches no more, and still is to be missed.
        return source or (seen.source if (seen := self.seen.get(path)) else None)

    def _named_by(self, path: str) -> Source | None:
        """Return the source that names *path*, which may not be there any more."""
        return self.source_of(path) or next((one for one in self.sources if is_named(one.path, path)), None)

    def _passes_over(self, path: str, now_s: float) -> bool:
        """Say whether *path* is idle, and when to look again then."""
        if not self._is_idle(path):
            return False
        self._looked.add(path)
        self.pace.idle(path, now_s, self._volumes.limits_of(path))
        return True

    def _look(self, path: str, now_s: float) -> Look | None:
        """Look once at *path*; return it if there is something to read."""
        self._looked.add(path)
        source = self.source_of(path)
        if source is None:
            self.pace.idle(path, now_s, self._volumes.limits_of(path))
            return None
        try:
            with open_shared(Path(path)) as file:
                look = self._recognise(path, file, source)
        except FileNotFoundError as error:
            self._is_not_there(path, error)
            return None
        except OSError as error:
            self.trouble(path, error)
            look = None
        (self.pace.grew if look else self.pace.idle)(path, now_s, self._volumes.limits_of(path))
        return look

    def _is_idle(self, path: str) -> bool:
        """Say whether one look shows that nothing changed since the last turn."""
        seen = self.seen.get(path)
        if seen is None or seen.glance is None or seen.standing in {Standing.COPY, Standing.UNREADABLE}:
            return False
        if not is_unchanged(path, seen.glance):
            return False
        if seen.followed is None:
            return True
        self.followed.is_whole(seen.followed, self._began)
        return seen.size == seen.followed.read_up_to

    def _recognise(self, path: str, file: BinaryIO, source: Source) -> Look | None:
        is_ours = path in self._paths or path in self._between
        found = self.followed.find(path, file, source, is_named=is_ours)
        followed, sight = found.followed, found.sight
        if followed is not None and followed.check(file) is Change.SAME:
            self.followed.is_whole(followed, self._began)
        elif followed is not None:
            self._add_strays(path, source)
            self._has_truncated = True
            followed, sight = self.followed.truncated(followed, file, source), Sight.KNOWN
        if followed is None and found.of is None and not is_ours:
            # Nor is it what could not be read here before, or what stood here before that.
            self._displace(path)
            self._strays.pop(path, None)
            return None
        self._note_seen(path, file, source, found, followed)
        if followed is None or not followed.is_unread(file):
            return None
        return self._placed(path, file, followed, sight)

    def _note_seen(
        self, path: str, file: BinaryIO, source: Source, found: Found, followed: FollowedFile | None
    ) -> None:
        before = self.seen.get(path)
        if before and before.followed is not followed:
            self._displace(path)
        problem = found.choice.problem
        if problem and not (before and before.problem == problem):
            log.warning("%s %s; it is left alone", path, problem)
        self.seen[path] = Seen(
            glance=glance_at(file),
            real=str(Path(path).resolve()),
            standing=Standing.COPY if found.of else found.choice.standing,
            source=source,
            followed=followed,
            problem=problem,
            problem_since=(before.problem_since if before and before.problem == problem else None) or self.clock(),
            sure=found.choice.sure or (before.sure if before else None),
            behind_since=before.behind_since if before else None,
        )
        self.has_changed = self.has_changed or before is None or before.standing is not self.seen[path].standing

    def _is_not_there(self, path: str, error: OSError) -> None:
        if not Path(path).parent.is_dir():
            # The folder went with it: a share that is not reachable, rather than a log that was deleted.
            self.trouble(path, error)
            return
        self._displace(path)
        if Path(path).is_symlink():
            self.trouble(path, error)
        elif path not in self._paths:
            self._strays.pop(path, None)
            self.pace.forget(path)

    def _displace(self, path: str) -> None:
        """Note that what stood at *path* does not stand there any more."""
        before = self.seen.pop(path, None)
        self.has_changed = True
        if before and before.followed and not before.followed.checkpoint.past:
            self._missing.append(Missing(before.followed, before.source, path, before.real, before.size))

    def _placed(self, path: str, file: BinaryIO, followed: FollowedFile, sight: Sight) -> Look:
        is_new = sight is Sight.NEW
        stamp = first_time(read_at(file, 0, 64 * HEAD), followed.grammar) if is_new else None
        return Look(
            is_qwclog=followed.grammar.name == qbwc.NAME,
            rank=2 if is_new else int(sight is Sight.KNOWN),
            stamp=stamp.isoformat() if stamp else "",
            is_newest=not is_generation(Path(path).name),
            path=path,
        )

    def _add_strays(self, path: str, source: Source) -> None:
        """Look also at the generations beside *path*: one may hold what was truncated away, or have been renamed."""
        for other in generations_beside(path):
            if other not in self._paths:
                self._strays.setdefault(other, source)

    def _look_for_missing(self, now_s: float, of: set[str] | None) -> list[Look]:
        """Look for what is not at its path any more where it may have gone to, and let go of the rest."""
        self._drop_found()
        sought = [one for one in self._missing if of is None or one.source.path in of]
        looks: list[Look] = []
        if sought or self._has_truncated:
            self._glob()
            for one in sought:
                self._add_strays(one.path, one.source)
                for path in {one.path, one.real} - self._paths.keys():
                    self._strays.setdefault(path, one.source)
            folders = {os.path.dirname(one.path) for one in sought}  # noqa: PTH120 - only compared
            looks = [look for path in self._candidates(folders) if (look := self._look(path, now_s))]
            for one in sought:
                looks += self._look_between(one, now_s)
        self._drop_found()
        for one in [one for one in self._missing if one in sought and not self._may_come_back(one)]:
            self._missing.remove(one)
            if not one.followed.checkpoint.past:
                self.followed.gone(one.followed, size=one.size, was_finished=is_generation(Path(one.path).name))
        self.followed.settle()
        self._has_truncated = False
        return looks

    def _look_between(self, one: Missing, now_s: float) -> list[Look]:
        """Look at the generations that came after a moved one: of two rotations between two looks nobody saw one."""
        moved = (path for path, seen in self.seen.items() if path in self._looked and seen.followed is one.followed)
        place = next((path for path in moved if path != one.path), None)
        began = first_stamp(place, one.followed.grammar) if place else None
        if began is None:
            return []
        for path in generations_beside(one.path):
            is_unknown = path not in self._paths and path not in self.seen
            later = first_stamp(path, one.followed.grammar) if is_unknown else None
            if later and later > began:
                self._strays.setdefault(path, one.source)
                self._between.add(path)
        return [look for path in sorted(self._between - self.seen.keys()) if (look := self._look(path, now_s))]

    def _candidates(self, folders: set[str]) -> list[str]:
        """Return what was not looked at in this turn and may be what is missing: all in *folders*, strays, copies."""
        copies = {path for path, seen in self.seen.items() if seen.standing is Standing.COPY}
        beside = {path for path in self._paths if os.path.dirname(path) in folders}  # noqa: PTH120 - only compared
        return sorted({*self._strays, *beside, *copies} - self._looked)

    def _drop_found(self) -> None:
        """Let go of what was missing and was seen in this turn."""
        standing = {seen.followed for path, seen in self.seen.items() if path in self._looked} if self._missing else ()
        self._missing = [one for one in self._missing if one.followed not in standing]

    def _may_come_back(self, one: Missing) -> bool:
        """Say whether something that cannot be read now may be what is missing."""
        chain = chain_of(one.path)
        unreadable = (path for path, seen in self.seen.items() if seen.standing is Standing.UNREADABLE)
        return not Path(one.path).parent.is_dir() or any(chain_of(path) == chain for path in unreadable)

    def _open(self, path: str, source: Source) -> Reading | None:
        """Open *path* to read it; None if it is not any more what it was at the look a moment ago."""
        seen = self.seen.get(path)
        if seen is None or seen.followed is None:
            return None
        file: BinaryIO | None = None
        try:
            file = open_shared(Path(path))
            if seen.followed.check(file) is Change.SAME:
                return Reading(seen.followed, file, source, path)
        except OSError as error:
            self.trouble(path, error)
        if file is not None:
            file.close()
        return None

    def was_read(self, reading: Reading) -> None:
        """Note how far *reading* came."""
        seen = self.seen.get(reading.path)
        if seen is not None:
            seen.glance = glance_at(reading.file)
            seen.behind_since = (seen.behind_since or self.clock()) if reading.followed.has_more else None

    def trouble(self, path: str, error: OSError) -> None:
        """Note that *path* cannot be read now; it is tried again."""
        why = error.strerror or str(error)
        seen, source = self.seen.get(path), self.source_of(path)
        if source is None:
            return
        if seen is None:
            seen = self.seen[path] = Seen(glance=None, real=path, standing=Standing.UNREADABLE, source=source)
        if seen.problem != why:
            log.warning("%s cannot be read (%s); it is tried again", path, why)
            seen.problem, seen.problem_since = why, self.clock()
        self.has_changed = self.has_changed or seen.standing is not Standing.UNREADABLE
        seen.standing = Standing.UNREADABLE
