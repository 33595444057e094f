"""Small generated populations, made once per session."""

from __future__ import annotations

import polars as pl
import pytest

from bds_tool.synthetic.generate import Generator, Request


def drawn(**settings) -> tuple[pl.DataFrame, Generator]:
    """The rows of a request and the generator that drew them."""
    generator = Generator(Request(**settings))
    frames = [pl.DataFrame(table) for table in generator.tables()]
    plain = [f.with_columns(pl.col(pl.Categorical).cast(pl.String)) for f in frames]
    return pl.concat(plain), generator


@pytest.fixture(scope="session")
def small() -> tuple[pl.DataFrame, Generator]:
    return drawn(children=400, seed=3, bds="4.1.3")


@pytest.fixture(scope="session")
def larger() -> tuple[pl.DataFrame, Generator]:
    themes = ("ouders", "zwangerschap", "voeding", "groei", "zorg")
    return drawn(children=12_000, seed=5, bds="4.1.3", region="klein", themes=themes)
