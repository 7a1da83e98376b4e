"""Load rule files: every fault of all files at once, with its line, column and a caret."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from rules.build import Builder, place_of
from rules.catalogue import Catalogue, Place
from rules.language import LanguageError, nearest, read_sections

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from rules.catalogue import Cause, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong at one place of a rule file, and that place's line for showing."""

    place: Place
    problem: str
    line: str

    def __str__(self) -> str:
        """Return it with the line and a caret below."""
        # Tabs stay tabs below the line, so that the caret stands where the eye looks for it.
        before = "".join("\t" if letter == "\t" else " " for letter in self.line[: self.place.column - 1])
        return f"{self.place}: {self.problem.rstrip('.')}.\n    {self.line}\n    {before}^"


class RuleError(Exception):
    """Rule files have faults; `faults` are all of them."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


@dataclass(slots=True)
class Parsed:
    """What one folder's files hold."""

    causes: dict[str, Cause] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def load(folders: Sequence[Path] = ()) -> Catalogue:
    """Load the shipped catalogue, then the .rules files of *folders*, which add to it and override by name.

    Raises RuleError with every fault.
    """
    causes: dict[str, Cause] = {}
    rules: dict[str, Rule] = {}
    faults: list[Fault] = []
    for parsed in (_shipped(), *(_read_folder(folder, str(folder)) for folder in folders)):
        causes |= parsed.causes
        rules |= parsed.rules
        faults += parsed.faults
    faults += _check_causes(rules.values(), causes)
    if faults:
        raise RuleError(faults)
    return Catalogue(causes, tuple(rules.values()))


@cache
def _shipped() -> Parsed:
    return _read_folder(files("rules").joinpath("catalog"), "rules/catalog")


def _read_folder(folder: Traversable | Path, name: str) -> Parsed:
    parsed = Parsed()
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".rules"):
            _read_file(file, name, parsed)
    return parsed


def _read_file(file: Traversable | Path, folder: str, parsed: Parsed) -> None:
    name = f"{folder}/{file.name}"
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        place = Place(file=name, line=1)
        parsed.faults.append(Fault(place=place, problem=f"the file cannot be read as UTF-8 text ({error})", line=""))
        return
    parse(text, name, parsed)


def parse(text: str, name: str, into: Parsed | None = None) -> Parsed:
    """Parse the text of one rule file; faults are collected, not raised."""
    parsed = into if into is not None else Parsed()
    wrong: list[LanguageError] = []
    builder = Builder(text, name, wrong)
    for section in read_sections(text, wrong):
        built = builder.build(section)
        if built is None:
            continue
        table: dict[str, Cause] | dict[str, Rule] = parsed.causes if section.kind == "cause" else parsed.rules
        if built.name in table:
            before = table[built.name].place
            wrong.append(LanguageError(section.at, f"{section.kind} {built.name} is there already, at {before}"))
        table[built.name] = built  # type: ignore[assignment]
    parsed.faults += [_fault(text, name, one) for one in sorted(wrong, key=lambda one: one.position)]
    return parsed


def _fault(text: str, name: str, wrong: LanguageError) -> Fault:
    place = place_of(text, name, wrong.position)
    lines = text.split("\n")
    return Fault(place=place, problem=wrong.problem, line=lines[place.line - 1].rstrip("\r"))


def _check_causes(rules: Iterable[Rule], causes: dict[str, Cause]) -> list[Fault]:
    faults = []
    for rule in rules:
        if rule.cause not in causes:
            hint = nearest(rule.cause, tuple(causes))
            problem = f'rule {rule.name} names the cause "{rule.cause}", which is nowhere. {hint}'
            faults.append(Fault(place=rule.place, problem=problem, line=f"rule {rule.name}"))
    return faults
