"""Only changes are told, and yet whoever reads them all knows at each moment who is signed in and what runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from ingest.platform import DiskSpace, Process, Session, SessionState
from ingest.probes import Known, ProcessWatch, SessionWatch, SpaceWatch
from ingest.probes.space import Limit, read_limit

if TYPE_CHECKING:
    from ingest.record import Record

NOW = datetime(2026, 4, 14, 8, 0, tzinfo=UTC)
SESSIONS = st.lists(
    st.builds(
        Session, number=st.sampled_from("123"), user=st.sampled_from(["qbsync", "mira"]), domain=st.just("SRV-01"),
        state=st.sampled_from(SessionState),
    ),
    max_size=3, unique_by=lambda one: one.number,
)  # fmt: skip
PROCESSES = st.lists(
    st.builds(
        Process, pid=st.integers(1, 3), name=st.sampled_from(["QBW.EXE", "QBWebConnector.exe"]), session=st.none(),
        user=st.none(), started=st.just(NOW),
    ),
    max_size=3, unique_by=lambda one: one.pid,
)  # fmt: skip
RESTARTS = st.booleans()


def folded(known: dict[tuple[str, str], str], records: list[Record], *names: str) -> dict[tuple[str, str], str]:
    """Apply what is told to what was known."""
    for record in records:
        first, second = (record.fields[name] for name in names)
        if record.fields["State"] == "gone":
            known.pop((first, second))
        else:
            known[first, second] = record.fields["State"]
    return known


@given(looks=st.lists(st.tuples(SESSIONS, RESTARTS), max_size=12))
def test_the_signals_of_sessions_tell_who_is_signed_in_also_over_restarts_of_the_watcher(
    looks: list[tuple[list[Session], bool]],
) -> None:
    watch, known, kept = SessionWatch(), dict[tuple[str, str], str](), Known()
    for at, (sessions, restarts) in enumerate(looks):
        watch = SessionWatch(known=kept) if restarts else watch
        records = watch.look(sessions, NOW + timedelta(seconds=15 * at))
        kept = watch.known
        # A session of the same number may by now be another user's: what went is told before what came.
        assert folded(known, records, "SessionId", "User") == {
            (one.number, f"SRV-01\\{one.user}"): one.state.value for one in sessions
        }
        assert watch.look(sessions, NOW) == []


@given(looks=st.lists(st.tuples(PROCESSES, RESTARTS), max_size=12))
def test_the_signals_of_programs_tell_what_runs_also_over_restarts_of_the_watcher(
    looks: list[tuple[list[Process], bool]],
) -> None:
    watch, known, kept = ProcessWatch(), dict[tuple[str, str], str](), Known()
    for at, (processes, restarts) in enumerate(looks):
        watch = ProcessWatch(known=kept) if restarts else watch
        records = watch.look(processes, NOW + timedelta(seconds=30 * at))
        kept = watch.known
        assert folded(known, records, "Pid", "Name") == {(str(one.pid), one.name): "running" for one in processes}
        assert watch.look(processes, NOW) == []


def test_a_limit_of_room_is_bytes_or_a_share() -> None:
    assert [read_limit(text) for text in ("500 MB", "1.5gb", "10 %", "100%", "", "5 XB", "-1 GB")] == [
        Limit(size=500 << 20), Limit(size=3 << 29), Limit(share=0.1), None, None, None, None,
    ]  # fmt: skip


def test_the_first_look_at_a_volume_with_room_is_no_news() -> None:
    assert SpaceWatch().look(DiskSpace(volume="C:\\", free=50 << 30, total=100 << 30), NOW) == []
