"""One log, or folder of logs, looked through for its findings alone, as who explains or tries something wants it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qbwatch.scan import Scan, Summary
from qbwatch.scan_files import Unusable, find_logs
from rules.gate import Gate, literals_of

if TYPE_CHECKING:
    from pathlib import Path

    from qbwatch.scan_files import HowToRead
    from rules.catalogue import Catalogue
    from rules.event import Event


@dataclass(slots=True)
class Looked:
    """What a log told, which of its files could not be used, and where reading broke off: each with the reason."""

    events: list[Event] = field(default_factory=list)
    summary: Summary = field(default_factory=Summary)
    unusable: list[Unusable] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)


def look_through(
    path: Path, catalogue: Catalogue, how: HowToRead, *, host: str = "", client: str | None = None
) -> Looked:
    """Classify what lies at *path* once, as logs of *host*, and keep the findings."""
    looked = Looked()
    scan = Scan(
        catalogue=catalogue, gate=Gate(literals_of(catalogue)), host=host, client=client,
        on_error=lambda name, why: looked.broken.append((name, why)), on_damage=lambda *_: None,
        on_progress=lambda _: None, summary=looked.summary,
    )  # fmt: skip
    with ExitStack() as keep:
        logs = list(find_logs([str(path)], how, keep))
        looked.unusable += [log for log in logs if isinstance(log, Unusable)]
        usable = [log for log in logs if not isinstance(log, Unusable)]
        looked.events += [event for batch in scan.run(usable) for event in batch.events.values()]
    return looked
