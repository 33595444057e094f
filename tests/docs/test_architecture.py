"""The page on the architecture shows the house as it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def architecture(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    sys.modules.pop("architecture", None)
    import architecture

    return architecture


def test_every_room_is_on_the_picture_and_uses_only_lower_ones(architecture):
    rooms = list(architecture.ROOMS)
    on_disk = {p.name for p in (ROOT / "bds_tool").iterdir() if (p / "__init__.py").is_file()}
    assert set(rooms) == on_disk
    for room, used in architecture.uses().items():
        assert all(rooms.index(other) < rooms.index(room) for other in used), room


def test_the_walk_names_modules_that_exist(architecture):
    for name in architecture.walked():
        assert (ROOT / "bds_tool" / Path(*name.split("."))).with_suffix(".py").is_file(), name


def test_the_page_holds_no_blank_to_fill(architecture):
    assert "{{" not in architecture.architecture_page()
