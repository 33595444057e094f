"""Writing files: what is said when the system refuses, and what stays behind."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_dir, atomic_file, atomic_files, disk_full, work_dir
from bds_tool.base.refusals import reason
from bds_tool.base.text import set_language


@pytest.fixture
def english():
    set_language("en")
    yield
    set_language("")


def refused(number: int) -> OSError:
    return OSError(number, os.strerror(number), "pad")


def test_the_system_is_told_in_dutch():
    assert reason(refused(errno.ENOSPC)) == "de schijf is vol"
    assert reason(refused(errno.EACCES)) == "geen toegang"


def test_the_system_is_told_in_its_own_words(english):
    assert reason(refused(errno.ENOSPC)) == os.strerror(errno.ENOSPC)


def test_what_has_no_dutch_words_is_told_as_the_system_does():
    assert reason(refused(errno.EPIPE)) == os.strerror(errno.EPIPE)
    assert reason(OSError("KIND-4711")) == "het systeem zegt niet waarom", (
        "texts of libraries may quote what they read"
    )


@pytest.mark.parametrize("make", [atomic_file, atomic_dir, work_dir])
def test_a_file_where_a_folder_is_expected(make, tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(UsageError) as caught, make(tmp_path / "a" / "b" / "c"):
        pass
    assert "kan niet worden geschreven: een deel van het pad is geen map." in caught.value.message


@pytest.mark.parametrize("make", [atomic_file, atomic_dir, work_dir])
def test_a_disk_that_is_full_half_way_leaves_nothing(make, tmp_path):
    with pytest.raises(UsageError) as caught, make(tmp_path / "a"):
        raise refused(errno.ENOSPC)
    assert "de schijf is vol" in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_a_work_folder_goes_when_the_work_is_done(tmp_path):
    with work_dir(tmp_path / "a.result") as folder:
        (folder / "x").write_text("x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "said",
    [
        "parquet: File out of specification: underlying IO error: No space left on device (os error 28)",
        "IO Error: Could not write file: No space left on device",
    ],
)
def test_libraries_that_wrap_what_the_system_said(said, tmp_path):
    """Polars, DuckDB and xlsxwriter have errors of their own when a disk is full."""
    with pytest.raises(UsageError) as caught, atomic_file(tmp_path / "a"):
        raise RuntimeError(said)
    assert "de schijf is vol" in caught.value.message
    told = disk_full(RuntimeError(said))
    assert told is not None
    assert "de schijf is vol" in told.message


def test_a_folder_that_cannot_be_copied_is_told(tmp_path):
    """A copy of a folder collects what the system refused, and has no number of its own."""
    why = os.strerror(errno.EIO)
    with pytest.raises(UsageError) as caught, atomic_dir(tmp_path / "a"):
        raise shutil.Error([("bron", "doel", f"[Errno {errno.EIO}] {why}: 'bron'")])
    assert "de schijf geeft een fout" in caught.value.message


def test_other_errors_are_not_taken_for_refusals(tmp_path):
    """What is read may be damaged: that is no reason to tell of permissions and disks."""
    with pytest.raises(OSError, match="damaged"), atomic_file(tmp_path / "a"):
        raise OSError("damaged")
    assert disk_full(OSError("damaged")) is None
    assert disk_full(refused(errno.ENOENT)) is None


@pytest.mark.parametrize("refused", [None, "a", "b", "nieuw/c", "weg"])
def test_several_files_change_together_or_not_at_all(refused, tmp_path, monkeypatch):
    for name in ("a", "b", "weg"):
        (tmp_path / name).write_text(f"oud {name}")
    real = Path.rename

    def rename(self, target):
        if refused and refused in {str(p.relative_to(tmp_path)) for p in (self, Path(target))}:
            raise OSError(errno.EIO, "x")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)

    def change() -> None:
        wanted = [tmp_path / n for n in ("a", "b", "nieuw/c")]
        with atomic_files(wanted, [tmp_path / "weg"]) as made:
            for path in wanted:
                made[path].write_text(f"nieuw {path.name}")

    if refused:
        with pytest.raises(UsageError):
            change()
    else:
        change()
    there = {str(p.relative_to(tmp_path)): p.read_text() for p in tmp_path.rglob("*") if p.is_file()}
    old = {"a": "oud a", "b": "oud b", "weg": "oud weg"}
    assert there == (old if refused else {"a": "nieuw a", "b": "nieuw b", "nieuw/c": "nieuw c"})
