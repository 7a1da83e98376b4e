"""Why nothing happened: signals assembled to spells, and each silence judged by them."""

from rules.absence.assemble import spells
from rules.absence.clues import NUL_RUN
from rules.absence.judge import judge
from rules.absence.spell import How, Spell, SpellKind
from rules.absence.verdict import MACHINE, Absence, Alternative, MissedRuns, Verdict

__all__ = [
    "MACHINE",
    "NUL_RUN",
    "Absence",
    "Alternative",
    "How",
    "MissedRuns",
    "Spell",
    "SpellKind",
    "Verdict",
    "judge",
    "spells",
]
