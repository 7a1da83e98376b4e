"""Draw HTML pages in Chromium, as wide as a phone and as a desktop, each as high as what it shows."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

WIDTHS = {"phone": 390, "desktop": 1000}
KINDS = ("opened", "reminder", "resolved", "digest")
# Chromium makes no window narrower than this.
NARROWEST = 500
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--hide-scrollbars", "--allow-file-access-from-files", "--disable-background-networking",
    "--disable-component-update", "--virtual-time-budget=3000",
)  # fmt: skip
FRAME = '<iframe style="width:{width}px;height:{height}px;border:0;display:block" srcdoc="{page}"></iframe>'
MEASURE = """<script>onload = () => {
  document.title = [...document.querySelectorAll("iframe")]
    .map(one => Math.ceil(one.contentDocument.documentElement.getBoundingClientRect().height)).join(" ") + " px";
};</script>"""


def wanted(name: str) -> list[str]:
    """Return the widths in which the page *name* is kept."""
    channel, kind, *dark = name.split("-")
    if dark:
        return ["phone"] if (channel, kind) == ("mail", "opened") else []
    return list(WIDTHS) if kind in KINDS else ["phone"] if (channel, kind) == ("teams", "changed") else []


def draw(pages: dict[str, str], out: Path) -> None:
    """Draw those of *pages* that are wanted into *out*."""
    jobs = [(name, size) for name in pages for size in wanted(name)]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        frames = [_frame(pages[name], WIDTHS[size], 10) for name, size in jobs]
        heights = _measured(place, "<!doctype html>" + "".join(frames) + MEASURE)
        for (name, size), height in zip(jobs, heights, strict=True):
            _shot(place, pages[name], WIDTHS[size], height, out / f"{name}-{size}.png")


def _frame(page: str, width: int, height: int) -> str:
    return FRAME.format(width=width, height=height, page=html.escape(page, quote=True))


def _run(place: Path, *arguments: str) -> str:
    browser = shutil.which("chromium")
    assert browser, "chromium is not installed"
    done = subprocess.run(
        [browser, *FLAGS, f"--user-data-dir={place / 'profile'}", *arguments],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout


def _measured(place: Path, page: str) -> list[int]:
    file = place / "all.html"
    file.write_text(page, encoding="utf-8")
    found = re.search(r"<title>([\d ]+) px</title>", _run(place, "--dump-dom", file.as_uri()))
    assert found, "nothing was measured"
    return [int(one) for one in found[1].split()]


def _shot(place: Path, page: str, width: int, height: int, picture: Path) -> None:
    from PIL import Image  # noqa: PLC0415 - only who draws needs it

    file, shot = place / "page.html", place / "shot.png"
    style = "<!doctype html><style>body{margin:0}</style>"
    file.write_text(style + _frame(page, width, height), encoding="utf-8")
    _run(place, f"--window-size={max(width, NARROWEST)},{height + 200}", f"--screenshot={shot}", file.as_uri())
    with Image.open(shot) as whole:
        whole.crop((0, 0, width, height)).convert("RGB").quantize(128).save(picture, optimize=True)
