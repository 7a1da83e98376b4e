"""The mail's HTML in a real browser, as wide as a phone."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from made_messages import MESSAGES

from alerts.channels import email

if TYPE_CHECKING:
    from pathlib import Path

PHONE = 390  # CSS pixels
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=2000",
)  # fmt: skip
PAGE = """<!doctype html><iframe id="phone" style="width:{width}px;height:2000px;border:0" srcdoc="{mail}"></iframe>
<script>document.getElementById("phone").onload = event => {{
  const inner = event.target.contentDocument.documentElement;
  document.title = "width " + inner.scrollWidth + " text " + inner.innerText.length;
}}</script>"""


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_no_mail_is_wider_than_a_phone(name: str, tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("chromium is not installed, so no mail can be looked at")
    page = tmp_path / "page.html"
    mail = html.escape(email.html(MESSAGES[name]), quote=True)
    page.write_text(PAGE.format(width=PHONE, mail=mail), encoding="utf-8")
    done = subprocess.run(
        [browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=50, check=True,
    )  # fmt: skip
    found = re.search(r"<title>width (\d+) text (\d+)</title>", done.stdout)
    assert found, done.stdout[:2000]
    assert int(found[1]) <= PHONE
    assert int(found[2]) > 100
