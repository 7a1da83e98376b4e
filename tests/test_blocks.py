from __future__ import annotations

import codecs
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from qwclog import BANNER, SOAP, Session, blocks_of, every_record, line, records_of

from ingest.blocks import LONGEST_RECORD, BlockCutter
from ingest.encoding import Encoding, detect_encoding
from ingest.formats import read_records
from ingest.formats.qbwc import QwcGrammar

HOSTILE = (
    "QBWC1053 and 0x80040414\r\n"
    + line(f"{SOAP}handleModalDialogError()", "&lt;QBWC1053: A modal dialog box is showing&gt;", at=7200)
    + line("UpdateThisScheduledApp()", "Password management - Started", at=-5)
    + BANNER
    + "the middle: 20260310.02:00:09 UTC\t: Foo() : bar"
)
DUMP = line(f"{SOAP}do_receiveResponseXML()", "XML dump follows: -\r\n", at=1)
PAYLOAD = f'<?xml version="1.0" ?>\n<QBXML>\n<Notes>{HOSTILE}</Notes>\n</QBXML>\n\r\n\r\n'
CUT = (
    '<?xml version="1.0"?><?qbxml version="13.0"?><QBXML><QBXMLMsgsRq onError="s......\r\n\r\n',
    '<?xml version="1.0" ?>\n<QBXML>\n<QBXMLMsgsRs>\n<CompanyQueryRs requestID="1" ......\r\n\r\n',
    '<?xml version="1.0" encoding="utf-8"?>\n<?qbxml version="13.0"?>\n<QBXMLMsgsR......\r\n\r\n',
)
TRACE = line(f"{SOAP}do_authenticate()", "QBWC1012: Authentication failed due to following error message.", at=2) + (
    "Невозможно соединиться с удаленным сервером\r\nMore info:\r\n"
    "StackTrace =    в QBWebConnector.WS.authenticate(String a)\r\nSource = System.Web.Services\r\n"
)

pieces = st.one_of(
    st.sampled_from(
        [
            BANNER,
            DUMP + PAYLOAD,
            *(DUMP + cut for cut in CUT),
            DUMP + "<?xml version='1.0'?><Root/>\r\n",
            DUMP + '<?xml version="1.0"?>\n<QBXML>\n<CustomerRet>\n',  # never closed
            line(f"{SOAP}do_sendRequestXML()", PAYLOAD.removeprefix('<?xml version="1.0" ?>\n')),
            TRACE,
            line("", "~SingleInstanceHandler() - usingInstanceChannel = True.", at=3),
            line(f"{SOAP}do_sendRequestXML()", "", at=3),
            line(f"{SOAP}update()", "Größe € 𝒳 <?xml is no payload", at=4),
            "20261399.25:61:00 UTC\t: Foo() : bar\r\n",
            "\r\n\r\n",
            "a line that begins nothing\n",
            "\0\0\0\0",
        ]
    ),
    st.sampled_from(Session(application="Acme <QBXML> Payments").no_work()),
    st.sampled_from(Session(at=90).ok(manual=True)),
    st.text(alphabet="<?xml/QB ML>\n\r UTC\t:.0123\0é\u20ac\U0001d4b3", max_size=30),
)
encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le-bom", "utf-16-be-bom", "utf-16-le"])


PASTED = line(f"{SOAP}update()", "Company file has been unlocked.", at=4).replace("\t", "    ")


def encode(text: str, encoding: str) -> bytes:
    if encoding.endswith("-bom"):
        name = encoding.removesuffix("-bom")
        return (codecs.BOM_UTF16_LE if name == "utf-16-le" else codecs.BOM_UTF16_BE) + text.encode(name)
    return text.encode(encoding)


@st.composite
def logs(draw: st.DrawFn, *, pasted: bool = True) -> bytes:
    text = "".join(draw(st.lists(pieces | st.just(PASTED) if pasted else pieces, max_size=12)))
    if draw(st.booleans()):
        text = text.replace("\r\n", "\n")
    return encode(Session().tick()[0] + text, draw(encodings))


@settings(max_examples=400, deadline=None)
@given(logs(), st.lists(st.integers(0, 6000), max_size=6))
def test_however_a_log_is_cut_into_chunks_its_records_are_the_same(data: bytes, cuts: list[int]) -> None:
    whole = records_of(data)
    assert records_of(data, cuts) == whole
    assert list(read_records("qbwc", data)) == whole


@settings(max_examples=200, deadline=None)
@given(logs(), st.lists(st.integers(0, 6000), max_size=3))
def test_a_span_holds_exactly_the_bytes_and_the_line_of_its_record(data: bytes, cuts: list[int]) -> None:
    encoding = detect_encoding(data)
    records = records_of(data, cuts)
    for record, following in zip(records, [*records[1:], None], strict=True):
        raw = data[record.span.offset : record.span.offset + record.span.length]
        assert raw.decode(encoding.name, "replace").startswith(
            f"{record.time:%Y%m%d.%H:%M:%S} UTC" if record.time else ("Log", "2")
        )
        before = data[encoding.bom : record.span.offset].decode(encoding.name)
        assert record.span.line == before.count("\n") + 1
        assert record.span.offset + record.span.length == (following.span.offset if following else len(data))


@settings(max_examples=200, deadline=None)
@given(logs(pasted=False), st.lists(st.integers(0, 6000), max_size=3))
def test_count_is_the_number_of_records(data: bytes, cuts: list[int]) -> None:
    blocks = blocks_of(data, cuts)
    assert sum(block.count() for block in blocks) == sum(len(every_record(block)) for block in blocks)


def test_count_knows_pasted_records() -> None:
    block = blocks_of((DUMP + PAYLOAD + 3 * PASTED + BANNER).encode())[0]
    assert block.count() == 4


@settings(max_examples=200, deadline=None)
@given(logs(), st.lists(st.integers(0, 6000), max_size=10))
def test_a_hit_anywhere_gives_the_record_that_holds_it(data: bytes, hits: list[int]) -> None:
    for block in blocks_of(data):
        starts = [start for start in block.layout.starts() if start < len(block.data)]
        holding = sorted(
            {
                max(s for s in starts if s <= hit)
                for hit in hits
                if hit < len(block.data) and starts and hit >= starts[0]
            }
        )
        found = list(block.records_at(sorted(hits)))
        assert [start for _, start, _ in found] == holding
        ends = [*starts[1:], len(block.data)]
        assert [end for _, _, end in found] == [ends[starts.index(start)] for start in holding]
        assert [record for record, _, _ in found] == [every_record(block)[starts.index(start)] for start in holding]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.lists(st.integers(0, 900), max_size=4))
@example(b"\xff\xfe\x00\xd8", [3])
@example(b"<?xml", [])
def test_random_bytes_raise_nothing_and_lose_no_record_that_follows(noise: bytes, cuts: list[int]) -> None:
    if noise[:4].count(0) or noise[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        noise = b"20" + noise
    session = "".join(Session().no_work()).encode()
    found = records_of(noise + b"\r\n" + session, cuts)
    assert [r.message for r in found][-17:] == [r.message for r in records_of(session)][-17:]


@given(st.binary(max_size=300))
def test_random_bytes_behind_a_mark_raise_nothing(noise: bytes) -> None:
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        data = mark + noise
        for block in blocks_of(data):
            assert block.count() == len(every_record(block))


def test_the_last_record_is_held_until_the_next_one_begins() -> None:
    first, second, third = Session().tick()
    cutter = BlockCutter(QwcGrammar(), Encoding(name="utf-8", bom=0), offset=0)
    assert cutter.feed((first + second[:10]).encode()) is None
    block = cutter.feed((second[10:] + third).encode())
    assert block is not None
    assert block.data.decode() == first + second
    assert cutter.held == len(third)


def test_the_held_record_can_be_looked_at_and_is_held_on() -> None:
    (first, second, _) = Session().tick()
    cutter = BlockCutter(QwcGrammar(), Encoding(name="utf-8", bom=0), offset=0)
    cutter.feed((first + second[:-4]).encode())
    for _ in range(2):
        block = cutter.peek()
        assert block is not None
        assert [r.message for r in every_record(block)] == ["Password management - End"]
    assert cutter.feed(second[-4:].encode()) is None
    block = cutter.finish()
    assert block is not None
    assert [(r.message, r.span.offset, r.span.line) for r in every_record(block)] == [
        ("Password management - Ended", len(first), 2)
    ]


def test_what_stands_in_an_open_payload_is_no_record_even_to_one_who_peeks() -> None:
    cutter = BlockCutter(QwcGrammar(), Encoding(name="utf-8", bom=0), offset=0)
    text = DUMP + PAYLOAD
    half = text.index("Started") + 20
    assert cutter.feed(text[:half].encode()) is None
    block = cutter.peek()
    assert block is not None
    assert [r.message for r in every_record(block)] == ["XML dump follows: -"]
    assert cutter.feed(text[half:].encode()) is None
    block = cutter.finish()
    assert block is not None
    assert [r.message for r in every_record(block)] == ["XML dump follows: -"]


def test_a_payload_that_was_announced_stays_with_its_announcement() -> None:
    announced = line(f"{SOAP}do_sendRequestXML()", "strRequestXML =")
    text = announced + line(f"{SOAP}do_sendRequestXML()", "QBWC1053 is no XML") + line(f"{SOAP}update()", "fine")
    for cut in range(len(text)):
        assert [r.message for r in records_of(text.encode(), [cut])] == ["strRequestXML =", "", "fine"]


NEVER_CLOSED = DUMP + '<?xml version="1.0"?>\n<QBXML>\n<CustomerRet>\n<Notes>'


def test_behind_a_payload_that_never_closes_no_record_is_lost() -> None:
    following = "".join(Session(at=5).no_work())
    messages = [r.message for r in records_of(following.encode())]
    data = (NEVER_CLOSED + "\r\n" + following).encode()
    assert [r.message for r in records_of(data)] == ["XML dump follows: -", *messages]


def test_what_xml_cannot_hold_proves_that_a_payload_was_broken_off() -> None:
    cutter = BlockCutter(QwcGrammar(), Encoding(name="utf-8", bom=0), offset=0)
    assert cutter.feed((NEVER_CLOSED + "\r\n" + "".join(Session().tick() + Session().lock())).encode()) is None
    block = cutter.feed("".join(Session().connect()).encode())
    assert block is not None
    assert block.count() == 12


def test_later_stamps_prove_that_the_writer_of_a_payload_died() -> None:
    cutter = BlockCutter(QwcGrammar(), Encoding(name="utf-8", bom=0), offset=0)
    ticks = "".join(Session(at=at).tick()[0] for at in (3600, 3660))
    assert cutter.feed((NEVER_CLOSED + "\r\n" + ticks).encode()) is None
    block = cutter.release()
    assert block is not None
    assert [r.message for r in every_record(block)] == ["XML dump follows: -", "Password management - Started"]
    assert cutter.release() is None


def test_a_payload_that_is_being_written_is_not_given_up() -> None:
    cutter = BlockCutter(QwcGrammar(), Encoding(name="utf-8", bom=0), offset=0)
    cutter.feed((NEVER_CLOSED + "\r\n" + "".join(Session(at=5).tick())).encode())
    assert cutter.release() is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
@pytest.mark.parametrize("newline", ["\n", ""])
def test_a_record_without_end_is_cut_counted_and_followed_by_the_next(encoding: str, newline: str) -> None:
    first, second, third = Session().tick()
    filler = ("x" * 99 + newline).encode(encoding) * (3 * LONGEST_RECORD // 99)
    data = first.encode(encoding) + second.rstrip().encode(encoding) + filler + ("\r\n" + third).encode(encoding)
    cutter = BlockCutter(QwcGrammar(), detect_encoding(data), offset=0)
    records = []
    for pos in range(0, len(data), 1 << 20):
        block = cutter.feed(data[pos : pos + (1 << 20)])
        records += every_record(block) if block else []
        assert cutter.held <= 3 * LONGEST_RECORD
    block = cutter.finish()
    records += every_record(block) if block else []
    assert [r.message[:28] for r in records] == [
        "Password management - Starte",
        "Password management - Endedx",
        "Performing SCHEDULED UPDATE ",
    ]
    assert records[2].fields == {"application": "Contoso Sync"}
    assert data[records[2].span.offset :] == third.encode(encoding)
    assert records[2].span.line == data.decode(encoding)[: -len(third)].count("\n") + 1
    assert (
        cutter.passed_over == len(data) - len(third.encode(encoding)) - records[1].span.length - records[0].span.length
    )


def test_an_over_long_payload_is_passed_over_with_what_looks_like_records_in_it() -> None:
    body = PAYLOAD.replace("<Notes>", "<Name>x</Name>" * (LONGEST_RECORD // 10) + "\r\n<Notes>")
    data = (DUMP + body + "".join(Session().tick())).encode()
    cuts = range(0, len(data), 1 << 20)
    assert [r.message for r in records_of(data, cuts)] == [
        "XML dump follows: -",
        "Password management - Started",
        "Password management - Ended",
        "Performing SCHEDULED UPDATE for application = ",
    ]


def test_a_file_without_records_is_passed_over_in_little_memory() -> None:
    cutter = BlockCutter(QwcGrammar(), Encoding(name="utf-8", bom=0), offset=0)
    tracemalloc.start()
    for _ in range(64):
        block = cutter.feed(b"x" * (1 << 20))
        assert block is None or every_record(block) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 << 20
    assert cutter.passed_over + cutter.held == 64 << 20
