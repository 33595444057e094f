"""What all tests share: the public test material beside the project, and running the program in-process."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

# The same examples every time, so that a change is judged by what it changes; `EXPLORE=1 make test` looks for new ones.
settings.register_profile("fixed", derandomize=True)
if not os.environ.get("EXPLORE"):
    settings.load_profile("fixed")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def absent():
    """What to call where something that `make test` does not install is missing: CI fails, elsewhere it is a skip."""

    def stop(message: str) -> NoReturn:
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)

    return stop


@pytest.fixture(scope="session")
def shared(absent) -> Path:
    """The folder with facts and public test messages."""
    if not SHARED.is_dir():
        absent(f"{SHARED} is not there: the public test messages are needed for this test")
    return SHARED


@pytest.fixture(scope="session")
def program(absent):
    """Where a program is, under the first of these names that is there, beside this Python or on the PATH."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

    def find(*names: str, package: str) -> str:
        found = (shutil.which(name, path=places) for name in names)
        return next((f for f in found if f), None) or absent(f"{names[0]} is not installed ({package})")

    return find


class Result:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture(scope="session")
def options_once():
    """What a command takes is read from its function once: thousands of runs in one process spend a fifth of their time there."""
    import typer.main

    typer.main.get_params_from_function = functools.cache(typer.main.get_params_from_function)


@pytest.fixture
def bds(capfd, monkeypatch, options_once):
    """Run `bds` in this process: `bds("validate", path)` → code, out, err."""
    from bds_tool.base.specs import set_specs
    from bds_tool.base.text import set_language
    from bds_tool.cli.main import run

    def call(*arguments: object) -> Result:
        capfd.readouterr()
        try:
            code = run([str(a) for a in arguments])
        finally:
            set_language("")
            set_specs("")
        out, err = capfd.readouterr()
        return Result(int(code), out, err)

    return call


@pytest.fixture(scope="session")
def chromium(program) -> str:
    return program("chromium", "chromium-browser", "google-chrome", package="apt-get install chromium")


@pytest.fixture(scope="session")
def browser(chromium):
    """Headless Chromium that may not reach any network."""
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    quiet += ["--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=quiet)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def released():
    """`released(result, target)`: the result as if it was protected, so that reports of a few children can be tried."""
    import polars as pl

    from bds_tool.indicators.result import UNPROVEN, read_result, write_result
    from bds_tool.protect.policy import load_policy
    from bds_tool.protect.seal import public_meta, seal_facts, sealer

    def write(result: Path, target: Path) -> None:
        made = read_result(result)
        thresholds = {"denominator": 1, "numerator": 0, "complement": 0, "cell": 2}
        policy = {**load_policy("ncj-strict").data, "thresholds": thresholds}
        meta = {**public_meta(made.meta), "status": "beschermd", "policy": policy}
        frame = made.counts().collect()
        open_ = frame.with_columns(
            pl.lit("ok").alias("status"), *(pl.lit(None, dtype=frame[c].dtype).alias(c) for c in UNPROVEN)
        )
        write_result(target, open_, meta, finish=sealer(seal_facts(meta, safe=True)))

    return write
