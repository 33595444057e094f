"""What the tests of safety share."""

from __future__ import annotations

import pytest

from .inputs import Inputs


@pytest.fixture(scope="session")
def made(tmp_path_factory, released) -> Inputs:
    """The inputs of the commands."""
    return Inputs(tmp_path_factory.mktemp("made"), released)
