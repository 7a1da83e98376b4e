"""Guard against foreign packages that own the same top-level names as our stages."""

from __future__ import annotations

from importlib.metadata import packages_distributions

STAGES = ("ingest", "rules", "alerts")


def check_packages(owners: dict[str, list[str]] | None = None) -> str | None:
    """Return what to do if another distribution installed one of our package names, None if all is well.

    `pip install rules` (django-rules) beside qbwatch overwrites files without a word.
    """
    known = packages_distributions() if owners is None else owners
    for name in STAGES:
        others = sorted({owner for owner in known.get(name, []) if owner != "qbwatch"})
        if others:
            return (
                f"The package '{others[0]}' is installed in the same environment and owns the name '{name}', which "
                "qbwatch uses too; one of them is broken by the other. Install qbwatch in an environment of its own: "
                "pipx install qbwatch, or python -m venv qbwatch-env."
            )
    return None
