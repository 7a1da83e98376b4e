"""Write what mail, Teams and Slack show of our messages as HTML pages, to be looked at in a browser.

    python tests/render_preview.py OUT [NODE_MODULES]

With the variable PICTURES set to a folder, each is also drawn there by Chromium, as wide as a phone and a desktop.

NODE_MODULES is a folder with the npm packages `adaptivecards` and `markdown-it`, which draw the Teams card
as Microsoft's own renderer does. Without it the Teams pages are left out.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

from draw_pages import draw
from made_messages import MESSAGES

from alerts.channels import email, slack, teams

ACK_URL = "https://status.example.com/ack/qa1.a1b2c3d4e5f6.69b89980._kAk34jXHo5gv8ql5fpRSA"
HEAD = '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'

TEAMS = """<style>
body{margin:0;padding:12px;background:#f5f5f5;font-family:'Segoe UI',Roboto,Helvetica,Arial,sans-serif}
#card{background:#fff;border:1px solid #e0e0e0;border-radius:6px;overflow:hidden;max-width:640px}
.ac-pushButton{padding:8px 16px;border:1px solid #d1d1d1;border-radius:4px;background:#fff;color:#242424;
font:600 14px 'Segoe UI',Roboto,sans-serif;margin:0 8px 8px 0}
.ac-actionSet{flex-wrap:wrap!important}.ac-pushButton.style-positive{background:#5b5fc7;border-color:#5b5fc7;color:#fff}
</style><div id="card"></div>
<script src="%(folder)s/markdown-it/dist/browser/markdown-it.umd.min.js"></script>
<script src="%(folder)s/adaptivecards/dist/adaptivecards.min.js"></script>
<script>
const palette = (colour) => ({default: colour, subtle: "#616161"});
const colours = {default: palette("#242424"), dark: palette("#242424"), light: palette("#ffffff"),
  accent: palette("#5b5fc7"), attention: palette("#b3261e"), good: palette("#1b6e37"), warning: palette("#8a5a00")};
const font = (family) => ({fontFamily: family, fontSizes: {small: 12, default: 14, medium: 15, large: 18,
  extraLarge: 24}, fontWeights: {lighter: 200, default: 400, bolder: 600}});
const style = (background) => ({backgroundColor: background, foregroundColors: colours});
AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
  result.outputHtml = markdownit().render(text); result.didProcess = true; };
const card = new AdaptiveCards.AdaptiveCard();
card.hostConfig = new AdaptiveCards.HostConfig({
  fontTypes: {default: font("'Segoe UI',Roboto,Helvetica,Arial,sans-serif"),
    monospace: font("Consolas,Menlo,'DejaVu Sans Mono',monospace")},
  spacing: {small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 16},
  separator: {lineThickness: 1, lineColor: "#e0e0e0"},
  factSet: {title: {weight: "bolder", wrap: true, maxWidth: 120}, value: {wrap: true}, spacing: 12},
  containerStyles: {default: style("#ffffff"), emphasis: style("#f5f5f5"), accent: style("#e8ebfa"),
    good: style("#e7f2e9"), attention: style("#fcf4f6"), warning: style("#fbf6d9")},
  actions: {buttonSpacing: 8, actionsOrientation: "horizontal", actionAlignment: "left"}});
card.parse(%(card)s);
document.getElementById("card").appendChild(card.render());
</script>"""

SLACK = """<style>
body{margin:0;padding:14px;background:#fff;color:#1d1c1d;font:15px/1.46 Lato,'Segoe UI',Roboto,Helvetica,sans-serif}
.message{display:flex;gap:10px;max-width:680px}
.face{flex:none;width:36px;height:36px;border-radius:6px;background:#0b57d0;color:#fff;font-weight:700;
display:flex;align-items:center;justify-content:center}
.name{font-weight:900}.app{background:#ececec;color:#616061;font-size:10px;padding:1px 4px;border-radius:2px}
h1{font-size:18px;line-height:1.3;margin:6px 0}
.fields{display:grid;grid-template-columns:1fr 1fr;gap:8px 16px;margin:8px 0}.fields>div{overflow-wrap:anywhere}
ol,ul{margin:2px 0 8px;padding-left:26px}.words{white-space:pre-wrap;overflow-wrap:anywhere}a{color:#1264a3}
pre{background:#f8f8f8;border:1px solid #ddd;border-radius:4px;padding:8px;font:12px/1.5 Menlo,Consolas,monospace;
white-space:pre-wrap;overflow-wrap:anywhere;margin:4px 0}
blockquote{margin:4px 0;padding-left:10px;border-left:4px solid #ddd}
code{background:#f8f8f8;border:1px solid #ddd;border-radius:3px;padding:1px 3px;color:#c01343;font:12px Menlo,monospace}
.context{color:#616061;font-size:13px;margin-top:6px}
</style><div class="message"><div class="face">QB</div><div>
<span class="name">qbwatch</span> <span class="app">APP</span>
%s</div></div>"""


def slack_page(posted: dict[str, Any]) -> str:
    return HEAD + SLACK % "".join(_block(block) for block in posted["blocks"])


def _block(block: dict[str, Any]) -> str:
    if block["type"] == "header":
        return f"<h1>{escape(block['text']['text'])}</h1>"
    if block["type"] == "section":
        fields = (field["text"].replace("\n", "<br>") for field in block["fields"])
        bold = (f"<b>{field[1:].replace('*<br>', '</b><br>', 1)}" for field in fields)
        return '<div class="fields">' + "".join(f"<div>{field}</div>" for field in bold) + "</div>"
    if block["type"] == "context":
        return '<div class="context">' + escape(block["elements"][0]["text"]) + "</div>"
    return "".join(_rich(part) for part in block["elements"])


def _rich(part: dict[str, Any]) -> str:
    inner = "".join(_rich(element) if "elements" in element else _words(element) for element in part["elements"])
    if part["type"] == "rich_text_list":
        tag = "ol" if part["style"] == "ordered" else "ul"
        items = "".join(f"<li>{_rich(element)}</li>" for element in part["elements"])
        return f"<{tag}>{items}</{tag}>"
    plain = {"rich_text_preformatted": f"<pre>{inner}</pre>", "rich_text_quote": f"<blockquote>{inner}</blockquote>"}
    return plain.get(part["type"], f'<div class="words">{inner}</div>')


def _words(element: dict[str, Any]) -> str:
    shown = escape(element["text"])
    if element["type"] == "link":
        return f'<a href="{escape(element["url"])}">{shown}</a>'
    style = element.get("style", {})
    return f"<b>{shown}</b>" if style.get("bold") else f"<code>{shown}</code>" if style.get("code") else shown


def main(out: Path, modules: Path | None) -> None:
    out.mkdir(parents=True, exist_ok=True)
    written: dict[str, str] = {}
    for name, plain in MESSAGES.items():
        message = replace(plain, ack_url=ACK_URL if plain.can_acknowledge else None)
        mail = email.html(message)
        pages = {
            f"mail-{name}": mail,
            f"mail-{name}-dark": mail.replace("(prefers-color-scheme: dark)", "all"),
            f"slack-{name}": slack_page(slack.payload(message)),
        }
        if modules:
            card = json.dumps(teams.card(message)).replace("</", "<\\/")
            pages[f"teams-{name}"] = HEAD + TEAMS % {"folder": modules.resolve().as_uri(), "card": card}
        for page, text in pages.items():
            (out / f"{page}.html").write_text(text, encoding="utf-8")
        written |= pages
    if "PICTURES" in os.environ:
        draw(written, Path(os.environ["PICTURES"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
