"""The report as PDF, made of its HTML page by WeasyPrint."""

from __future__ import annotations

import logging
from typing import Any

from qbwatch.errors import UsageError


def pdf(page: str) -> bytes:
    """Return *page* as PDF. Raises UsageError without WeasyPrint; nothing is fetched from the network."""
    try:
        from weasyprint import HTML  # noqa: PLC0415 - slow to import
        from weasyprint.urls import URLFetcher  # noqa: PLC0415
    except (ImportError, OSError) as error:
        # WeasyPrint finds its libraries of the system when it is imported.
        raise UsageError(
            f"a PDF is made by WeasyPrint, which cannot be used ({error}). Install it with: pip install "
            '"qbwatch[pdf]"; on Windows it needs Pango as well (see its page "First steps"). '
            "Or write --format html and print that."
        ) from error
    # It tells of every rule for screens that paper has no use for.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    fetcher: Any = URLFetcher(allowed_protocols=("data",))
    made: bytes = HTML(string=page, url_fetcher=fetcher, media_type="print").write_pdf(presentational_hints=True)
    return made
