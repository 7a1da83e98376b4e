from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.encoding import Encoding, decode, detect_encoding, narrow, raw_length

TEXT = "\r\n\r\nLog file initialized at Dienstag, 10. März 2026"


@pytest.mark.parametrize(
    ("head", "name", "bom"),
    [
        (TEXT.encode(), "utf-8", 0),
        (TEXT.encode("utf-8-sig"), "utf-8", 3),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "utf-16-le", 2),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16-be", 2),
        (TEXT.encode("utf-16-le"), "utf-16-le", 0),
        (TEXT.encode("utf-16-be"), "utf-16-be", 0),
        ("\n2026".encode("utf-16-le"), "utf-16-le", 0),
        ("\n2026".encode("utf-16-be"), "utf-16-be", 0),
        (TEXT.encode("cp1252"), "utf-8", 0),
        (b"\0" * 300, "utf-8", 0),
        (b"\0" * 4 + TEXT.encode(), "utf-8", 0),
        (b"", "utf-8", 0),
        (b"2", "utf-8", 0),
    ],
)
def test_a_log_tells_its_encoding_by_its_first_bytes(head: bytes, name: str, bom: int) -> None:
    assert detect_encoding(head) == Encoding(name=name, bom=bom)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Größe €".encode(), "Größe €"),
        ("Größe €".encode("cp1252"), "Größe €"),
        ("Größe €".encode()[:-1], "Größe \ufffd"),
        (b"\x81 is no letter\xff in cp1252", "\ufffd is no letterÿ in cp1252"),
    ],
)
def test_a_record_is_utf_8_or_else_the_ansi_code_page(raw: bytes, text: str) -> None:
    assert decode(raw) == text


@given(st.binary())
def test_no_bytes_make_it_fail(raw: bytes) -> None:
    decode(raw)
    narrow(raw, detect_encoding(raw)).decode("utf-8", errors="replace")


@given(st.text(), st.sampled_from(["utf-16-le", "utf-16-be"]))
def test_the_length_in_the_file_is_that_of_its_own_encoding(text: str, wide: str) -> None:
    raw = text.encode(wide)
    assert raw_length(narrow(raw, Encoding(name=wide, bom=0)), wide) == len(raw)
    assert raw_length(text.encode(), None) == len(text.encode())
