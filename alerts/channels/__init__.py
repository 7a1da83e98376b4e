"""The kinds of channel that have a shape of their own, and the way to open one for a receiver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from alerts.channels import email, other, pagerduty, slack, teams, webhook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alerts.channels.shape import Shape

SHAPES: Final[Mapping[str, Shape]] = {
    "teams": teams,
    "slack": slack,
    "email": email,
    "webhook": webhook,
    "pagerduty": pagerduty,
    "other": other,
}
"""Every kind by its name; `other` takes the schemes that no other kind claims."""


def shape_of(scheme: str) -> Shape:
    """Return the shape for an Apprise *scheme*."""
    return next((shape for shape in SHAPES.values() if scheme in shape.SCHEMES), other)
