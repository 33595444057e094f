"""Time and memory follow the input: what was measured is on the page and within bounds, and readers are measured anew."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.append(str(BENCHMARKS))
import exponents  # noqa: E402

MEASURED = json.loads(exponents.RESULTS.read_text(encoding="utf-8"))


def slopes(sizes: list[dict[str, float]]) -> tuple[float, float]:
    return exponents.exponent([s["seconds"] for s in sizes]), exponents.exponent([s["mb"] for s in sizes])


def test_an_exponent_is_the_slope_of_four_sizes():
    assert exponents.exponent([3, 6, 12, 24]) == pytest.approx(1)
    assert exponents.exponent([1, 4, 16, 64]) == pytest.approx(2)
    assert exponents.exponent([7, 7, 7, 7]) == pytest.approx(0)


def test_every_reader_and_writer_is_measured():
    from bds_tool.formats.registry import FORMATS, WRITERS

    assert set(exponents.WRITE) == {*WRITERS, "store"}
    # The readers of tables and of statistics take more than one kind of file each.
    kinds = {"tabel": {"csv", "csv-wide", "parquet", "arrow", "ndjson", "xlsx"}, "statistiek": {"sav", "dta"}, "jgz": {"vaccinaties"}, "james": {"james", "james-ndjson"}}  # fmt: skip
    assert set(exponents.READ) == {k for f in FORMATS for k in kinds.get(f, {f})} | {"zip", "store"}
    assert set(MEASURED) <= set(exponents.CASES)


def test_every_command_is_measured_or_said_not_to_grow():
    """The commands of the program itself are the list: a new one has a row, or stands with those whose input does not grow."""
    import typer.main

    from bds_tool.cli import main as program

    def walk(command, path=()):
        if hasattr(command, "commands"):
            for name, inner in command.commands.items():
                yield from walk(inner, (*path, name))
        else:
            yield " ".join(path)

    there = set(walk(typer.main.get_command(program.build())))
    measured = {
        " ".join(w)[: len(c)]
        for w in exponents.COMMANDS.values()
        for c in there
        if " ".join(w).startswith(f"{c} ")
    }
    assert there == measured | {*exponents.FIXED, *exponents.RUNNERS}
    assert not measured & {*exponents.FIXED, *exponents.RUNNERS}


def test_the_page_is_made_of_what_was_measured():
    assert exponents.PAGE.read_text(encoding="utf-8") == exponents.page(MEASURED)


@pytest.mark.slow
@pytest.mark.parametrize("reader", exponents.READ)
def test_a_reader_is_linear(reader, tmp_path):
    time, memory = slopes(exponents.measure(f"lezen {reader}", tmp_path, 20))
    assert time <= exponents.MOST_TIME
    assert memory <= exponents.MOST_MEMORY


def test_memory_hardly_grows_with_the_number_of_messages():
    """From 1,000 to 10,000 messages: at most the fifth root of ten times as much."""
    sizes = json.loads(exponents.MANY.read_text(encoding="utf-8"))["sizes"]
    assert list(sizes) == ["1000", "3000", "10000"]
    assert sizes["10000"]["mb"] <= sizes["1000"]["mb"] * 10**0.2
    assert sizes["10000"]["seconds"] <= sizes["1000"]["seconds"] * 10**exponents.MOST_TIME
