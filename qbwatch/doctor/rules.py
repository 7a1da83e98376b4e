"""Whether the rules can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qbwatch.doctor.finding import fault, fine
from rules.load import RuleError
from rules.pack import pack_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbwatch.doctor.finding import Finding
    from qbwatch.doctor.installation import Installation


def rules(installation: Installation) -> Iterator[Finding]:
    """Say whether the shipped rules and the user's own can be used."""
    own = installation.settings.rules if installation.settings else None
    if own is not None and not own.exists():
        yield fault(
            f"{own}: no such folder of rules", "The watcher does not start", "Check [rules] path, or take it out"
        )
        return
    try:
        found = installation.catalogue
    except RuleError as error:
        yield fault(
            str(error).rstrip("."), "The watcher does not start with these rules; one that runs keeps those it had",
            f"Mend them, and try: qbwatch rules check {own or ''}".rstrip(),
        )  # fmt: skip
        return
    yield fine(f"{len(found.rules)} rules for {len(found.causes)} causes, pack {pack_at()}")
