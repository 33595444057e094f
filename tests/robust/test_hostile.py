"""Every hostile input ends as the index of `hostile.py` says: a code, no traceback, nothing outside, nothing told."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import SAMPLES
from .hostile import INDEX, Attack
from .hostile_more import MORE

TABLE = SAMPLES / "schoon" / "tabel-4.1.3" / "lang.csv"
#: What one small file may take, in seconds of processor time: a run of nothing takes 250 MB, and the machine of the tests
#: may be busy, so the clock is only a stop for what never ends.
SECONDS, MEGABYTES, NEVER = 60, 1000, 600
LIGHT = [a for a in INDEX if not a.heavy]
HEAVY = [a for a in INDEX if a.heavy]
#: Heavy ones that also run in the normal suite, one of each kind.
SAMPLE = {"werkboek/hoek", "json/steeds-nieuwe-sleutels", "parquet/miljoenen-nullen", "kop/a-s"}


def name(attack: Attack) -> str:
    return f"{attack.kind}/{attack.name}"


class Scene:
    """A folder `diep` with the input in `in` and the output in `uit`: what appears beside them escaped."""

    def __init__(self, attack: Attack, root: Path) -> None:
        self.root, self.given, self.out = (
            root / "plek",
            root / "plek" / "diep" / "in",
            root / "plek" / "diep" / "uit",
        )
        for folder in (self.given, self.out):
            folder.mkdir(parents=True)
        attack.make(self.given)
        self.before = self.around()

    def around(self) -> list[str]:
        return sorted(
            str(p) for folder in (self.root, self.root.parent, self.out.parent) for p in folder.iterdir()
        )

    def words(self, command: tuple[str, ...]) -> list[str]:
        places = {"IN": self.given, "OUT": self.out, "SAMPLE": TABLE}

        def placed(word: str) -> str:
            head, slash, rest = word.partition("/")
            return f"{places[head]}{slash}{rest}" if head in places else word

        return [placed(w) for w in command]


def judge(attack: Attack, scene: Scene, command: tuple[str, ...], code: int, said: str) -> None:
    assert code in attack.codes, (command, code, said[-400:])
    assert "Traceback" not in said
    assert "panicked" not in said
    assert "\x1b" not in said
    assert {w for w in attack.hidden if w.lower() in said.lower()} == set(), command
    assert scene.around() == scene.before, "nothing was written outside the output"
    assert said.strip() or "-q" in command


@pytest.mark.parametrize("attack", LIGHT, ids=name)
def test_a_hostile_input_ends_as_the_index_says(attack, tmp_path, bds, monkeypatch):
    scene = Scene(attack, tmp_path)
    monkeypatch.chdir(scene.root)
    place = LIGHT.index(attack)
    first, rest = attack.commands[0], attack.commands[1:]
    # One of its commands, another for every attack; `test_every_command…` runs them all.
    for command in (
        {first, rest[place % len(rest)] if rest else first}
        if place % 3 == 0 or not rest
        else {(first, *rest)[place % (1 + len(rest))]}
    ):
        told = bds(*scene.words(command))
        judge(attack, scene, command, told.code, told.out + told.err)


@pytest.mark.slow
@pytest.mark.parametrize("attack", LIGHT, ids=name)
def test_every_command_on_a_hostile_input(attack, tmp_path, bds, monkeypatch):
    scene = Scene(attack, tmp_path)
    monkeypatch.chdir(scene.root)
    for command in attack.commands:
        told = bds(*scene.words(command))
        judge(attack, scene, command, told.code, told.out + told.err)


@pytest.mark.parametrize(
    "attack",
    [pytest.param(a, marks=[] if name(a) in SAMPLE else [pytest.mark.slow], id=name(a)) for a in HEAVY],
)
def test_one_small_file_takes_little(attack, tmp_path, process):
    scene = Scene(attack, tmp_path)
    run = process(*scene.words(attack.commands[0]), limit=NEVER)
    judge(attack, scene, attack.commands[0], run.code, run.said)
    assert run.megabytes < MEGABYTES
    assert run.cpu < SECONDS


def test_each_kind_has_three():
    kinds = [a.kind for a in INDEX]
    assert {k: kinds.count(k) for k in kinds if kinds.count(k) < 2} == {}
    assert len(INDEX) > 150
    again = [a.kind for a in MORE]
    assert {k: again.count(k) for k in kinds if again.count(k) < 3} == {}
