"""Every case of sample_logs/ against its truth, written by hand, and its golden file, written by the program."""

from __future__ import annotations

import io
import json
from contextlib import chdir, redirect_stdout
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from conftest import SAMPLES
from sample_truth import CASES

from qbwatch.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path


@cache
def scanned(case: str) -> tuple[dict[str, Any], ...]:
    printed = io.StringIO()
    truth, folder = CASES[case], f"sample_logs/{case}"
    config = ["--config", f"{folder}/{truth.config}"] if truth.config else []
    options = {"--timezone": truth.timezone, "--format": truth.format}
    named = [word for name, value in options.items() if value for word in (name, value)]
    with chdir(SAMPLES.parent), redirect_stdout(printed):
        main([*config, "scan", folder, "--json", "--host", "srv-01", *named])
    return tuple(json.loads(line) for line in printed.getvalue().splitlines())


def kind(lines: tuple[dict[str, Any], ...], name: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["kind"] == name]


def in_order(run: dict[str, Any]) -> tuple[bool, int]:
    return (not run["source"].endswith("QWCLogOld.txt"), run["offset"])


@pytest.mark.parametrize("case", sorted(CASES))
def test_runs_and_causes_are_the_truth(case: str) -> None:
    lines = scanned(case)
    runs = sorted(kind(lines, "run"), key=in_order)
    found = [(run["application"], run["trigger"], run["outcome"], run["cause"]) for run in runs]
    assert found == [(run.application, run.trigger, run.outcome, run.cause) for run in CASES[case].runs]
    outside = {event["cause"] for event in kind(lines, "event") if event["role"] == "root" and event["run"] is None}
    assert outside == set(CASES[case].outside)


@pytest.mark.parametrize("case", sorted(CASES))
def test_a_failed_run_has_one_root_and_a_healthy_one_none(case: str) -> None:
    lines = scanned(case)
    roots = [event for event in kind(lines, "event") if event["role"] == "root"]
    for run in kind(lines, "run"):
        count = sum(event["run"] == run["id"] for event in roots)
        assert count == (1 if run["outcome"] == "failed" else count if run["cause"] else 0), run
    assert not [event for event in roots if "QBWC1031" in event["codes"]]


@pytest.mark.parametrize("case", sorted(CASES))
def test_the_scan_is_what_it_was(case: str, samples: Path, pytestconfig: pytest.Config) -> None:
    lines = [{name: value for name, value in line.items() if name != "seconds"} for line in scanned(case)]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    golden = samples / case / "expected.jsonl"
    if pytestconfig.getoption("--write-golden"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_every_case_has_its_truth(samples: Path) -> None:
    cases = {folder.relative_to(samples).as_posix() for folder in samples.glob("*/*/")}
    assert cases == set(CASES)


def test_ids_are_unique_and_the_same_each_time() -> None:
    first, second = scanned("several/two_users"), scanned.__wrapped__("several/two_users")
    ids = [line["id"] for line in first if "id" in line]
    assert len(ids) == len(set(ids))
    assert ids == [line["id"] for line in second if "id" in line]
