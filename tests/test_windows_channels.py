from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest
from windows_channels import POWER, Windows, event

from ingest.channels import SIGNALS, Channel, ChannelError, run_wevtutil
from ingest.record import Span

if TYPE_CHECKING:
    from collections.abc import Sequence


def numbers(found: Sequence[object]) -> list[int]:
    return [record.span.offset for record in found]  # type: ignore[attr-defined]


def test_what_came_after_the_bookmark_is_read_oldest_first() -> None:
    windows = Windows({"System": [event(number) for number in range(90, 100)]})
    read = Channel(name="System", run=windows).read(96)
    assert (numbers(read.records), read.bookmark, read.cleared, read.more) == ([97, 98, 99], 99, False, False)
    (first, *_) = read.records
    assert first.codes == (f"{POWER}/42",)
    assert first.span == Span(offset=97, length=len(event(97)) * 2, line=97)


def test_a_channel_without_news_costs_one_question() -> None:
    windows = Windows({"System": [event(99)]})
    read = Channel(name="System", run=windows).read(99)
    assert (read.records, read.bookmark, read.cleared, len(windows.asked)) == ((), 99, False, 1)


def test_events_that_tell_nothing_move_the_bookmark_and_give_no_record() -> None:
    windows = Windows({"System": [event(1), event(2, "Contoso Driver", 3), event(3, POWER, 105)]})
    read = Channel(name="System", run=windows).read(0)
    assert (numbers(read.records), read.bookmark) == ([1], 3)


def test_batches_follow_one_another_and_lose_nothing_between_the_queries() -> None:
    kinds = [(POWER, 42), ("Service Control Manager", 7034), ("Microsoft-Windows-Winlogon", 7002)]
    windows = Windows({"System": [event(number, *kinds[number % 3]) for number in range(1, 31)]})
    channel = Channel(name="System", run=windows, batch=4)
    bookmark, found, rounds = 0, [], 0
    while True:
        read = channel.read(bookmark)
        found += numbers(read.records)
        assert read.bookmark > bookmark
        bookmark, rounds = read.bookmark, rounds + 1
        if not read.more:
            break
    assert (found, bookmark) == (list(range(1, 31)), 30)
    assert rounds == 3


def test_no_query_asks_for_more_than_windows_takes_and_all_signals_are_asked_for() -> None:
    wanted = {(provider, one) for provider, some in SIGNALS["System"].items() for one in some}
    windows = Windows({"System": [event(number, *kind) for number, kind in enumerate(sorted(wanted), 1)]})
    read = Channel(name="System", run=windows).read(0)
    assert len(read.records) == len(wanted)
    assert len(windows.asked) == 4


def test_a_provider_with_many_events_is_split_too() -> None:
    windows = Windows({"Contoso": [event(number, "Contoso", number) for number in range(1, 41)]})
    read = Channel(name="Contoso", run=windows, wanted={"Contoso": tuple(range(1, 41))}).read(0)
    assert numbers(read.records) == list(range(1, 41))


def test_a_channel_that_is_not_known_is_read_whole() -> None:
    windows = Windows({"Contoso/Operational": [event(1, "Contoso", 9)]})
    assert len(Channel(name="Contoso/Operational", run=windows).read(0).records) == 1


def test_a_log_that_was_emptied_is_told_and_read_from_its_new_start() -> None:
    windows = Windows({"System": [event(1), event(2)]})
    read = Channel(name="System", run=windows).read(99)
    assert (numbers(read.records), read.bookmark, read.cleared) == ([1, 2], 2, True)
    windows.logs["System"] = []
    read = Channel(name="System", run=windows).read(2)
    assert (read.records, read.bookmark, read.cleared) == ((), 0, True)


def test_reading_may_begin_with_what_is_new() -> None:
    windows = Windows({"System": [event(5), event(6)], "Application": []})
    assert Channel(name="System", run=windows).newest() == 6
    assert Channel(name="Application", run=windows).newest() == 0


def test_a_newest_event_that_cannot_be_read_is_no_emptied_log() -> None:
    answers = iter([f"<Event><damaged{event(98)}{event(97)}", "<Event><damaged</Event>"])
    channel = Channel(name="System", run=lambda _: next(answers).encode("utf-16-le"))
    assert channel.newest() == 98
    with pytest.raises(ChannelError, match="newest events"):
        channel.read(98)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (5, "Event Log Readers"),
        (15007, "wevtutil el"),
        (1722, "net start eventlog"),
        (15001, "ended with 15001 Zugriff verweigert."),
    ],
)
def test_a_refusal_is_told_by_its_number_with_what_to_do(code: int, words: str) -> None:
    channel = Channel(name="System", run=Windows({"System": []}, refused={"System": code}))
    with pytest.raises(ChannelError, match=re.escape(words)):
        channel.read(0)


def test_a_missing_channel_is_named() -> None:
    with pytest.raises(ChannelError, match='no event channel "Contoso"'):
        Channel(name="Contoso", run=Windows()).read(0)


def test_a_machine_without_wevtutil_says_so() -> None:
    def run(_: Sequence[str]) -> bytes:
        raise FileNotFoundError

    with pytest.raises(ChannelError, match="wevtutil"):
        Channel(name="System", run=run).newest()


@pytest.mark.skipif(sys.platform == "win32", reason="tells what happens elsewhere")
def test_elsewhere_than_on_windows_there_are_no_channels() -> None:
    with pytest.raises(ChannelError, match="on Windows only"):
        Channel(name="System").read(0)
    with pytest.raises(ChannelError, match="on Windows only"):
        run_wevtutil(["wevtutil.exe", "el"])
