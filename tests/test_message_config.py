"""The keys of the configuration that say how messages are written."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from qbwatch.config import load
from qbwatch.errors import UsageError
from qbwatch.message_config import MessageSettings

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
[[source]]
path = "QWCLog.txt"
[[receiver]]
name = "ops"
url = "${env:OPS_URL}"
"""


def written(folder: Path, more: str) -> Path:
    path = folder / "qbwatch.toml"
    path.write_text(CONFIG + more)
    return path


def test_templates_links_and_a_receivers_zone_are_read(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    more = 'timezone = "Europe/Berlin"\n[route]\nreceiver = "ops"\n[alerts]\ntemplates = "words"\nack_url = "https://status.example.com/ack"\n'
    settings = load(written(tmp_path, more), secrets=False)
    assert settings.messages == MessageSettings(
        templates=tmp_path / "words", ack_url="https://status.example.com/ack"
    )  # fmt: skip
    assert [receiver.zone for receiver in settings.receivers] == [ZoneInfo("Europe/Berlin")]


def test_without_them_there_are_none(tmp_path: Path) -> None:
    settings = load(written(tmp_path, '[route]\nreceiver = "ops"\n'), secrets=False)
    assert settings.messages == MessageSettings()
    assert [receiver.zone for receiver in settings.receivers] == [None]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('timezone = "Berlin"\n', '7:1: "Berlin" is no time zone'),
        ('[alerts]\ntemplates = "words"\n', '8:1: there is no folder "words" here'),
        ('[alerts]\nack_url = "status.example.com"\n', "8:1: ack_url must be a web address"),
        ('[alerts]\nack_url = "https://bob:hunter2@status.example.com/ack"\n', "8:1: ack_url must be a web address"),
        ('[alerts]\nack_url = "https://status.example.com/ack?x=1"\n', "8:1: ack_url must be a web address"),
        ('[alerts]\nack_link = "x"\n', 'Did you mean "ack_url"?'),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, more: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(written(tmp_path, more), secrets=False)
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)
