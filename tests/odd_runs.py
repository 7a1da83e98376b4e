"""Runs that look like plain ones, save for one thing each."""

from __future__ import annotations

from typing import Any

from qwclog import BANNER, KEY, REGISTRY, SOAP, Session, line

TICK = "Password management - Started"


def ok(number: int, **more: Any) -> list[str]:
    return Session(at=60 * number, ticket=ticket(number), **more).ok()


def ticket(number: int) -> str:
    return f"{{{number:08x}-87ef-12f1-0beb-1fe0bbce7787}}"


def told_ticket(number: int) -> str:
    return line(f"{SOAP}x()", f'authRet[0]="{ticket(number)}"', 60 * number)


def behind(run: list[str], words: str, *more: str) -> list[str]:
    """Put *more* behind the record that has *words*."""
    at = next(number for number, text in enumerate(run) if words in text)
    return [*run[: at + 1], *more, *run[at + 1 :]]


def without(run: list[str], words: str) -> list[str]:
    return [text for text in run if words not in text]


def verbose(number: int, memo: str = "") -> str:
    rows = "".join(f"<CustomerRet><Name>Contoso {n}</Name></CustomerRet>\r\n" for n in range(number))
    return f'<?xml version="1.0" ?>\r\n<QBXML>\r\n{rows}{memo}\r\n</QBXML>\r\n'


TICKET = "{6a994c63-87ef-12f1-0beb-1fe0bbce7787}"
OTHER_FILE = r'cfn="C:\Other.qbw"'
POPUP = "<QBWC1053: A modal dialog box is showing in the QuickBooks user interface.>"
MANY = [ok(number) for number in range(8)]


def changed(old: str, new: str, *, begin: int = 0, end: int | None = None) -> list[list[str]]:
    """Return many runs in which *old* is *new* from record *begin* to *end*."""
    return [
        [*run[:begin], *[text.replace(old, new) for text in run[begin:end]], *([] if end is None else run[end:])]
        for run in MANY
    ]


def one(method: str, message: str, words: str = "Connected., Session") -> list[list[str]]:
    """Return many runs, of which the sixth has one record more."""
    return [*MANY[:5], behind(MANY[5], words, line(method, message, 300)), *MANY[6:]]


def every(method: str, message: str, words: str = "Connected., Session") -> list[list[str]]:
    """Return many runs with one record more each."""
    return [behind(run, words, line(method, message, 60 * n)) for n, run in enumerate(MANY)]


def odd_logs() -> dict[str, list[list[str]]]:
    """Return logs whose runs look like those before, save for one thing each."""
    request, answer = f"{SOAP}do_sendRequestXML()", f"{SOAP}do_receiveResponseXML()"
    told = line(f"{SOAP}handleModalDialogError()", POPUP, 300)
    dump = f"XML dump follows: -\r\n\r\n{verbose(2, f'<Memo>{told}</Memo>')}"
    announced = every(request, "strRequestXML =")
    return {
        "a pop-up": one(f"{SOAP}handleModalDialogError()", POPUP),
        "a lock that is taken": one(f"{REGISTRY}getUpdateLock()", f"{KEY}UpdateLock = TRUE"),
        "a pop-up in a payload": one(answer, dump),
        "a payload that never closes": one(f"{SOAP}x()", f'-\r\n\r\n<?xml version="1.0"?>\r\n<QBXML>\r\n{told}'),
        "a payload within a line": one(f"{SOAP}x()", f'Request: <?xml version="1.0"?><Q>\r\n{told}</Q>'),
        "ticks in a payload within a line": every(f"{SOAP}x()", f'<?xml version="1.0"?><Q>\r\n{MANY[0][0]}</Q>'),
        "a step in a payload within a line": every(
            f"{SOAP}x()", f'Request: <?xml version="1.0"?><Q>\r\n{line(request, OTHER_FILE)}</Q>'
        ),
        "a banner": [*MANY[:5], behind(MANY[5], "Connected., Session", BANNER), *MANY[6:]],
        "banners": [behind(run, "Connected., Session", BANNER) for run in MANY],
        "banners before the unlock": [
            behind([*run[:28], *run[31:]], "No more to process", BANNER) for run in MANY
        ],
        "a program start": one("WebConnectorWPF()", "ProcessArgs(): Args Length = 1 String: x"),
        "program starts": every("WebConnectorWPF()", "ProcessArgs(): Args Length = 1 String: x"),
        "a second run in it": [*MANY[:5], [*MANY[5][:20], *ok(5, application="F"), *MANY[5][20:]], *MANY[6:]],
        "pasted ticks": changed("UTC\t:", "UTC    :", end=1),
        "pasted steps": changed("UTC\t:", "UTC    :", begin=5, end=9),
        "pasted ticks of others": [
            behind(run, "Connected., Session", MANY[0][0].replace("UTC\t:", "UTC    :")) for run in MANY
        ],
        "silences": changed(".02:0", ".03:0", begin=20),
        "no such hour": changed(".02:", ".27:"),
        "no such month at its start": changed("20260310", "20260010", end=1),
        "no such hour at its end": changed(".02:", ".27:", begin=len(MANY[0]) - 1),
        "no stamp": changed(".02:", "x02:", begin=9, end=10),
        "a stamp behind words": changed("20260310", "On 20260310", begin=9, end=10),
        "NULs": [behind(run, "Connected., Session", "\0" * 38 + "\r\n") for run in MANY],
        "NULs for a ticket": changed(MANY[3][15][-40:], "\0" * 38 + "\r\n", begin=15, end=16),
        "NULs for all tickets but one": [
            *[behind(run, TICK, told_ticket(n)) for n, run in enumerate(MANY)],
            *[
                behind([text.replace(ticket(n), "\0" * len(ticket(n))) for text in run], TICK, told_ticket(n))
                for n, run in enumerate(MANY)
            ],
        ],
        "an announced text": announced,
        "an announced step": [
            behind(run, "strRequestXML =", line(request, OTHER_FILE, 60 * n))
            for n, run in enumerate(announced)
        ],
        "an announced step after others": [
            *[
                behind(run, "strRequestXML =", line(f"{SOAP}x()", "", 60 * n), line(request, OTHER_FILE, 60 * n))
                for n, run in enumerate(announced)
            ],
            *[behind(run, "strRequestXML =", line(request, OTHER_FILE, 60 * n)) for n, run in enumerate(announced)],
        ],
        "another run's ticket": every(request, f'wcTicket="{TICKET}"'),
        "the same ticket or another": [
            *every(request, f'wcTicket="{TICKET}"'),
            *[
                behind(Session(at=600 + n).ok(), "Connected., Session", line(request, f'wcTicket="{TICKET}"', 600))
                for n in (1, 2, 3)
            ],
            *every(request, f'wcTicket="{TICKET}"'),
        ],
        "a ticket for a name": [ok(n, application=ticket(n)) for n in range(8)],
        "two tickets": changed("<authRet[1]", f'<authRet[0]="{TICKET}"><authRet[1]'),
        "tickets like a method": [Session(at=60 * n, ticket="do_sendRequestXML").ok() for n in range(8)],
        "a run that begins within others": [
            run
            for n, within in enumerate(every(f"{SOAP}instantiateWebService()", "AppName: F"))
            for run in (within, ok(n, application="F"))
        ],
        "payloads in other letters": [
            [text.replace("example.com/qbwc", f"example.com/\u00f6\r\n{letters}") for text in run]
            for run, letters in zip(MANY, [verbose(3), verbose(3, "\udce9")] * 4, strict=True)
        ],
        "a line left open": [*MANY[:7], [*MANY[7][:-1], MANY[7][-1].strip()]],
        "without an end": [run[:-3] for run in MANY],
        "without a result": [without(run, "update completed.") for run in MANY],
        "without a start": [run[1:] for run in MANY],
        "two locks": every(f"{REGISTRY}setUpdateLock()", f"{'*' * 21} Update session locked {'*' * 21}", "sion locked"),
        "steps in another order": [[*run[:3], *run[8:14], *run[3:8], *run[14:]] for run in MANY],
        "refusals": [*[Session(at=60 * n).refused() for n in range(6)], *MANY],
        "steps with a payload": every(answer, f"Done\r\n{verbose(3)}"),
        "applications within a run": every(f"{SOAP}instantiateWebService()", "AppName: Fabrikam"),
        "a run that holds the lock": [
            [*Session(at=0, application="Fabrikam").ok()[:16], *MANY[0]], *MANY[1:],
            Session(at=500, application="Fabrikam").ok()[16:],
        ],
    }  # fmt: skip
