"""A configuration with its comments as text, and its secrets as files that nobody else reads."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Final

from ingest.platform import PlatformError
from qbwatch.config import load
from qbwatch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ingest.platform import Platform
    from qbwatch.config import Settings
    from qbwatch.first_start.answers import Answers, NewReceiver
    from qbwatch.first_start.found import FoundLog

_HEAD: Final = """\
# What qbwatch watches on this machine, and who is told. Written by `qbwatch init`; change it as you like.
# After a change: qbwatch doctor
"""
_STORE: Final = """
[store]
path = {path}             # a local disk; relative paths begin beside this file
# retention = {{ runs = "400d", events = "400d" }}
"""
_ROUTE: Final = """
[route]
receiver = {receiver}
group_by = ["client", "cause"]  # what belongs together is one message
group_wait = "30s"
repeat_interval = "4h"          # a reminder, until somebody says that it is being seen to
"""
_NO_ROUTE: Final = """
# Nobody is told yet. Take these lines in, and put the address into the file secrets/ops-teams.url:
# [[receiver]]
# name = "ops-teams"
# url = "${file:secrets/ops-teams.url}"
#
# [route]
# receiver = "ops-teams"
"""
_APPLICATIONS: Final = """
# How often an application runs is learnt from its log. To say it, or the hours in which it runs:
# [[application]]
# name = "Contoso Sync"
# every = "15m"
# windows = ["Mon-Fri 19:00-07:00"]
"""


def configuration(answers: Answers, logs: Sequence[FoundLog], channels: Sequence[str], store: str) -> str:
    """Return the text of a configuration."""
    parts = [_HEAD, *_host(answers), *_sources(logs, channels), _STORE.format(path=quoted(store))]
    parts += _receivers(answers.receivers)
    return "".join([*parts, _APPLICATIONS])


def quoted(text: str) -> str:
    r"""Return *text* as TOML, a Windows path without doubled backslashes.

    >>> print(quoted("C:\\Logs"), quoted("it's"))
    'C:\Logs' "it's"
    """
    if "\\" in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    # What JSON leaves as it is, TOML takes, but for this one letter.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _host(answers: Answers) -> Iterator[str]:
    yield "\n[host]\n"
    yield f"name = {quoted(answers.host)}\n" if answers.host else '# name = "srv-01"  # default: this machine\'s name\n'
    yield f"client = {quoted(answers.client)}\n" if answers.client else '# client = "whose machine it is"\n'
    if answers.timezone:
        yield f"timezone = {quoted(answers.timezone)}  # of logs in local time, and of the times in messages\n"
    else:
        yield '# timezone = "America/New_York"  # of logs in local time, and of the times in messages\n'


def _sources(logs: Sequence[FoundLog], channels: Sequence[str]) -> Iterator[str]:
    for log in logs:
        told = f"{log.of}; last written {log.written:%Y-%m-%d %H:%M} UTC" if log.written else f"{log.of}; not there yet"
        lines = [f"# {told}", "[[source]]", f"path = {quoted(log.pattern)}"]
        if not log.followed:
            told = f"# {told}. Much noise and little else: take it in if you want it"
            lines = [told, *(f"# {one}" for one in lines[1:])]
        yield "\n" + "\n".join(lines) + "\n"
    for channel in channels:
        yield f"\n[[source]]\nchannel = {quoted(channel)}  # Windows' own events\n"


def _receivers(receivers: Sequence[NewReceiver]) -> Iterator[str]:
    if not receivers:
        yield _NO_ROUTE
        return
    for one in receivers:
        url = f"${{file:{_place(one)}}}" if one.is_secret else one.url
        yield f"\n[[receiver]]\nname = {quoted(one.name)}\nurl = {quoted(url)}  # never the address itself\n"
    every = next((one for one in receivers if one.severity is None), receivers[0])
    yield _ROUTE.format(receiver=quoted(every.name))
    others = [one for one in receivers if one is not every]
    for one in others:
        match = f"match = {{ severity = {quoted(one.severity)} }}\n" if one.severity else ""
        yield f"\n[[route.routes]]\n{match}receiver = {quoted(one.name)}\ncontinue = true\n"
    if others and every.severity is None:
        yield f"\n[[route.routes]]\nreceiver = {quoted(every.name)}\n"


def _place(receiver: NewReceiver) -> str:
    return f"secrets/{receiver.name}.url"


def write(file: Path, text: str, receivers: Sequence[NewReceiver], platform: Platform) -> Settings:
    """Write the secrets and then the configuration, once it has shown that it can be loaded. Raises UsageError."""
    try:
        # What /etc holds is for all users of the machine; elsewhere the history beside it is its owner's.
        file.parent.mkdir(mode=0o755 if file.is_relative_to("/etc") else 0o700, parents=True, exist_ok=True)
        for one in receivers:
            if one.is_secret:
                _write_secret(file.parent / _place(one), one.url, platform)
        trial = file.with_name(f".{file.name}.new")
        trial.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"{error.filename or file}: it cannot be written ({error.strerror or error}).") from error
    try:
        _check(trial, file)
        if file.exists():
            file.replace(file.with_name(f"{file.name}.old"))
        trial.replace(file)
    finally:
        trial.unlink(missing_ok=True)
    return load(file, secrets=True)


def _check(trial: Path, file: Path) -> None:
    try:
        load(trial, secrets=True)
    except UsageError as error:
        raise UsageError(
            f"nothing was written, since it would be refused:\n{error}".replace(str(trial), str(file))
        ) from None


def _write_secret(path: Path, secret: str, platform: Platform) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        if sys.platform == "win32":
            _shut(path, platform)
        file.write(secret + "\n")


def _shut(path: Path, platform: Platform) -> None:
    """Let only SYSTEM, administrators and whoever wrote it read *path*; Windows has no mode of a new file."""
    user = os.environ.get("USERNAME", "")
    granted = ["*S-1-5-18:F", "*S-1-5-32-544:F", *([f"{user}:F"] if user else [])]
    grants = [word for one in granted for word in ("/grant:r", one)]
    try:
        platform.run(["icacls.exe", str(path), "/inheritance:r", *grants])
    except PlatformError as error:
        raise UsageError(f"{path}: it cannot be shut to other users ({error}), so the secret was not kept.") from error
