"""A Windows whose event channels answer `wevtutil`, and events to put into them."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Sequence

SPACE = "{http://schemas.microsoft.com/win/2004/08/events/event}"
POWER = "Microsoft-Windows-Kernel-Power"


def event(number: int, provider: str = POWER, event_id: int = 42) -> str:
    return (
        f"<Event xmlns='{SPACE[1:-1]}'><System><Provider Name='{provider}'/><EventID>{event_id}</EventID>"
        f"<Level>4</Level><TimeCreated SystemTime='2026-04-14T21:12:16.5165124Z'/>"
        f"<EventRecordID>{number}</EventRecordID><Channel>System</Channel><Computer>SYNC-PC-01</Computer></System>"
        f"<EventData><Data Name='TargetState'>4</Data></EventData></Event>"
    )


@dataclass
class Windows:
    """Answers as `wevtutil qe` does: query, order and limit are obeyed, failures end with Windows' own numbers."""

    logs: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    asked: list[list[str]] = field(default_factory=list)

    def __call__(self, command: Sequence[str]) -> bytes:
        self.asked.append(list(command))
        program, verb, channel, *options = command
        assert (program, verb) == ("wevtutil.exe", "qe")
        given = dict(option[1:].split(":", 1) for option in options)
        assert (given["f"], given["uni"]) == ("xml", "true")
        code = self.refused.get(channel) or (0 if channel in self.logs else 15007)
        code = code or (15001 if len(re.findall("=|>", given["q"].replace("<=", "="))) > 20 else 0)
        if code:
            raise subprocess.CalledProcessError(code, list(command), stderr="Zugriff verweigert.\r\n".encode("cp850"))
        found = [text for text in self.logs[channel] if matches(text, given["q"])]
        if given["rd"] == "true":
            found.reverse()
        return "".join(f"{text}\r\n" for text in found[: int(given["c"])]).encode("utf-16-le")


def matches(text: str, query: str) -> bool:
    """Evaluate the part of XPath that Windows takes, by turning it into Python."""
    if query == "*":
        return True
    root = ET.fromstring(text)  # noqa: S314 - the events above
    number = root.findtext(f"{SPACE}System/{SPACE}EventRecordID")
    provider = root.find(f"{SPACE}System/{SPACE}Provider")
    inner = query.removeprefix("*[System[").removesuffix("]]")
    inner = re.sub(r"Provider\[@Name=('[^']*')\]", r"PROVIDER==\1", inner)
    inner = re.sub(r"EventID=(\d+)", r"EVENT==\1", inner).replace("EventRecordID", "NUMBER")
    values = {
        "PROVIDER": provider.get("Name") if provider is not None else "",
        "EVENT": int(root.findtext(f"{SPACE}System/{SPACE}EventID") or 0),
        "NUMBER": int(number or 0),
    }
    return bool(eval(inner, {"__builtins__": {}}, values))  # noqa: S307 - the query of the code under test
