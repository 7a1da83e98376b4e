"""Bytes on disk become records, and records become runs."""
