"""The version of the store's tables, apart from them so that reading it imports nothing heavy."""

from __future__ import annotations

# Raised with each migration in schema.py.
VERSION = 12
