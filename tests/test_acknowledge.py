"""The signed links by which a message's incidents are taken up."""

from __future__ import annotations

import stat
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_messages import MESSAGES

from alerts.acknowledge import VALID_FOR, AckLinks, AckTokenError, is_token, sign, verified
from qbwatch.ack_key import ack_key, key_path
from qbwatch.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(range(32))
NOW = datetime(2026, 3, 10, 2, 0, 9, tzinfo=UTC)
UNTIL = NOW + timedelta(days=7)
IDS = st.text("0123456789abcdef", min_size=6, max_size=64)


@given(st.binary(min_size=16, max_size=64), IDS, st.integers(1, 10**9))
def test_who_has_the_key_reads_back_what_it_signed(key: bytes, message: str, seconds: int) -> None:
    until = NOW + timedelta(seconds=seconds)
    token = sign(key, message, until)
    assert is_token(token)
    assert verified(key, f" {token}\n", NOW) == message
    with pytest.raises(AckTokenError, match="ended on"):
        verified(key, token, until)


@given(st.data())
def test_a_token_with_one_other_letter_is_worth_nothing(data: st.DataObject) -> None:
    token = sign(KEY, "a1b2c3d4e5f6", UNTIL)
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.characters().filter(lambda one: one != token[place]))
    # The last letter carries bits that no byte needs.
    changed = token[:place] + letter + token[place + 1 :]
    if place < len(token) - 1:
        with pytest.raises(AckTokenError):
            verified(KEY, changed, NOW)


@given(st.text(max_size=200))
def test_no_other_text_is_taken_for_a_token(text: str) -> None:
    with pytest.raises(AckTokenError):
        verified(KEY, text, NOW)


def test_another_stores_key_a_longer_life_or_another_message_are_told_as_forged() -> None:
    token = sign(KEY, "a1b2c3d4e5f6", UNTIL)
    start, message, until, signature = token.split(".")
    later = f"{int(until, 16) + 1:x}"
    for forged in (f"{start}.{message}.{later}.{signature}", f"{start}.ffffffffffff.{until}.{signature}"):
        with pytest.raises(AckTokenError, match="not made with the key of this store"):
            verified(KEY, forged, NOW)
    with pytest.raises(AckTokenError, match="not made with the key of this store"):
        verified(bytes(32), token, NOW)


def test_a_short_key_signs_nothing() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        sign(b"short", "a1b2c3d4e5f6", UNTIL)


def test_a_message_has_the_same_link_each_time_and_none_when_there_is_nothing_to_take_up() -> None:
    links = AckLinks(base="https://status.example.com/ack/", key=KEY)
    said = replace(MESSAGES["opened"], id="a1b2c3d4e5f6")
    url = links.url(said)
    assert url is not None
    assert url == links.url(said)
    assert url.startswith("https://status.example.com/ack/qa1.a1b2c3d4e5f6.")
    made_at = datetime.fromisoformat(said.made_at)
    token = url.rpartition("/")[2]
    assert verified(KEY, token, made_at + VALID_FOR - timedelta(seconds=1)) == said.id
    assert links.url(MESSAGES["resolved"]) is None
    assert KEY.hex() not in repr(links)


def test_the_key_is_made_once_for_this_user_alone(tmp_path: Path) -> None:
    store = tmp_path / "qbwatch.db"
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(ack_key(store))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {*found} == {ack_key(store)}
    assert len(found[0]) == 32
    assert stat.S_IMODE(key_path(store).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["qbwatch.db.ack-key"]


@pytest.mark.parametrize("text", ["", "no key", "ab" * 8])
def test_a_broken_key_is_told_without_showing_it(tmp_path: Path, text: str) -> None:
    store = tmp_path / "qbwatch.db"
    key_path(store).write_text(text)
    with pytest.raises(UsageError) as caught:
        ack_key(store)
    assert str(key_path(store)) in str(caught.value)
    assert "Remove the file" in str(caught.value)
