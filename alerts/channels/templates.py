"""The words around a message as Jinja2 templates; a file of the same name in the user's folder replaces ours."""

from __future__ import annotations

import logging
import traceback
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from alerts.channels.look import look, tagline
from alerts.plain import card_text, slack_text

if TYPE_CHECKING:
    from alerts.message import Message

log = logging.getLogger(__name__)

SHIPPED: Final = ("mail.html", "text.txt", "subject.txt", "client.txt")
"""Templates that ship with qbwatch."""
INSTEAD: Final = ("teams.json", "slack.json", "webhook.json")
"""Names that a user's template may take in place of a shape that is built in code."""
KNOWN: Final = SHIPPED + INSTEAD


class TemplateFaultError(ValueError):
    """A template cannot be used; the text names the file, the line and what is wrong."""


class Templates:
    """Our templates under those of a user's *folder*, rendered in a sandbox.

    A template sees `message`, `look` and `tagline`. It can reach no file, no module and no private name. Text in
    `.html` is escaped by itself; in `.json` it passes the filters `card` or `slack`, and then `tojson`.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Read templates from *folder* first, each when it is first needed."""
        self._folder = folder
        self._told: set[str] = set()

    def replaces(self, name: str) -> bool:
        """Say whether the user has a template *name*."""
        return self._folder is not None and (self._folder / name).is_file()

    def render(self, name: str, message: Message) -> str:
        """Return *message* in the template *name*.

        A user's template that fails is left out, and ours is taken: no alert is lost for it. Ours for what is
        built in code is none, and TemplateFaultError is raised.
        """
        if self.replaces(name):
            try:
                return self.own(name, message)
            except TemplateFaultError as error:
                if name in INSTEAD:
                    raise
                if name not in self._told:
                    self._told.add(name)
                    log.warning("%s; the template that ships is used instead", error)
        return str(_environment(None).get_template(name).render(_seen(message)))

    def own(self, name: str, message: Message) -> str:
        """Return *message* in the user's template *name*. Raises TemplateFaultError."""
        from jinja2 import TemplateError  # noqa: PLC0415 - only who sends needs it

        try:
            return str(_environment(self._folder).get_template(name).render(_seen(message)))
        except (
            TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError, OSError,
        ) as error:  # fmt: skip
            raise TemplateFaultError(f"{self._where(name, error)}: {_problem(error)}") from None

    def check(self, sample: Message) -> None:
        """Try every template of the user on *sample*. Raises TemplateFaultError for the first that fails."""
        if self._folder is None:
            return
        if not self._folder.is_dir():
            raise TemplateFaultError(f"{self._folder}: no such folder of templates. Check [alerts] templates")
        for path in sorted(self._folder.iterdir()):
            if path.suffix in {".html", ".txt", ".json"} and path.name not in KNOWN:
                raise TemplateFaultError(f"{path}: no message uses a template of this name. Name it one of: "
                                         f"{', '.join(KNOWN)}")  # fmt: skip
            if path.name in KNOWN:
                self.own(path.name, sample)

    def with_forward(self, message: Message) -> Message:
        """Return *message* with the client's text as the template puts it."""
        if not message.forward:
            return message
        return replace(message, forward=self.render("client.txt", message).strip())

    def _where(self, name: str, error: Exception) -> str:
        path = str((self._folder or Path()) / name)
        line = getattr(error, "lineno", None)
        frames = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
        return f"{path}:{line or (frames[-1] if frames else 1)}"


def _problem(error: Exception) -> str:
    # Without values: they may be of a message, and the message of a client.
    words = str(error) if type(error).__module__.startswith("jinja2") else f"{type(error).__name__}: {error}"
    return words.strip().rstrip(".")


def _seen(message: Message) -> dict[str, Any]:
    return {"message": message, "look": look(message), "tagline": tagline(message)}


@cache
def _environment(folder: Path | None) -> Any:
    from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader, StrictUndefined  # noqa: PLC0415 - as above
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    ours = PackageLoader("alerts", "templates")
    environment = ImmutableSandboxedEnvironment(
        loader=ours if folder is None else ChoiceLoader([FileSystemLoader(folder), ours]),
        autoescape=lambda name: name is None or name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"card": card_text, "slack": slack_text}
    return environment


SHIPPED_ONLY: Final = Templates()
"""What is used where nobody has templates of their own."""
