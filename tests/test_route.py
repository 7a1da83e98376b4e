from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from receivers import START, make_event

from alerts.lifecycle import on_event
from alerts.receiver import Receiver, ReceiverError, SecretUrl
from alerts.route import Route, Routed, fits, group_key, receivers_of, routes_for

if TYPE_CHECKING:
    from alerts.incident import Incident


def incident(**changes: Any) -> Incident:
    change = on_event(None, make_event(**changes), START)
    assert change is not None
    return change.incident


TREE = Route(
    receiver="ops-teams",
    group_by=("client", "cause"),
    group_wait=timedelta(seconds=10),
    routes=(
        Route(receiver="oncall-email", match={"severity": "critical"}, continue_=True),
        Route(
            receiver="acme-slack",
            match={"client": ("Acme Accounting", "Acme Holding")},
            repeat_interval=timedelta(hours=1),
            routes=(Route(receiver="provider-email", match={"act": "provider"}, group_by=("host",)),),
        ),
        Route(receiver="never", match={"application": "Contoso Sync"}),
    ),
)


@pytest.mark.parametrize(
    ("changes", "receivers"),
    [
        ({}, ["acme-slack"]),
        ({"client": "Fabrikam"}, ["never"]),
        ({"client": None, "application": None}, ["ops-teams"]),
        ({"severity": "critical"}, ["oncall-email", "acme-slack"]),
        ({"act": "provider"}, ["provider-email"]),
        (
            {"act": "provider", "severity": "critical", "client": "Acme Holding"},
            ["oncall-email", "provider-email"],
        ),
    ],
)
def test_the_first_branch_that_fits_takes_it_and_continue_asks_on(
    changes: dict[str, Any], receivers: list[str]
) -> None:
    assert [routed.receiver for routed in routes_for(incident(**changes), TREE)] == receivers


def test_settings_come_down_the_tree_unless_a_branch_has_its_own() -> None:
    [routed] = routes_for(incident(act="provider"), TREE)
    assert routed == Routed(
        receiver="provider-email",
        path="0.1.0",
        group_by=("host",),
        group_wait=timedelta(seconds=10),
        repeat_interval=timedelta(hours=1),
    )


def test_each_receiver_hears_of_an_incident_once() -> None:
    twice = Route(receiver="a", routes=(Route(match={"severity": "error"}, continue_=True), Route(receiver="a")))
    assert [routed.path for routed in routes_for(incident(), twice)] == ["0.0"]


def test_a_group_is_what_shares_the_labels() -> None:
    [routed] = routes_for(incident(), TREE)
    assert group_key(incident(), routed) == "0.1|cause=popup_blocked|client=Acme Accounting"
    assert group_key(incident(host="srv-02"), routed) == group_key(incident(), routed)
    assert group_key(incident(cause="machine_asleep"), routed) != group_key(incident(), routed)


def test_an_unknown_label_fits_only_the_empty_text() -> None:
    assert fits(incident(client=None), Route(match={"client": ""}))
    assert not fits(incident(client=None), Route(match={"client": "Acme Accounting"}))


def test_the_tree_knows_its_receivers() -> None:
    assert receivers_of(TREE) == {"ops-teams", "oncall-email", "acme-slack", "provider-email", "never"}


def test_a_receivers_url_never_shows() -> None:
    url = SecretUrl("workflows://example.com/ID/SIGNATURE")
    shown = f"{url} {url!r} {Receiver(name='ops-teams', url=url)!r} {ReceiverError('ops-teams', 'x', 'y')}"
    assert "SIGNATURE" not in shown
    assert (url.scheme, url.reveal()) == ("workflows", "workflows://example.com/ID/SIGNATURE")
    assert url == SecretUrl("workflows://example.com/ID/SIGNATURE")
    assert SecretUrl("nonsense").scheme == ""
