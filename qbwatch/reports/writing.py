"""Read the facts and write the report: what the command and the watcher share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qbwatch.reports import data, html, markdown
from qbwatch.reports.stored_facts import StoredFacts
from qbwatch.reports.weekly import weekly_report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from qbwatch.history.store import Store
    from qbwatch.reports.brand import Brand
    from qbwatch.reports.charts import Chart
    from qbwatch.reports.report import Report
    from qbwatch.reports.week import Week

FORMATS = ("html", "md", "pdf", "csv", "json")


def read_report(store: Store, week: Week, now: datetime, client: str | None) -> Report:
    """Reckon the report of *week* as of *now*; rollups that are due are counted first."""
    store.roll_up()
    return weekly_report(StoredFacts(store.connection, now, client), week, now, client)


@dataclass(slots=True, kw_only=True)
class Written:
    """Writes one report; its charts are drawn once, when they are first needed, and not at all without *draws*."""

    report: Report
    brand: Brand
    draws: bool = True
    _charts: Sequence[Chart] | None = field(default=None)
    _pdf: bytes | None = field(default=None)

    @property
    def charts(self) -> Sequence[Chart]:
        """The charts of the report."""
        if self._charts is None:
            from qbwatch.reports.charts import charts_of  # noqa: PLC0415 - not every format has pictures

            self._charts = charts_of(self.report) if self.draws else ()
        return self._charts

    def as_format(self, name: str) -> bytes:
        """Return it in the format *name*, one of `FORMATS`."""
        made: Mapping[str, Callable[[], str]] = {
            "html": lambda: html.page(self.report, self.brand, self.charts),
            "md": lambda: markdown.markdown(self.report, self.brand),
            "csv": lambda: data.csv_text(self.report),
            "json": lambda: data.json_text(self.report),
        }
        return self.pdf() if name == "pdf" else made[name]().encode()

    def pdf(self) -> bytes:
        """Return it as PDF, which is made once."""
        if self._pdf is None:
            from qbwatch.reports.pdf import pdf  # noqa: PLC0415 - slow to import

            self._pdf = pdf(html.page(self.report, self.brand, self.charts))
        return self._pdf
