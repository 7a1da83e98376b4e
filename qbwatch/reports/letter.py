"""The report as a mail: text and HTML, its pictures beside them, and what to open in a spreadsheet."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from typing import TYPE_CHECKING

from alerts.channels.shape import Envelope
from qbwatch.reports import html
from qbwatch.reports.brand import image_kind
from qbwatch.reports.data import csv_text
from qbwatch.reports.markdown import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qbwatch.reports.brand import Brand
    from qbwatch.reports.charts import Chart
    from qbwatch.reports.report import Report


def letter(report: Report, brand: Brand, charts: Sequence[Chart], receiver: str, pdf: bytes | None = None) -> Envelope:
    """Return the mail of *report* to *receiver*, as our mail channel takes it.

    Its id is that of the week, the client and the receiver: sent twice, it is shown once.
    """
    pictures = {chart.name: ("png", chart.png) for chart in charts}
    if brand.logo:
        pictures[html.LOGO] = (image_kind(brand.logo) or "png", brand.logo)
    stem = f"sync-report-{report.week.name}"
    files = [(f"{stem}.csv", "text/csv", csv_text(report).encode("utf-8-sig"))]
    if pdf is not None:
        files.append((f"{stem}.pdf", "application/pdf", pdf))
    id_ = hashlib.sha256(f"{report.week.name}\0{report.client or ''}\0{receiver}".encode()).hexdigest()[:16]
    subject = f"[{brand.name}] {report.title}, {report.week.name}: {report.headline}"
    title = " ".join(subject.split())[:200]
    parts = {
        "id": id_, "thread": id_, "subject": title, "important": False,
        "text": plain(report, brand),
        "html": html.page(report, brand, charts, {name: f"cid:{name}" for name in pictures}),
        "pictures": [{"name": name, "kind": kind, "data": _text(data)} for name, (kind, data) in pictures.items()],
        "files": [{"name": name, "type": kind, "data": _text(data)} for name, kind, data in files],
    }  # fmt: skip
    return Envelope(title=title, body=json.dumps(parts))


def _text(data: bytes) -> str:
    return b64encode(data).decode()
