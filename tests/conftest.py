"""What all tests share: the public test material beside the project, and running the program in-process."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with facts and public test messages; its absence fails in CI and skips elsewhere."""
    if not SHARED.is_dir():
        message = f"{SHARED} is not there: the public test messages are needed for this test"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return SHARED


class Result:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def bds(capfd, monkeypatch):
    """Run `bds` in this process: `bds("validate", path)` → code, out, err."""
    from bds_tool.cli.main import run
    from bds_tool.places import set_specs
    from bds_tool.text import set_language

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
def browser():
    """Headless Chromium that may not reach any network; absent it fails in CI and skips elsewhere."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        message = "chromium is not installed (apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    quiet += ["--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=quiet)
        yield opened
        opened.close()
