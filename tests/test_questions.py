"""Each question shows its answer about a small history; each figure is counted again in plain Python."""

from __future__ import annotations

import doctest
from importlib import import_module
from typing import TYPE_CHECKING

import pandas as pd
import pytest
import small_history

import qbwatch
from qbwatch import questions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbwatch.history.frames import History

MODULES = ("causes", "outages", "runs", "weeks")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    path = tmp_path_factory.mktemp("small") / "history.db"
    small_history.make(path).close()
    with qbwatch.open_history(path) as opened:
        yield opened


@pytest.mark.parametrize("name", MODULES)
def test_what_a_question_shows_in_its_docstring_is_what_it_answers(name: str, history: History) -> None:
    module = import_module(f"qbwatch.questions.{name}")
    with pd.option_context("display.width", 200, "display.max_columns", 30, "display.float_format", "{:.4f}".format):
        done = doctest.testmod(module, extraglobs={"history": history}, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert (done.failed, done.attempted > 0) == (0, True)


def test_every_question_shows_its_answer() -> None:
    without = [name for name in questions.__all__ if f">>> {name}(" not in getattr(questions, name).__doc__]
    assert without == []
