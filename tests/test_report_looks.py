"""The report as it is read: against golden pages, and in a real browser as wide as a phone and as a desktop."""

from __future__ import annotations

import html as escaping
import re
import shutil
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from qbwatch.history.generated import Plan, generate
from qbwatch.history.store import connect
from qbwatch.reports import html
from qbwatch.reports.brand import Brand
from qbwatch.reports.charts import charts_of
from qbwatch.reports.markdown import markdown, plain
from qbwatch.reports.stored_facts import StoredFacts
from qbwatch.reports.week import parse_week
from qbwatch.reports.weekly import weekly_report

if TYPE_CHECKING:
    from qbwatch.reports.report import Report

GOLDEN = Path(__file__).with_name("golden") / "report"
PLAN = Plan(clients=2, hosts=2, weeks=6, every_minutes=60, trouble=1.5, until=datetime(2026, 11, 23, 5, tzinfo=UTC))
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BRAND = Brand(name="Example IT Services", colour="#0f766e")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=2000",
)  # fmt: skip
PAGE = """<!doctype html><iframe id="frame" style="width:{width}px;height:4000px;border:0" srcdoc="{page}"></iframe>
<script>document.getElementById("frame").onload = event => {{
  const inner = event.target.contentDocument;
  const drawn = [...inner.images].filter(image => image.naturalWidth > 0).length;
  document.title = "width " + inner.documentElement.scrollWidth + " text " + inner.documentElement.innerText.length
    + " pictures " + drawn;
}}</script>"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "qbwatch.db"
    generate(path, PLAN)
    return path


def report_of(path: Path, week: str, client: str | None = None) -> Report:
    with closing(connect(path)) as db:
        return weekly_report(StoredFacts(db, NOW, client), parse_week(week, ZoneInfo("America/New_York")), NOW, client)


CASES = {
    "all": ("2026-W47", None),
    "client": ("2026-W46", "Contoso Dental"),
    "first-week": ("2026-W42", None),
    "empty": ("2026-W20", None),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_the_report_reads_as_it_did(path: Path, case: str, request: pytest.FixtureRequest) -> None:
    report = report_of(path, *CASES[case])
    made = {
        f"{case}.md": markdown(report, BRAND), f"{case}.txt": plain(report, BRAND),
        f"{case}.html": html.page(report, BRAND, ()),
    }  # fmt: skip
    if request.config.getoption("--write-golden"):
        GOLDEN.mkdir(exist_ok=True, parents=True)
        for name, text in made.items():
            (GOLDEN / name).write_text(text, encoding="utf-8", newline="\n")
    assert made == {name: (GOLDEN / name).read_text(encoding="utf-8") for name in made}


@pytest.mark.parametrize("width", [390, 900])
@pytest.mark.parametrize("case", ["all", "empty"])
def test_no_page_is_wider_than_its_screen(path: Path, tmp_path: Path, case: str, width: int) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("chromium is not installed, so no page can be looked at")
    report = report_of(path, *CASES[case])
    charts = charts_of(report)
    outer = tmp_path / "page.html"
    page = escaping.escape(html.page(report, BRAND, charts), quote=True)
    outer.write_text(PAGE.format(width=width, page=page), encoding="utf-8")
    done = subprocess.run(
        [browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", outer.as_uri()],
        capture_output=True, text=True, timeout=50, check=True,
    )  # fmt: skip
    found = re.search(r"<title>width (\d+) text (\d+) pictures (\d+)</title>", done.stdout)
    assert found, done.stdout[-2000:]
    assert int(found[1]) <= width
    assert int(found[2]) > 300
    assert int(found[3]) == len(charts) == (2 if case == "all" else 0)
