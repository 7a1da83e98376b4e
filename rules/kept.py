"""Rule files as they were parsed, kept in a folder: parsing them takes many times as long as all else at a start.

What is kept is plain JSON, named by the files' texts and by the source of the program that parsed them, and preceded by
its digest. What is damaged, of another program or not to be read is as good as not there, and nothing in it is run.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import timedelta
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rules.catalogue import Catalogue, Cause, Place, Rule, Sample
from rules.condition import Condition, Within
from rules.event import Act, Confidence, Role, Severity
from rules.threshold import Per, Threshold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

_NAMED = "rules-*.json"
# Several programs and folders of rules may be in use; what is older was edited since, or updated.
_MOST_KEPT = 8


def key_of(texts: Iterable[tuple[str, str]], own_formats: Iterable[str]) -> str:
    """Return what stands for rule files of these names and *texts*, as this program reads them."""
    told = blake2b(digest_size=16)
    for part in (*_program(), *own_formats, "", *(part for file in texts for part in file)):
        told.update(f"{len(part)}:{part}".encode())
    return told.hexdigest()


def read(folder: Path, key: str) -> Catalogue | None:
    """Return what is kept in *folder* under *key*; None if nothing is, or it is damaged."""
    try:
        digest, _, kept = (folder / f"rules-{key}.json").read_bytes().partition(b"\n")
        if digest.decode("ascii", errors="replace") != _digest(kept):
            return None
        causes, rules, pack = json.loads(kept)
        listed = [_made(Cause, one) for one in causes]
        return Catalogue({one.name: one for one in listed}, tuple(_made(Rule, one) for one in rules), pack=pack)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write(folder: Path, key: str, catalogue: Catalogue) -> None:
    """Keep *catalogue* in *folder* under *key*; where that cannot be, the next start takes as long as this one."""
    text = json.dumps([list(catalogue.causes.values()), catalogue.rules, catalogue.pack], default=_plain)
    kept = text.encode()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / f"rules-{key}.json", _digest(kept).encode() + b"\n" + kept)
        by_age = sorted(folder.glob(_NAMED), key=lambda one: one.stat().st_mtime_ns, reverse=True)
        for old in by_age[_MOST_KEPT:]:
            old.unlink()


def _replace(path: Path, data: bytes) -> None:
    """Write *data* to *path* whole: another process may read it at any time."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix="rules-", suffix=".part", delete=False) as file:
        file.write(data)
    try:
        Path(file.name).replace(path)
    except OSError:
        Path(file.name).unlink()
        raise


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()


def _program() -> list[str]:
    """Return what tells this program from another one that may read the same files otherwise."""
    sources = sorted((one for one in files("rules").iterdir() if one.name.endswith(".py")), key=lambda one: one.name)
    return [sys.version, *(one.read_text(encoding="utf-8") for one in sources)]


def _plain(value: object) -> object:
    if is_dataclass(value):
        return [getattr(value, field.name) for field in fields(value)]
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot be kept")


def _made(kind: Callable[..., T], values: list[Any]) -> T:
    """Return the *kind* whose fields have these *values*, as JSON gives them."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return kind(**{
        name: value if name not in _READ or value is None else _READ[name](value)
        for name, value in zip(names, values, strict=True)
    })  # fmt: skip


def _question(value: list[Any] | str) -> Any:
    return value if isinstance(value, str) else tuple(map(_question, value))


def _samples(values: list[list[Any]]) -> tuple[Sample, ...]:
    return tuple(_made(Sample, one) for one in values)


def _threshold(values: list[Any]) -> Threshold:
    times, seconds, per = values
    return Threshold(times=times, within=None if seconds is None else timedelta(seconds=seconds), per=Per(per))


# By a field's name: how its value is made of what JSON gives; others are what they are.
_READ: dict[str, Callable[[Any], object]] = {
    "severity": Severity,
    "act": Act,
    "confidence": Confidence,
    "role": Role,
    "place": lambda values: _made(Place, values),
    "condition": lambda values: _made(Condition, values),
    "within": lambda values: tuple(_made(Within, one) for one in values),
    "threshold": _threshold,
    "samples": _samples,
    "nevers": _samples,
    "codes": frozenset,
    "needs": frozenset,
    "expression": _question,
    "possible": _question,
    "certain": _question,
    **dict.fromkeys(("steps", "verify", "links", "formats", "asks"), tuple),
}
