"""Load rule files: every fault of all files at once, with its line, column and a caret."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from rules import kept
from rules.catalogue import Catalogue, Place
from rules.pack import SHIPPED, pack_of, rule_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from rules.catalogue import Cause, Rule
    from rules.language import LanguageError


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
        end = "" if self.problem.endswith(("?", ".")) else "."
        return f"{self.place}: {self.problem}{end}\n    {self.line}\n    {before}^"


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
    texts: list[str] = field(default_factory=list)


def load(paths: Sequence[Path] = (), own_formats: Iterable[str] = (), *, keep_in: Path | None = None) -> Catalogue:
    """Load the shipped catalogue, then the .rules files of *paths*, which add to it and override by name.

    A path is a folder or one file. *own_formats* are the names of the user's formats, which rules may read.
    What was parsed is kept in the folder *keep_in*, and the next time taken from there. Raises RuleError with every
    fault.
    """
    own, faults = tuple(own_formats), list[Fault]()
    places = ((SHIPPED, "rules/catalog"), *((path, str(path)) for path in paths))
    groups = [tuple(_texts(path, name, faults)) for path, name in places]
    key = kept.key_of([file for group in groups for file in group], own) if keep_in and not faults else ""
    found = kept.read(keep_in, key) if keep_in and key else None
    if found is None:
        # Only what cannot be taken from there needs the grammars.
        found = _joined([_parsed(groups[0], ()), *(_parsed(group, own) for group in groups[1:])], faults)
        if keep_in and key:
            kept.write(keep_in, key, found)
    return found


def _joined(groups: Iterable[Parsed], faults: list[Fault]) -> Catalogue:
    """Return the catalogue of all *groups*. Raises RuleError with their *faults* and those found before."""
    causes: dict[str, Cause] = {}
    rules: dict[str, Rule] = {}
    texts: list[str] = []
    for parsed in groups:
        causes |= parsed.causes
        rules |= parsed.rules
        faults += parsed.faults
        texts += parsed.texts
    faults += _check_causes(rules.values(), causes)
    if faults:
        raise RuleError(faults)
    return Catalogue(causes, tuple(rules.values()), pack=pack_of(texts))


@lru_cache(maxsize=4)
def _parsed(texts: tuple[tuple[str, str], ...], own_formats: tuple[str, ...]) -> Parsed:
    parsed = Parsed()
    for file, text in texts:
        parsed.texts.append(text)
        parse(text, file, parsed, own_formats)
    return parsed


def _texts(path: Traversable | Path, name: str, faults: list[Fault]) -> Iterator[tuple[str, str]]:
    """Yield each rule file of *path*, called *name*, with its text; one that cannot be read is a fault."""
    for file in rule_files(path):
        shown = name if file is path else f"{name}/{file.name}"
        try:
            yield shown, file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            problem = f"the file cannot be read as UTF-8 text ({error})"
            faults.append(Fault(place=Place(file=shown, line=1), problem=problem, line=""))


def parse(text: str, name: str, into: Parsed | None = None, own_formats: Iterable[str] = ()) -> Parsed:
    """Parse the text of one rule file; faults are collected, not raised."""
    from rules.build import Builder  # noqa: PLC0415 - the grammars are not needed for what was parsed before
    from rules.language import LanguageError, read_sections  # noqa: PLC0415

    parsed = into if into is not None else Parsed()
    wrong: list[LanguageError] = []
    builder = Builder(text, name, wrong, own_formats)
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
    from rules.build import place_of  # noqa: PLC0415

    place = place_of(text, name, wrong.position)
    lines = text.split("\n")
    return Fault(place=place, problem=wrong.problem, line=lines[place.line - 1].rstrip("\r"))


def _check_causes(rules: Iterable[Rule], causes: dict[str, Cause]) -> list[Fault]:
    from rules.language import nearest  # noqa: PLC0415

    faults = []
    for rule in rules:
        if rule.cause not in causes:
            hint = nearest(rule.cause, tuple(causes))
            problem = f'rule {rule.name} names the cause "{rule.cause}", which is nowhere. {hint}'
            faults.append(Fault(place=rule.place, problem=problem, line=f"rule {rule.name}"))
    return faults
