"""The errors that end a command with a message for a person."""

from __future__ import annotations


class QbwatchError(Exception):
    """Something is wrong that the user can mend; its text says what, where, and what to do."""


class UsageError(QbwatchError):
    """The command line or the configuration asks for what cannot be done."""


class StoreError(QbwatchError):
    """The store cannot be opened or written."""
