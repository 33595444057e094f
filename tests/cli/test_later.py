"""What `bds` puts off at its start is what the standard library makes, when it is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Run twice, with and without: the output must be the same.
CODE = """
import dataclasses, inspect, pickle
from dataclasses import dataclass, field

@dataclass(frozen=True, slots=True)
class Slotted:
    a: int
    b: str = "x"
    c: list = field(default_factory=list, compare=False)

@dataclass(frozen=True)
class Frozen:
    a: int = 1

@dataclass(order=True)
class Ordered:
    a: int
    b: object = field(default=None, repr=False)
    me: object = field(default=None, compare=False)

@dataclass(frozen=True)
class Empty:
    pass

class More(Frozen):
    pass

def told(call):
    try:
        return call()
    except Exception as error:
        return type(error).__name__, str(error)

x, y = Slotted(1), Ordered(1)
y.me = y
more = More()
more.own = 2
print(x, y, Empty(), more, x == Slotted(1, c=[3]), x == Slotted(2), x == 1, hash(x) == hash(Slotted(1)))
print(hash(x) == hash((1, "x")), hash(Empty()) == hash(()), told(lambda: hash(y)))
print(y < Ordered(2), y >= Ordered(1), told(lambda: y < 3))
for name in ("a", "zz"):
    print(told(lambda: setattr(Frozen(), name, 2)), told(lambda: delattr(Frozen(), name)))
print(told(lambda: setattr(more, "a", 2)), told(lambda: delattr(more, "a")), more.own)
print(dataclasses.replace(x, a=5), dataclasses.asdict(x), pickle.loads(pickle.dumps(x)) == x)
print(Slotted.__eq__.__qualname__, Slotted.__repr__.__qualname__, Slotted.__match_args__, Slotted.__doc__)
import polars
for function in (polars.read_csv, polars.DataFrame.join, polars.DataFrame.pivot, polars.Series.abs, polars.col("a").rolling_mean):
    print(inspect.signature(function), len(inspect.signature(function).parameters))
print(inspect.signature(polars.read_csv).replace(parameters=[]), inspect.signature(polars.read_csv) == inspect.signature(polars.read_csv))
"""


def test_what_is_put_off_is_what_python_makes():
    first, *others = (
        subprocess.run(
            [sys.executable, "-c", begin + CODE], capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout
        for begin in ("", "from bds_tool.base import later; later.begin()\n")
    )
    assert "Slotted(a=1, b='x', c=[])" in first
    assert others == [first]


def test_what_was_written_is_there_when_the_process_ends_at_once(tmp_path):
    """The code, the output through a pipe, and no folder left behind."""
    (tmp_path / "a.csv").write_text(
        "dossier_id;activiteit_id;datum;bdsnummer;waarde\na;1;2024-03-01;235;1040\n", encoding="utf-8"
    )
    code = f"import sys, tempfile; sys.path.insert(0, {str(ROOT)!r}); tempfile.tempdir = {str(tmp_path / 't')!r}; from bds_tool.__main__ import main; sys.argv[1:] = {{}}; main(); print('not at once')"
    (tmp_path / "t").mkdir()
    for arguments, due in ((["validate", "a.csv", "-f", "json"], 0), (["validate", "weg.csv"], 3)):
        done = subprocess.run(
            [sys.executable, "-c", code.format(arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert done.returncode == due
        assert "not at once" not in done.stdout
        assert done.stdout.rstrip().endswith("}" if due == 0 else "1 niet gelezen.")
    assert list((tmp_path / "t").iterdir()) == []
