"""Whatever change in the folder of an output the system refuses, the old output or the new one stands there, whole."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from bds_tool.base.leftovers import temporary
from bds_tool.base.specs import specs_dir

from .writing import COMMANDS, FAULTS, NAMES, TABLE, digest, whole

CHILDREN = 3


@pytest.fixture(scope="session")
def made(tmp_path_factory, released) -> dict[str, str]:
    """The inputs of the commands."""
    from bds_tool.cli.main import run

    folder = tmp_path_factory.mktemp("made")
    place = {
        n: folder / f"{n.lower()}" for n in ("STORE", "GROUP", "RESULT", "SAFE", "FOUND", "KEY", "POLICY")
    }
    place["POLICY"] = folder / "beleid.yaml"
    place["KEY"].write_text("a" * 64)
    policy = (specs_dir() / "beleid" / "extract" / "onderzoek.yaml").read_text(encoding="utf-8")
    # The children are few: a policy that lets nearly all of them fall out still writes something.
    loose = policy.replace("\nl: 2", "\nl: 1").replace("most_dropped: 0.05", "most_dropped: 0.5")
    place["POLICY"].write_text(loose.replace("id: onderzoek", "id: proef"), encoding="utf-8")
    assert run(["convert", str(TABLE), str(place["STORE"]), "--to", "store", "-q"]) == 0
    assert run(["validate", str(place["STORE"]), "--save", str(place["FOUND"]), "-q"]) in {0, 1}
    group = [
        "generate",
        "--children",
        "300",
        "--seed",
        "4",
        "--bds",
        "4.1.3",
        "--themes",
        "groei,voeding",
        "-o",
        str(place["GROUP"]),
        "-q",
    ]
    assert run(group) == 0
    assert (
        run(["indicator", "compute", str(place["GROUP"]), "-o", str(place["RESULT"]), "-i", "BF-BIRTH", "-q"])
        == 0
    )
    released(place["RESULT"], place["SAFE"])
    place["LIKE"] = folder / "gelijkenis.json"
    assert run(["profile", str(TABLE), "--share", str(place["LIKE"]), "-q"]) == 0
    place["RECORD"] = folder / "verslag.json"
    assert run(["--record", str(place["RECORD"]), "profile", str(TABLE), "-q"]) == 0
    return {n: str(p) for n, p in place.items()}


class Bench:
    """One command over and over, on an output that stands there already."""

    def __init__(self, name: str, root: Path, made: dict[str, str]) -> None:
        self.place = root / "plek"
        self.place.mkdir()
        self.target = self.place / NAMES.get(name, "uit.bds" if name == "generate" else "uit")
        words = made | {"OUT": str(self.target)}
        self.arguments = [words.get(a, a.replace("OUT", str(self.target))) for a in COMMANDS[name]]
        self.kept = root / "oud"

    def run(self, at: int = 0) -> int:
        from bds_tool.cli.main import run

        with FAULTS.on(self.place, at):
            return int(run([*self.arguments, "--force"]))

    def keep(self) -> None:
        (shutil.copytree if self.target.is_dir() else shutil.copy)(self.target, self.kept)

    def restore(self) -> None:
        shutil.rmtree(self.place)
        self.place.mkdir()
        (shutil.copytree if self.kept.is_dir() else shutil.copy)(self.kept, self.target)


def attack(name: str, root: Path, made: dict[str, str], *, sample: bool) -> int:
    bench = Bench(name, root, made)
    assert bench.run() in {0, 1}
    bench.keep()
    old = digest(bench.target)
    bench.restore()
    assert bench.run() in {0, 1}
    steps, names = FAULTS.seen, set(digest(bench.target))
    beside = {p.name for p in bench.place.iterdir()}  # a table has its description beside it
    assert steps >= 2, FAULTS.events
    every = range(1, steps + 1)
    # The last step is the cleaning up, those before it change names; the first is where the new one begins.
    chosen = every if not sample else sorted({steps, max(1, steps - 1), 1 + steps // 2})
    for at in chosen:
        bench.restore()
        code = bench.run(at)
        event = FAULTS.events[at - 1] if len(FAULTS.events) >= at else "none"
        now = digest(bench.target)
        assert code in {0, 1, 2, 3}, (at, event, code)
        if now != old:
            assert set(now) == names, (at, event, code)
            files = (
                [bench.target]
                if bench.target.is_file()
                else [p for p in bench.target.rglob("*") if p.is_file()]
            )
            assert all(map(whole, files)), (at, event)
        else:
            assert code == 2 or FAULTS.seen < at or code in {0, 1}, (at, event, code)
        others = [p.name for p in bench.place.iterdir() if p.name not in beside]
        assert all(map(temporary, others)), (at, event, others)
    return steps


@pytest.mark.parametrize("name", COMMANDS)
def test_a_fault_leaves_the_old_or_the_new(name, made, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    attack(name, tmp_path, made, sample=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_every_fault_leaves_the_old_or_the_new(name, made, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    attack(name, tmp_path, made, sample=False)


def test_every_command_that_writes_is_tried():
    """A command with an option or argument for its output stands in the table, or here with the reason why not."""
    import typer.main

    from bds_tool.cli import main as program
    from bds_tool.cli.outputs import WRITTEN

    # They write one file by the function of `rule`, edit what is there, or need more than these inputs.
    without = {
        *(f"change {w}" for w in ("add", "check", "convert", "list", "merge", "new", "notes", "requests", "show", "table")), "doctor",
        "protect compare", "protocol test", "protocol list", "protocol show",
        "anonymise", "area check", "findings compare", "indicator merge", "indicator show", "indicator new", "indicator check", "protect audit",
        "report pdf", "spec check", "spec diff", "spec path", "spec search", "spec show", "spec values", "spec versions",
        "zib check", "zib conform", "zib profiles", "zib search", "zib show", "protocol check", "indicator test", "protect ledger",
        "protect policy check", "protect policy list", "protect policy show", "area list", "area show", "store list", "store verify", *(f"round {w}" for w in ("join", "start", "answer", "repair", "merge")),
    }  # fmt: skip
    tried = {" ".join(c[:2]) for c in COMMANDS.values()} | {c[0] for c in COMMANDS.values()}

    def walk(command, path=()):
        if hasattr(command, "commands"):
            for name, inner in command.commands.items():
                yield from walk(inner, (*path, name))
        elif {p.name for p in command.params} & (WRITTEN - {"report"}):
            yield " ".join(path)

    missing = set(walk(typer.main.get_command(program.build()))) - tried - without
    assert not missing, sorted(missing)
