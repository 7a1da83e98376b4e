"""What the configuration says of applications, and what is wrong with it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from qbwatch.config import load
from qbwatch.errors import UsageError
from rules.pulse import ConfiguredApplication
from rules.schedule import window_of

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
[host]
timezone = "America/New_York"
[[source]]
path = "QWCLog.txt"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "qbwatch.toml"
    path.write_text(HEAD + text)
    return path


def test_applications_carry_their_interval_and_their_windows_in_a_zone(tmp_path: Path) -> None:
    path = written(tmp_path, """\
[schedule]
overdue_after = 5
[[application]]
name = "Contoso Sync"
every = "15m"
[[application]]
name = "Acme Lending"
windows = ["Mon-Fri 19:00-07:00", "Sat 08:00-12:00"]
timezone = "Europe/Berlin"
""")  # fmt: skip
    settings = load(path)
    assert settings.overdue_after == 5
    assert settings.applications == (
        ConfiguredApplication(
            name="Contoso Sync", every=timedelta(minutes=15), zone=ZoneInfo("America/New_York")
        ),
        ConfiguredApplication(
            name="Acme Lending",
            windows=(window_of("Mon-Fri 19:00-07:00"), window_of("Sat 08:00-12:00")),
            zone=ZoneInfo("Europe/Berlin"),
        ),
    )  # fmt: skip


def test_without_a_word_on_it_nothing_is_expected_but_what_is_learnt(tmp_path: Path) -> None:
    settings = load(written(tmp_path, ""))
    assert (settings.applications, settings.overdue_after) == ((), 3)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[application]]\nevery = "15m"', '"name" is missing'),
        ('[[application]]\nname = "A"\nevery = "often"', '"often" is no length of time'),
        ('[[application]]\nname = "A"\nevery = "0s"', "no time passes"),
        ('[[application]]\nname = "A"\nwindows = ["night"]', '"night" is no window. Write one like "19:00-07:00"'),
        ('[[application]]\nname = "A"\nwindow = ["19:00-07:00"]', 'Did you mean "windows"?'),
        ('[[application]]\nname = "A"\ntimezone = "Mars"', '"Mars" is no time zone'),
        ('[[application]]\nname = "A"\n[[application]]\nname = "A"', 'there are two applications "A"'),
        ("[schedule]\noverdue_after = 0", "a number of turns from 1 on"),
        ("[schedule]\noverdue_after = true", "a number of turns from 1 on"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_what_to_write(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(written(tmp_path, text))
    assert told in str(caught.value)
    assert "qbwatch.toml:" in str(caught.value)
