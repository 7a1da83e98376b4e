"""Secrets stand outside the configuration: `${env:NAME}`, `${file:PATH}`, `${keyring:SERVICE/NAME}`."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_REFERENCE = re.compile(r"\$\{(?P<kind>[a-z]+):(?P<name>[^}]+)\}")
KINDS = ("env", "file", "keyring")


class SecretMissingError(Exception):
    """A secret cannot be had; the text says which and what to do, never its value."""


def expand(text: str, folder: Path) -> str:
    """Replace every reference in *text*; a relative `${file:}` is looked for in *folder*.

    Raises SecretMissingError.
    """
    return _REFERENCE.sub(lambda found: _secret(found["kind"], found["name"].strip(), folder), text)


def has_reference(text: str) -> bool:
    """Say whether *text* names a secret rather than being one."""
    return _REFERENCE.search(text) is not None


def secret_files(text: str, folder: Path) -> list[Path]:
    """Return the files that *text*, such as a whole configuration, takes secrets from, as far as they are there."""
    named = (folder / found["name"].strip() for found in _REFERENCE.finditer(text) if found["kind"] == "file")
    return [path for path in dict.fromkeys(named) if path.is_file()]


def _secret(kind: str, name: str, folder: Path) -> str:
    if kind == "env":
        value = os.environ.get(name)
        if not value:
            raise SecretMissingError(
                f"the environment variable {name} is not set. Set it for the user that runs qbwatch"
            )
        return value
    if kind == "file":
        try:
            value = (folder / name).read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a text file"
            raise SecretMissingError(
                f"the secret file {name} cannot be read ({reason}). Create it, one line long"
            ) from error
        if not value:
            raise SecretMissingError(f"the secret file {name} is empty. Write the secret into it, one line long")
        return value
    if kind == "keyring":
        return _from_keyring(name)
    raise SecretMissingError(f"'{kind}' is no place for secrets. Write one of ${{env:…}}, ${{file:…}}, ${{keyring:…}}")


def _from_keyring(name: str) -> str:
    try:
        import keyring  # noqa: PLC0415 - an extra that only some install
    except ImportError as error:
        raise SecretMissingError('keyring is not installed. Run: pip install "qbwatch[keyring]"') from error
    service, _, user = name.rpartition("/")
    try:
        value: str | None = keyring.get_password(service or "qbwatch", user)
    except Exception as error:  # noqa: BLE001 - a keyring's backend is a plug-in and raises errors of its own
        raise SecretMissingError(
            f"the keyring cannot be asked for {name} ({type(error).__name__}). Check that the user that runs qbwatch "
            "has one: python -m keyring diagnose"
        ) from None
    if not value:
        raise SecretMissingError(f"the keyring has no entry {name}. Run: keyring set {service or 'qbwatch'} {user}")
    return value
