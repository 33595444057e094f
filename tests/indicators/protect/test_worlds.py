"""Two worlds that differ in a hidden count and in nothing that is shown: what leaves the house is the same, to the byte.

Who knows this program and its policies can try every world that fits what is shown, and strike out those that would have been
published otherwise (which rows are hidden tells as well). For every sensitive count tried a world must be left in which it is
another. Not for the least count that may be hidden (zero, or one where zeros are shown): it cannot shield what is beside it, so
more is hidden there, and that may tell it apart (docs/uitleg/bescherming.md). For the others nearly always: how many lack a
twin is bounded by what was measured.
"""

from __future__ import annotations

import zipfile

import numpy as np
import polars as pl
import pytest
from attack_script import KEY
from burglar import found_out
from worlds import FAMILIES, World, told

from bds_tool.base.errors import WithheldError
from bds_tool.protect.policy import load_policy, policy_files
from bds_tool.protect.releases import run_result

POLICIES = [p for p in policy_files() if load_policy(p).method != "cellkey"]
SMALL = {"wijken": 2, "most": 60}


def files(path):
    return {p.relative_to(path).as_posix(): content(p) for p in sorted(path.rglob("*")) if p.is_file()}


def content(path):
    """The bytes; of a workbook those of its parts, without the moment at which it was made."""
    if path.suffix != ".xlsx":
        return path.read_bytes()
    with zipfile.ZipFile(path) as book:
        return {n: book.read(n) for n in book.namelist() if n != "docProps/core.xml"}


def published(folder, name, seed, family, policy, change=None):
    source = told(folder / f"{name}.result", seed, family, change, **SMALL)
    out = folder / f"{name}.veilig.result"
    run_result(source.path, policy, out, replace=True)
    return source, out


def without_a_twin(folder, seed, family, policy, most):
    """Sensitive counts of which no world was found with another count and the same publication; and how many were tried.

    A world keeps how many children each wijk, year and sex has. So a complement of which a shown zero above it tells the
    numerator has none; the intruder, who knows residents as a ceiling alone, must then still have values to choose from.
    """
    policy = load_policy(policy)
    source, out = published(folder, "a", seed, family, policy)
    frame = pl.read_parquet(out / "counts.parquet")
    world = World(seed, family, frame, policy, source.meta["definitions"], **SMALL)
    chance, same = np.random.default_rng(seed), files(out)
    tried = sorted(k for k, (_, value) in world.secret.items() if value > policy.lower)
    tried = [tried[i] for i in chance.permutation(len(tried))[:most]]
    lacking = [k for k in tried if not _twin(folder, world, k, seed, family, policy, same, chance)]
    if lacking:
        found, _ = found_out(out, source.meta["relations"], source.counts().collect())
        exact = [
            (dict(zip(KEY, key, strict=True)), i, side) for i, side, key, low, high, _ in found if low == high
        ]
        known = {(i, k["area"], k["period"], k["sex"], side) for k, i, side in exact}
        assert not known & set(lacking)
    return lacking, len(tried)


#: Worlds tried per other value.
TRIES = 8


def _twin(folder, world, key, seed, family, policy, same, chance):
    value = world.secret[key][1]
    others = [o for o in (value + 1, value - 1, value + 2, value + 3, value - 2) if o >= 0]
    for _ in range(TRIES):
        for other in list(others):
            kids = world.twin(key, other, chance)
            if kids is None:
                others.remove(other)
                continue
            try:
                _, out = published(folder, "b", seed, family, policy, lambda _, kids=kids: kids)
            except WithheldError:
                world.failed()
                continue
            if files(out) == same:
                return True
            world.failed(pl.read_parquet(out / "counts.parquet"))
    return False


@pytest.mark.parametrize(
    ("family", "policy"),
    [
        ("feeding", "ncj-strict"),
        ("contacts", "cbs-output"),
        ("referred", "nhs"),
    ],
)
def test_a_sensitive_count_may_be_another_and_all_that_is_published_the_same(tmp_path, family, policy):
    lacking, tried = without_a_twin(tmp_path, 1, family, policy, 3)
    assert tried == 3
    assert lacking == []


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("family", list(FAMILIES))
@pytest.mark.parametrize("seed", [1, 2])
def test_of_many_counts_under_every_policy(tmp_path, seed, family, policy):
    lacking, tried = without_a_twin(tmp_path, seed, family, policy, 15)
    assert tried > 5
    assert len(lacking) <= tried / 5


def test_every_form_is_made_of_the_published_folder_alone(tmp_path, bds):
    """Twins with the same folder give the same table, workbook, site and book: nothing else is read."""
    policy = load_policy("ncj-strict")
    source, out = published(tmp_path, "a", 1, "feeding", policy)
    world = World(
        1, "feeding", pl.read_parquet(out / "counts.parquet"), policy, source.meta["definitions"], **SMALL
    )
    chance = np.random.default_rng(1)
    key = next(
        k for k in sorted(world.secret) if _twin(tmp_path, world, k, 1, "feeding", policy, files(out), chance)
    )
    assert key
    other = tmp_path / "b.veilig.result"
    told_apart = pl.read_parquet(tmp_path / "a.result" / "counts.parquet")
    assert not told_apart.equals(pl.read_parquet(tmp_path / "b.result" / "counts.parquet"))
    made = []
    for number, path in enumerate((out, other)):
        same = tmp_path / str(number) / "cijfers.result"
        same.parent.mkdir()
        path.rename(same)
        assert bds("report", "table", same, "-o", same.parent / "t.csv").code == 0
        assert bds("report", "site", same, "-o", same.parent / "site").code == 0
        made.append(files(same.parent))
    assert made[0].keys() == made[1].keys()
    assert [n for n in made[0] if made[0][n] != made[1][n]] == []
