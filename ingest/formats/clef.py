"""Serilog's compact JSON (CLEF) and its older JSON: one object a line, line ends within it escaped.

Every line that is not blank is a record of its own, so that one which is no JSON costs nothing but itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ingest.formats.json_line import as_object, first_and_rest, text_of
from ingest.level import level_of
from ingest.line_format import LineFormat, Parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ingest.local_time import LocalClock

_START = re.compile(rb"[ \t\r]{0,99}[^\s]")
_SIGNS = (
    (re.compile(rb'\s*\{\s*"@t"\s*:\s*"'), 0.97),
    (
        re.compile(rb'\s*\{\s*"Timestamp"\s*:\s*"[^"]{1,60}"\s*,\s*"Level"\s*:\s*"[^"]{1,20}"\s*,\s*"MessageTemplate"'),
        0.97,
    ),
)
_TOKEN = re.compile(r"\{\{|\}\}|\{[@$]?(?P<name>\w+)(?:,(?P<width>-?\d{1,9}))?(?P<format>:[^{}]*)?\}")
# A rule's words may stand here in escapes, or partly in the template and partly in a property.
_GRAVE = re.compile(rb'"(?:@l|Level)"\s*:\s*"(?:Warning|Error|Fatal)"|"(?:@x|Exception)"\s*:')
# A template may ask for any width; nobody reads more.
_WIDEST = 200


def _read(text: str, clock: LocalClock) -> Parts:
    line = text.strip()
    told = as_object(line)
    if told is None:
        return Parts(time=None, message=line)
    if "@t" not in told and "MessageTemplate" in told:
        told = _as_compact(told)
    moment = clock.read(text_of(told.get("@t")))
    properties = _properties(told)
    message, body = first_and_rest(_message(told, properties) or line, text_of(told.get("@x")))
    return Parts(
        time=moment.time,
        # An event of the ordinary level leaves it out.
        level=level_of(text_of(told.get("@l", "Information"))),
        component=text_of(properties.get("SourceContext")),
        message=message,
        body=body,
        fields=moment.fields,
    )


def _as_compact(told: dict[str, Any]) -> dict[str, Any]:
    """Give the keys of the older JSON their new names."""
    properties = told.get("Properties")
    own = (
        {f"@{name}" if name.startswith("@") else name: value for name, value in properties.items()}
        if isinstance(properties, dict)
        else {}
    )
    old = {"@t": "Timestamp", "@l": "Level", "@mt": "MessageTemplate", "@m": "RenderedMessage", "@x": "Exception"}
    return own | {new: told[name] for new, name in old.items() if told.get(name) is not None}


def _properties(told: dict[str, Any]) -> dict[str, Any]:
    """Return what the program added under names of its own; `@@name` is its `@name`."""
    return {
        name[1:] if name.startswith("@@") else name: value
        for name, value in told.items()
        if name[:1] != "@" or name[:2] == "@@"
    }


def _message(told: dict[str, Any], properties: Mapping[str, Any]) -> str:
    """Return the message as it was rendered, or render its template."""
    if "@m" in told:
        return text_of(told["@m"])
    rendered = told.get("@r")
    ready = iter(rendered if isinstance(rendered, list) else ())
    return _TOKEN.sub(lambda token: _rendered(token, properties, ready), text_of(told.get("@mt")))


def _rendered(token: re.Match[str], properties: Mapping[str, Any], ready: Iterator[Any]) -> str:
    """Render one token of a template; a value that has a format of its own was rendered when it was written."""
    name = token["name"]
    if name is None:
        return token[0][0]
    value = next(ready, None) if token["format"] else None
    if value is not None:
        return text_of(value)
    if name not in properties:
        return token[0]
    given = properties[name]
    text = "null" if given is None else text_of(given)
    width = max(-_WIDEST, min(_WIDEST, int(token["width"] or 0)))
    return text.rjust(width) if width > 0 else text.ljust(-width)


FORMAT = LineFormat(name="clef", start=_START, read=_read, signs=_SIGNS, markers=_GRAVE)
