"""What holds and hands over messages, as it is written into qbwatch.toml."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from alerts.inhibit import BUILT_IN, Inhibition
from alerts.matcher import read_matcher
from alerts.receiver import SecretUrl, spacing_of
from alerts.storm import Cap
from qbwatch.config import Settings, load
from qbwatch.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """
[[source]]
path = "QWCLog.txt"
[[receiver]]
name = "ops"
url = "${env:URL}"
fallback = "mail"
at_most = "5 per 2m"
[[receiver]]
name = "mail"
url = "${env:URL}"
[route]
receiver = "ops"
"""


def loaded(folder: Path, text: str) -> Settings:
    path = folder / "qbwatch.toml"
    path.write_text(HEAD + text)
    return load(path, secrets=False)


def test_without_a_word_about_it_machines_hold_their_applications_and_nothing_else_is_held(tmp_path: Path) -> None:
    alerts = loaded(tmp_path, "").alerts
    assert alerts.policy.inhibitions == (BUILT_IN,)
    assert alerts.policy.caps == {"ops": Cap(most=5, window=timedelta(minutes=2))}
    assert alerts.policy.fallbacks == {"ops": "mail"}
    assert (alerts.policy.fallback_after, alerts.longest_silence, alerts.resolve_after) == (
        timedelta(minutes=15), timedelta(days=30), timedelta(days=3),
    )  # fmt: skip


def test_all_that_holds_messages_is_read(tmp_path: Path) -> None:
    alerts = loaded(
        tmp_path,
        """
[alerts]
fallback_after = "1h"
longest_silence = "7d"
resolve_after = "12h"
patient_causes = []
hold_under_machine = false
[[inhibit]]
source = ["cause = web_service_unreachable"]
target = ["cause = auth_rejected_by_web_service"]
equal = ["client"]
""",
    ).alerts
    assert (alerts.policy.fallback_after, alerts.longest_silence, alerts.resolve_after) == (
        timedelta(hours=1), timedelta(days=7), timedelta(hours=12),
    )  # fmt: skip
    assert alerts.policy.patient == ()
    assert alerts.policy.inhibitions == (
        Inhibition(
            source=(read_matcher("cause = web_service_unreachable"),),
            target=(read_matcher("cause = auth_rejected_by_web_service"),),
            equal=("client",),
        ),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[alerts]\nfallback_after = "soon"\n', "qbwatch.toml:15:1: "),
        ('[alerts]\nfallback_afer = "1h"\n', 'Did you mean "fallback_after"?'),
        ('[[receiver]]\nname = "x"\nurl = "${env:URL}"\nfallback = "x"\n', "cannot stand in for itself"),
        ('[[receiver]]\nname = "x"\nurl = "${env:URL}"\nat_most = "many"\n', 'Write it like "20 per 10m"'),
        ('[[inhibit]]\ntarget = ["cause = a"]\n', "[[inhibit]] needs source"),
        ('[[time_interval]]\nname = "a"\ntimezone = "Mars"\n', '"Mars" is no time zone'),
        ('[[route.routes]]\nmute_time_intervals = ["nights"]\n', 'no [[time_interval]] is called "nights"'),
        ('[[route.routes]]\nescalate_to = "boss"\n', "no [[receiver]] has this name (known: mail, ops)"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_what_to_write(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        loaded(tmp_path, text)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("url", "seconds"),
    [
        ("https://hooks.slack.com/services/T0/B0/X", 1.1),
        ("slack://xoxb-1/#ops", 1.1),
        ("https://prod-00.westeurope.logic.azure.com:443/workflows/0/triggers", 0.5),
        ("mailtos://a:b@smtp.example.com", 0),
        ("json://[", 0),
    ],
)
def test_each_service_is_given_the_time_between_messages_that_it_wants(url: str, seconds: float) -> None:
    assert spacing_of(SecretUrl(url)) == timedelta(seconds=seconds)
