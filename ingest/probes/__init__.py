"""What a machine tells while it is watched, as records in the same stream as its logs; pure, the clock is passed in."""

from __future__ import annotations

from ingest.probes.clocks import ClockWatch, Heartbeat, is_restarted
from ingest.probes.presence import Known, ProcessWatch, SessionWatch
from ingest.probes.signal import COMPONENT, FORMAT, probe
from ingest.probes.space import DEFAULT, Limit, SpaceWatch, read_limit

__all__ = (
    "COMPONENT", "DEFAULT", "FORMAT", "ClockWatch", "Heartbeat", "Known", "Limit", "ProcessWatch", "SessionWatch",
    "SpaceWatch", "is_restarted", "probe", "read_limit",
)  # fmt: skip
