"""What must be true for alerts to arrive, looked at one by one; `registry.CHECKS` names every check."""

from __future__ import annotations

from qbwatch.doctor.finding import Finding, Verdict
from qbwatch.doctor.installation import Installation, open_installation
from qbwatch.doctor.registry import CHECKS, Check, examine

__all__ = ("CHECKS", "Check", "Finding", "Installation", "Verdict", "examine", "open_installation")
