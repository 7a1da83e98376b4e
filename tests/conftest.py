"""What several tests share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlite_utils  # noqa: F401 - so that a store is made in this process, which is quicker
import trustme
from receivers import Answer, https_server, trust, tunnel

from rules.gate import Gate, literals_of
from rules.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from receivers import HttpsServer

    from rules.catalogue import Catalogue

SAMPLES = Path(__file__).parents[1] / "sample_logs"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-golden", action="store_true", help="write the golden files anew; the diff is the review")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("QBWATCH_TESTS_MUST_NOT_SKIP"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped where nothing may be missing: {report.longrepr}"


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load()


@pytest.fixture(scope="session")
def gate(catalogue: Catalogue) -> Gate:
    return Gate(literals_of(catalogue))


@pytest.fixture
def samples() -> Path:
    return SAMPLES


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def far_side(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpsServer]:
    with https_server(authority) as server, tunnel(server.port) as way:
        for name, value in trust(authority, tmp_path).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("HTTPS_PROXY", way.url)
        monkeypatch.setenv("NO_PROXY", "localhost")
        server.answers = [Answer(status=200, body=b"ok")]
        yield server


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No configuration of the machine that runs the tests has a say."""
    monkeypatch.setenv("QBWATCH_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.delenv("NO_COLOR", raising=False)
