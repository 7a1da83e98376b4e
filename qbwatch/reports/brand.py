"""Whose report it is: the provider's name, logo and colour."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_KINDS: Final = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """The name above the report, the bytes of a logo, and the colour of headings and buttons."""

    name: str = "qbwatch"
    logo: bytes | None = None
    colour: str = "#1f4f99"

    @property
    def on_dark(self) -> str:
        """The colour made light enough to be read on a dark ground."""
        parts = [int(self.colour[at : at + 2], 16) for at in (1, 3, 5)]
        return "#" + "".join(f"{round(part + (255 - part) * 0.55):02x}" for part in parts)

    @property
    def on_colour(self) -> str:
        """Black or white, whichever is read better on the colour."""
        red, green, blue = (int(self.colour[at : at + 2], 16) for at in (1, 3, 5))
        return "#1f2328" if (red * 299 + green * 587 + blue * 114) / 1000 > 160 else "#ffffff"


def image_kind(image: bytes) -> str | None:
    """Tell by its first bytes what kind of image mail programs show: png, jpeg or gif; None if it is none of these.

    >>> image_kind(b"GIF89a...")
    'gif'
    """
    return next((kind for sign, kind in _KINDS.items() if image.startswith(sign)), None)
