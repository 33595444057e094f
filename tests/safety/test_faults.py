"""Whatever change in the folder of an output the system refuses, the old output or the new one stands there, whole."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from unittest import mock

import pytest

from bds_tool.base.leftovers import temporary

from .writing import COMMANDS, FAULTS, MOMENTS, NAMES, SEEDS, arguments, digest, whole

#: Of those that write one text by the same function, the tests of every day run the first; `make slow` runs all.
ONE_TEXT = {c for c in COMMANDS if c.startswith(("spec ", "protocol ", "indicator ", "change ", "zib ", "protect ", "round ", "store ", "findings ", "area ", "report pdf", "anonymise", "convert -o", "generate --manifest"))}  # fmt: skip
QUICK = [
    c for c in COMMANDS if c not in ONE_TEXT | {"cohort", "dossier copy"}
    or c in {"spec eject", "spec export", "change add", "change merge", "change apply", "store drop", "indicator compute", "protect run", "protect ledger", "convert --write", "zib export"}
]  # fmt: skip


#: A lock that could not be taken away; it names its process, and the next run clears it (tests/indicators/protect).
LOCK = ".bezig"


class Bench:
    """One command over and over, on an output that stands there already or, for some, on nothing."""

    def __init__(self, name: str, root: Path, made: dict[str, str], faults) -> None:
        self.place, self.kept, self.faults, self.name = root / "plek", root / "oud", faults, name
        self.place.mkdir()
        self.target = self.place / NAMES.get(name, "uit")
        self.arguments = arguments(name, self.target, made)
        if seed := SEEDS.get(name):
            source = Path(made[seed])
            (shutil.copytree if source.is_dir() else shutil.copy)(source, self.target)

    def run(self, at: int = 0) -> int:
        from bds_tool.cli.main import run

        now = {"SOURCE_DATE_EPOCH": MOMENTS[self.name]} if self.name in MOMENTS else {}
        with mock.patch.dict(os.environ, now), self.faults.on(self.place, at):
            return int(run([*self.arguments, *(() if self.name in SEEDS else ("--force",))]))

    def keep(self) -> dict[str, dict[str, str]]:
        """What every try begins with: hashes per name in the folder."""
        shutil.copytree(self.place, self.kept)
        return self.outputs()

    def restore(self) -> None:
        shutil.rmtree(self.place)
        shutil.copytree(self.kept, self.place)

    def outputs(self) -> dict[str, dict[str, str]]:
        """Every output with its hashes: what was asked for and what comes beside it."""
        return {
            p.name: seen(p)
            for p in sorted(self.place.iterdir())
            if not (temporary(p.name) or p.name.endswith(LOCK))
        }


def seen(path: Path) -> dict[str, str]:
    """The files that a reader sees: of a store of deliveries and a ledger those on its list, of which a next run keeps no other."""
    found = digest(path)
    for index, key, part in (
        ("_store.json", "parts", "delen/{:06}/"),
        ("_ledger.json", "releases", "{}.result/"),
    ):
        if (
            path.is_dir()
            and (list_ := path / index).is_file()
            and key in (told := json.loads(list_.read_text()))
        ):
            parts = tuple(part.format(int(p["number"])) for p in told[key])
            return {n: h for n, h in found.items() if n == index or n.startswith(parts)}
    return {n: h for n, h in found.items() if not n.startswith(".slot")}


def attack(name: str, root: Path, made: dict[str, str], *, sample: bool, faults=FAULTS) -> int:
    bench = Bench(name, root, made, faults)
    if name not in SEEDS:
        assert bench.run() in {0, 1}
    old = bench.keep()
    assert bench.run() in {0, 1}
    steps, new = faults.seen, bench.outputs()
    assert steps >= 2, faults.events
    assert new, name
    # The last step is the cleaning up, those before it change names; the first is where the new one begins.
    chosen = sorted({steps, max(1, steps - 1), 1 + steps // 2}) if sample else kinds(faults.events)
    wrong = []  # all of them, so that one run tells every kind
    for at in chosen:
        bench.restore()
        code = bench.run(at)
        event = faults.events[at - 1] if len(faults.events) >= at else "none"
        if what := judged(bench, old, new, code):
            wrong.append(f"{at} of {steps}, {event}, code {code}: {what}")
    assert not wrong, "\n".join([name, *wrong[:20], f"{len(wrong)} of {len(chosen)}"])
    return steps


def kinds(events: list[str]) -> list[int]:
    """Of each kind of step the first two and the last; a kind is a call with those before and after it.

    A file of a thousand writes, or a folder of a thousand files, has no thousand kinds; at the end all steps are tried.
    """
    calls = ["", *events, ""]
    met: dict[tuple[str, ...], list[int]] = {}
    for at in range(1, len(events) + 1):
        met.setdefault(tuple(calls[at - 1 : at + 2]), []).append(at)
    some = {at for of in met.values() for at in (*of[:2], of[-1])}
    return sorted(some | set(range(max(1, len(events) - 7), len(events) + 1)))


def judged(bench: Bench, old: dict[str, dict[str, str]], new: dict[str, dict[str, str]], code: int) -> str:
    """What is wrong with what stands there after one refusal; nothing is the old or the new, whole."""
    if code not in {0, 1, 2, 3}:
        return "exit code"
    now = bench.outputs()
    if more := set(now) - set(old) - set(new):
        return f"neither old nor new: {sorted(more)}"
    for output in sorted(set(old) | set(new)):
        there, wanted = now.get(output, {}), new.get(output, {})
        if there != old.get(output, {}):
            if set(there) != set(wanted):
                return f"{output} has {sorted(there)}, and new is {sorted(wanted)}"
            if half := [p.name for p in files(bench.place / output) if not whole(p)]:
                return f"half: {half}"
    others = [p.name for p in bench.place.iterdir() if p.name not in now and not p.name.endswith(LOCK)]
    return "" if all(map(temporary, others)) else f"left: {others}"


def files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]


@pytest.mark.parametrize("name", QUICK)
def test_a_fault_leaves_the_old_or_the_new(name, made, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    attack(name, tmp_path, made, sample=True)


@pytest.fixture(scope="session")
def shim(tmp_path_factory) -> Path:
    """`refusing.c`, built; the test is for Linux with a compiler of C."""
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("no compiler of C for Linux")
    built = tmp_path_factory.mktemp("shim") / "refusing.so"
    source = Path(__file__).with_name("refusing.c")
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", built, source, "-ldl"], check=True)
    return built


class Refused:
    """A process with `refusing.c` in it, which tries one command after another: loading the libraries once saves minutes."""

    def __init__(self, shim: Path) -> None:
        self.shim, self.process = shim, None

    def ask(self, name: str, root: Path, made: dict[str, str]) -> dict[str, object]:
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.safety.test_faults"],
                env={**os.environ, "LD_PRELOAD": str(self.shim)},
                cwd=Path(__file__).resolve().parents[2],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        print(json.dumps([name, str(root), made]), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline() or '{"wrong": "the process ended"}')

    def end(self) -> None:
        if self.process is not None:
            self.process.communicate()


@pytest.fixture(scope="session")
def refused(shim):
    server = Refused(shim)
    yield server
    server.end()


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_every_refused_call_to_the_system_leaves_the_old_or_the_new(name, made, refused, tmp_path):
    """Those of polars, DuckDB and Arrow too: each write, name, folder and flush below the folder of the output."""
    arguments(name, tmp_path, made)  # the inputs are made here
    if SEEDS.get(name):
        made[SEEDS[name]]
    told = refused.ask(name, tmp_path, made)
    assert not told.get("wrong"), told["wrong"]
    assert told["steps"] >= 2


def each_command():
    """Every command: its words, its options and arguments, and the names of those that take a path."""
    import typer.main

    from bds_tool.cli import main as program

    def walk(command, path=()):
        if hasattr(command, "commands"):
            for name, inner in command.commands.items():
                yield from walk(inner, (*path, name))
            return
        hints = inspect.signature(inspect.unwrap(command.callback), eval_str=True).parameters
        yield path, command.params, {n for n, p in hints.items() if "Path" in str(p.annotation)}

    return walk(typer.main.get_command(program.build()))


def written() -> set[tuple[str, str]]:
    """Every option and argument of every command that names what is written."""
    from bds_tool.cli.outputs import WRITTEN, WRITTEN_BY

    found = {("convert", "paths")}
    for path, params, paths in each_command():
        out = WRITTEN | WRITTEN_BY.get(path[-1], set())
        found |= {(" ".join(path), p.name) for p in params if p.name in out and p.name in {*paths, "report"}}
    return found


def test_every_option_that_writes_is_tried():
    """What a command writes stands in the table as OUT, or here with the reason why not."""
    import typer.main

    from bds_tool.cli import main as program

    without = {
        ("doctor", "output"): "tells of this machine; written as `rule`",
        ("spec check", "output"): "judges all definitions, minutes for its steps; written as `spec diff`",
        (
            "open",
            "folder",
        ): "a page that stays open; keeps results with the same functions (tests/export/desk)",
        ("zib profiles", "output"): "wants the packages of Nictiz; two files by `atomic_file`",
        ("zib conform", "output"): "wants resources of others; written as `zib check`",
    }
    root, tried = typer.main.get_command(program.build()), set()
    for words in COMMANDS.values():
        command, path, rest = root, [], list(words)
        while hasattr(command, "commands"):
            command = command.commands[rest[0]]
            path.append(rest.pop(0))
        context = command.make_context(" ".join(path), rest, resilient_parsing=True)
        for name, value in context.params.items():
            given = [str(v) for v in (value if isinstance(value, list | tuple) else [value])]
            if any(v.rpartition("=")[2] == "OUT" for v in given):
                tried.add((" ".join(path), name))
    missing = written() - tried - set(without)
    assert not missing, sorted(missing)
    assert set(without) <= written()


#: Options and arguments with a path that only read what is there.
READ = {
    "add", "after", "answers", "areas", "base", "baseline", "before", "config", "data", "definition", "description", "earlier", "extra",
    "file", "findings", "folder", "geometry", "joins", "key_file", "left", "like", "own", "package", "paths", "population", "previous",
    "read", "record", "repairs", "request", "residents", "result", "results", "right", "settings", "source", "store", "wanted", "xsd",
}  # fmt: skip


def test_every_option_with_a_path_reads_or_writes():
    """A new option with a path is said to be one of the two; one that writes and is not said to would not be tried above."""
    paths = {(" ".join(path), name) for path, _, paths in each_command() for name in paths}
    unknown = {w for w in paths if w[1] not in READ} - written()
    assert not unknown, sorted(unknown)


def serve() -> None:
    """Try each command that is asked for on stdin, and answer on what was stdout: that is for the commands now."""
    from .writing import NativeFaults

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        name, root, made = json.loads(line)
        tempfile.tempdir = root
        try:
            told = {"steps": attack(name, Path(root), made, sample=False, faults=NativeFaults())}
        except BaseException:  # noqa: BLE001  # whatever it is, it is the answer
            told = {"wrong": traceback.format_exc()[-6000:]}
        print(json.dumps(told), file=answers, flush=True)


if __name__ == "__main__":
    serve()
