"""Which incidents `qbwatch incidents ack` means: by an incident's id, a message's id, or a message's signed link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.acknowledge import AckTokenError, is_token, verified
from qbwatch.ack_key import ack_key, key_path
from qbwatch.errors import UsageError
from qbwatch.history.alert_outbox import SqlOutbox

if TYPE_CHECKING:
    from datetime import datetime

    from alerts.incident import Incident
    from qbwatch.config import Settings
    from qbwatch.history.alert_store import AlertStore
    from qbwatch.history.store import Store


def meant(text: str, store: Store, settings: Settings, alerts: AlertStore, now: datetime) -> list[Incident]:
    """Return the incidents that *text* names: one by its id, or all that a message tells of.

    A whole link works as its token does. Raises UsageError.
    """
    named = text.strip().rpartition("/")[2]
    outbox = SqlOutbox(store.connection)
    if is_token(named):
        message = _verified(named, settings, now)
        found = _told_by(outbox, alerts, message)
        if not found:
            raise UsageError("this store knows nothing of the message behind this link. Use it where the message came "
                             "from; the link of a test acknowledges nothing.")  # fmt: skip
        return found
    one = alerts.incident(named)
    found = [one] if one else _told_by(outbox, alerts, named)
    if not found:
        raise UsageError(
            f"there is no one incident whose id begins with '{named}', and no message of this id. "
            "See: qbwatch incidents list --all"
        )
    return found


def _verified(token: str, settings: Settings, now: datetime) -> str:
    # A key that is made now has signed nothing.
    if not key_path(settings.store).exists():
        raise UsageError(
            f"{settings.store}: no link was ever signed for this store. Use it where the message came from."
        )
    try:
        return verified(ack_key(settings.store), token, now)
    except AckTokenError as error:
        raise UsageError(f"{error}.") from None


def _told_by(outbox: SqlOutbox, alerts: AlertStore, message: str) -> list[Incident]:
    return [one for id_ in outbox.incidents_of(message) if (one := alerts.incident(id_))]
