"""A round over organisations: the sealed sum is the plain sum, one answer alone is noise, and what is amiss is told."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bds_tool.base.errors import UnreadableError, UsageError, UserError
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.indicators.merge import add_results, merge
from bds_tool.indicators.output import metadata
from bds_tool.indicators.result import BREAKDOWNS, TOTAL, read_result, write_result
from bds_tool.indicators.rounds import adding, answer, frame
from bds_tool.indicators.rounds.cells import cells
from bds_tool.indicators.rounds.masking import Keys, mask, stream
from bds_tool.indicators.rounds.request import new, read
from bds_tool.store.store import Store

#: A proportion, a mean and one with a population of another view.
CHOSEN = ["BF-BIRTH", "BW-LOW", "SMOKE-HOME"]
AREAS = ["GM0363", "GM0034", "GM0392"]
TODAY, AFTER = date(2026, 11, 1), date(2026, 12, 2)
KEY = ["indicator", "level", "area", "period", *BREAKDOWNS]


def plan() -> Plan:
    means = [i.id for i in choose([]) if i.kind == "gemiddelde"][:1]
    return Plan(
        choose([*CHOSEN, *means]), Settings(2024, 2025, date(2025, 12, 31)), levels=["gemeente"], by=["sex"]
    )


def request(names, *, sealed=True):
    return new(
        plan(),
        title="Proef",
        organiser="NCJ",
        participants=names,
        deadline=date(2026, 12, 1),
        policy="ncj-strict",
        sealed=sealed,
    )


def result(target: Path, seed: int, areas=AREAS):
    """Invented counts of one organisation, with margins that add up, in the form that `indicator compute` writes."""
    draw = np.random.default_rng(seed)
    rows = []
    for i in plan().indicators:
        mean = i.kind == "gemiddelde"
        for area in [*areas, TOTAL]:
            for period in ("2024", "2025", "2024-2025"):
                for sex in ("M", "V", TOTAL):
                    n = int(draw.integers(0, 4 if area != TOTAL else 900))
                    rows.append({
                        "indicator": i.id, "level": "land" if area == TOTAL else "gemeente", "area": area,
                        "area_name": area, "parent": None if area == TOTAL else TOTAL, "period": period, "sex": sex,
                        "education": TOTAL, "age": TOTAL, "origin": TOTAL, "mother_age": TOTAL,
                        "n": n, "x": None if mean else int(draw.integers(0, n + 1)), "missing": int(draw.integers(0, 5)),
                        "value": None, "lower": None, "upper": None, "method": None, "status": "onbeschermd",
                        "sum": round(float(draw.normal(500, 99)) * n, 6) if mean else None,
                        "sum2": round(float(draw.normal(9e5, 99)) * n, 4) if mean else None,
                        "left_out": int(draw.integers(-2, 3)) if seed % 2 else None,
                        "x_with": float(draw.integers(0, 9)) if seed % 2 else None,
                        "not_delivered": int(draw.integers(0, 3)),
                    })  # fmt: skip
    frame = pl.DataFrame(rows, infer_schema_length=None)
    meta = metadata(
        plan(),
        [{"path": "x.csv", "sha256": f"{seed}", "bds": "4.1.3"}],
        {"division": "2024"},
        reference="land",
    )
    return write_result(target, frame, meta)


@pytest.fixture
def counted(monkeypatch):
    """Counting itself is tested elsewhere: a store here is a number, and its counts are invented from that."""
    invent(monkeypatch)


def invent(monkeypatch) -> None:
    every = [("land", TOTAL, None, TOTAL), *(("gemeente", a, TOTAL, a) for a in AREAS)]
    monkeypatch.setattr(answer, "compute", lambda _r, store, target, _a, _y: result(target, *store))
    monkeypatch.setattr(frame, "places", lambda *_: every)


class Round:
    """A sealed round in a folder: everybody joined."""

    def __init__(self, folder: Path, names, areas=None) -> None:
        self.folder, self.names = folder, names
        asked = request(names)
        for n, name in enumerate(names):
            own = (100 + n, areas[n]) if areas else (100 + n,)
            answer.join(asked, name, own, folder / f"{name}.eigen", folder / f"{name}.json", [], None)
        asked = adding.start(asked, [folder / f"{name}.json" for name in names])
        asked.write(folder / "ronde.json")
        self.request = read(folder / "ronde.json")

    def answer(self, names=None) -> list[Path]:
        for name in names or self.names:
            answer.answer_sealed(self.request, self.own(name), self.out(name), TODAY)
        return [self.out(name) for name in names or self.names]

    def own(self, name):
        return self.folder / f"{name}.eigen"

    def out(self, name):
        return self.folder / f"{name}.antwoord"

    def plain(self, names) -> pl.DataFrame:
        return add_results([read_result(self.own(n) / "eigen.result") for n in names])


def same(sealed: Path, plain: Path) -> None:
    """All columns of two results, exact counts and sums to 1e-9; cells in which nobody is count as no cells."""
    frames = [
        read_result(p)
        .counts()
        .filter(
            pl.any_horizontal(
                pl.col(c).fill_null(0) != 0 for c in ("n", "missing", "left_out", "not_delivered")
            )
        )
        .sort(KEY)
        .collect()
        for p in (sealed, plain)
    ]
    assert frames[0].height == frames[1].height > 20
    for column in frames[0].columns:
        one, other = (f[column].to_list() for f in frames)
        if frames[0][column].dtype == pl.Float64:
            assert [v is None for v in one] == [v is None for v in other], column
            known = [[v for v in values if v is not None] for values in (one, other)]
            assert known[0] == pytest.approx(known[1], rel=1e-9, nan_ok=True), column
        else:
            assert one == other, column


@settings(max_examples=4, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(many=st.integers(3, 6), data=st.data())
def test_the_sealed_sum_is_the_plain_merge(many, data, tmp_path_factory, monkeypatch):
    invent(monkeypatch)
    names = [f"JGZ {n}" for n in range(many)]
    areas = [data.draw(st.lists(st.sampled_from(AREAS), min_size=1, unique=True)) for _ in names]
    done = Round(tmp_path_factory.mktemp("ronde"), names, areas)
    made, found = adding.add(done.request, done.answer(), [], done.folder / "som.result")
    assert made is not None
    assert not found.missing
    merge([done.own(n) / "eigen.result" for n in names], done.folder / "open.result")
    same(done.folder / "som.result", done.folder / "open.result")


def uniform(numbers: np.ndarray) -> float:
    """Chi-square over all bytes, as distance from its mean in standard deviations (255 degrees of freedom)."""
    seen = np.bincount(np.frombuffer(numbers.astype("<u8").tobytes(), np.uint8), minlength=256)
    expected = seen.sum() / 256
    return float((((seen - expected) ** 2 / expected).sum() - 255) / np.sqrt(2 * 255))


def test_one_answer_alone_is_noise_and_so_is_the_sum_of_all_but_one(counted, tmp_path):
    done = Round(tmp_path, ["A", "B", "C", "D"])
    payload = [np.fromfile(p / "gemaskeerd.bin", "<u8") for p in done.answer()]
    for numbers in [*payload, payload[0] + payload[1], sum(payload[:3], np.zeros_like(payload[0]))]:
        assert abs(uniform(numbers)) < 5
        # No cell is what it is in the clear, and no two cells are equal, though nearly all counts are.
        assert len(np.unique(numbers)) == len(numbers)
        bits = np.unpackbits(numbers.view(np.uint8)).mean()
        assert abs(bits - 0.5) < 5 * 0.5 / np.sqrt(64 * len(numbers))
    every = cells(done.request)
    plain = sum(payload, np.zeros_like(payload[0])).view(np.int64)
    assert np.abs(plain[: every.height]).max() < 10_000, "the sum of all can be read"
    assert uniform(plain.view(np.uint64)) > 100, "the test tells counts from noise"


def test_thirty_five_organisations_two_missing_one_altered(counted, tmp_path):
    names = [f"JGZ {n:02}" for n in range(35)]
    done = Round(tmp_path, names)
    answers = done.answer(names[:33])
    broken = bytearray((answers[4] / "gemaskeerd.bin").read_bytes())
    broken[1000] ^= 1
    (answers[4] / "gemaskeerd.bin").write_bytes(broken)
    made, found = adding.add(done.request, answers, [], tmp_path / "som.result")
    assert made is None
    assert found.missing == [names[4], names[33], names[34]]
    assert [n for n, _ in found.refused] == [names[4]]
    adding.ask_repair(done.request, found, tmp_path / "herstel.json")
    left = [n for n in names if n not in found.missing]
    with pytest.raises(UsageError, match="2026-12-01"):
        answer.repair(done.request, tmp_path / "herstel.json", done.own(left[0]), tmp_path / "h", TODAY)
    for n in left:
        answer.repair(done.request, tmp_path / "herstel.json", done.own(n), tmp_path / f"{n}.herstel", AFTER)
    repairs = [tmp_path / f"{n}.herstel" for n in left]
    assert adding.add(done.request, answers, repairs[1:], tmp_path / "som.result")[0] is None, "all must help"
    made, _ = adding.add(done.request, answers, repairs, tmp_path / "som.result")
    assert made is not None
    merge([done.own(n) / "eigen.result" for n in left], tmp_path / "open.result")
    same(tmp_path / "som.result", tmp_path / "open.result")
    with pytest.raises(UsageError, match="2026-12-01"):
        answer.answer_sealed(done.request, done.own(names[34]), tmp_path / "laat", AFTER)
    with pytest.raises(UsageError, match="eigen antwoord"):
        answer.repair(done.request, tmp_path / "herstel.json", done.own(names[4]), tmp_path / "h2", AFTER)


def manifest(folder: Path, **changes) -> None:
    told = json.loads((folder / "antwoord.json").read_text())
    (folder / "antwoord.json").write_text(json.dumps(told | changes))


def test_what_was_altered_is_refused(counted, tmp_path):
    done = Round(tmp_path, ["A", "B", "C", "D"])
    answers = done.answer()

    def refused(change) -> list[tuple[str, str]]:
        shutil.copytree(answers[1], tmp_path / "b")
        change(tmp_path / "b")
        made, found = adding.add(
            done.request, [answers[0], tmp_path / "b", *answers[2:]], [], tmp_path / "som.result"
        )
        shutil.rmtree(tmp_path / "b")
        assert made is None
        assert not (tmp_path / "som.result").exists()
        return found.refused

    assert refused(lambda f: manifest(f, created="2026-10-30"))
    assert refused(lambda f: manifest(f, name="A"))
    assert refused(lambda f: manifest(f, signature="00" * 64))
    assert refused(lambda f: manifest(f, signature="geen"))
    assert refused(lambda f: (f / "gemaskeerd.bin").unlink())
    assert refused(lambda f: (f / "gemaskeerd.bin").write_bytes(b""))
    with pytest.raises(UnreadableError):
        refused(lambda f: manifest(f, name="E"))
    shutil.rmtree(tmp_path / "b")
    # The whole answer of another round, and one of C in the name of B.
    other = Round(tmp_path / "anders", ["A", "B", "C", "D"])
    foreign = other.answer(["B"])[0]
    made, found = adding.add(done.request, [answers[0], foreign, *answers[2:]], [], tmp_path / "som.result")
    assert made is None
    assert found.refused


def test_double_answers(counted, tmp_path):
    done = Round(tmp_path, ["A", "B", "C", "D"])
    answers = done.answer()
    shutil.copytree(answers[1], tmp_path / "nog eens")
    made, found = adding.add(done.request, [*answers, tmp_path / "nog eens"], [], tmp_path / "som.result")
    assert made is not None, "the same answer twice counts once"
    # Other counts a second time: the participant itself refuses, for the difference could be read.
    shutil.rmtree(done.own("B") / "eigen.result")
    result(done.own("B") / "eigen.result", 999)
    with pytest.raises(UsageError, match="verschil"):
        answer.answer_sealed(done.request, done.own("B"), tmp_path / "b2", TODAY)
    # Who gets round that is refused by the one who adds up.
    secret = json.loads((done.own("B") / "geheim.json").read_text())
    del secret["answer"]
    (done.own("B") / "geheim.json").write_text(json.dumps(secret))
    answer.answer_sealed(done.request, done.own("B"), tmp_path / "b2", TODAY)
    made, found = adding.add(done.request, [*answers, tmp_path / "b2"], [], tmp_path / "som2.result")
    assert made is None
    assert found.missing == ["B"]


def test_a_request_whose_keys_were_changed_is_not_answered(counted, tmp_path):
    done = Round(tmp_path, ["A", "B", "C"])
    keys = dict(done.request.keys) | {"A": Keys.fresh().public()}
    with pytest.raises(UsageError, match="andere dan hier"):
        answer.answer_sealed(replace(done.request, keys=keys), done.own("A"), tmp_path / "x", TODAY)
    others = dict(done.request.keys) | {"B": Keys.fresh().public()}
    assert replace(done.request, keys=others).fingerprint != done.request.fingerprint
    weak = dict(done.request.keys) | {"B": {"mask": "00" * 32, "sign": done.request.keys["B"]["sign"]}}
    with pytest.raises(UsageError, match="sleutel"):
        answer.answer_sealed(replace(done.request, keys=weak), done.own("A"), tmp_path / "x", TODAY)


def test_masks_cancel_and_belong_to_one_request():
    names = ["A", "B", "C", "D"]
    keys = {n: Keys.fresh() for n in names}
    public = {n: k.public() for n, k in keys.items()}
    masks = [mask(keys[n], n, names, public, b"a" * 32, 1000) for n in names]
    assert not sum(masks, np.zeros(1000, np.uint64)).any()
    assert masks[0].any()
    assert not np.array_equal(masks[0], mask(keys["A"], "A", names, public, b"b" * 32, 1000))
    ours, theirs = (
        stream(keys["A"], public["B"]["mask"], b"a", 9),
        stream(keys["B"], public["A"]["mask"], b"a", 9),
    )
    assert np.array_equal(ours, theirs)


def copied(key: str) -> list[str]:
    """The mask key of another, and two others with the same secret: the highest bit is not read, and P + (0, 0) has 1/u."""
    prime, u = 2**255 - 19, int.from_bytes(bytes.fromhex(key), "little")
    others = [u, u | 1 << 255, pow(u, -1, prime)]
    return [n.to_bytes(32, "little").hex() for n in others]


@pytest.mark.parametrize("way", range(3))
def test_a_copied_key_does_not_cancel_the_mask_of_a_third(way):
    """RFC 7748 §7. C stands between A and B: were both streams one, C would hand in its counts in the clear."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    keys = {n: Keys.fresh() for n in "AC"}
    public = {n: k.public() for n, k in keys.items()}
    fake = copied(public["A"]["mask"])[way]
    secrets = {
        X25519PrivateKey.from_private_bytes(keys["C"].mask).exchange(
            X25519PublicKey.from_public_bytes(bytes.fromhex(k))
        )
        for k in (fake, public["A"]["mask"])
    }
    assert len(secrets) == 1, "the attack is one: both keys give C the same secret"
    every = public | {"B": public["A"] | {"mask": fake}}
    noise = mask(keys["C"], "C", ["A", "C", "B"], every, b"r" * 32, 4096)
    assert abs(uniform(noise)) < 5
    order = mask(keys["C"], "C", ["C", "A", "B"], every, b"r" * 32, 4096)
    assert 0.4 < (order & np.uint64(1)).mean() < 0.6, (
        "nor is a number twice the same: its last bit would be clear"
    )


def test_two_joins_with_one_key_are_refused(counted, tmp_path):
    asked = request(["A", "B", "C"])
    for n in "ABC":
        answer.join(asked, n, (1,), tmp_path / f"{n}.eigen", tmp_path / f"{n}.json", [], None)
    told = json.loads((tmp_path / "A.json").read_text())
    (tmp_path / "B.json").write_text(json.dumps(told | {"name": "B"}))
    with pytest.raises(UsageError, match="sleutel"):
        adding.start(asked, [tmp_path / f"{n}.json" for n in "ABC"])


def test_a_signature_key_is_that_of_its_standard():
    """RFC 8032 §7.1, test 1."""
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = Keys(Keys.fresh().mask, secret).public()
    assert public["sign"] == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


def test_too_few_is_no_sealed_round(counted, tmp_path):
    with pytest.raises(UsageError, match="drie"):
        request(["A", "B"])
    with pytest.raises(UsageError, match="twee keer"):
        request(["A", "A", "B"])
    done = Round(tmp_path, ["A", "B", "C"])
    answers = done.answer(["A", "B"])
    with pytest.raises(UsageError, match="drie"):
        adding.add(done.request, answers, [], tmp_path / "som.result")
    with pytest.raises(UsageError, match="aanmelding van C"):
        adding.start(replace(done.request, keys={}), [tmp_path / "A.json", tmp_path / "B.json"])
    with pytest.raises(UsageError, match="Twee aanmeldingen"):
        adding.start(replace(done.request, keys={}), [tmp_path / "A.json"] * 2)


def test_an_open_round(counted, tmp_path):
    asked = request(["A", "B", "C"], sealed=False)
    outs = []
    for n, name in enumerate(asked.participants):
        outs.append(tmp_path / f"{name}.antwoord")
        told = answer.answer(asked, name, (100 + n,), outs[-1], [], None, TODAY)
        assert {f["file"] for f in told["files"]} | {"antwoord.json", "LEES-MIJ.md", ".bds-output"} == {
            p.relative_to(outs[-1]).as_posix()
            for p in outs[-1].rglob("*")
            if p.is_file() and p.parent.name != ""
        } - {"eigen.result/.bds-output"}
    made, _ = adding.add(asked, outs[:2], [], tmp_path / "som.result")
    assert made is None
    assert adding.add(asked, outs[:2], [], tmp_path / "som.result", allow_missing=True)[0] is not None
    made, _ = adding.add(asked, outs, [], tmp_path / "som3.result")
    merge([o / "eigen.result" for o in outs], tmp_path / "open.result")
    same(tmp_path / "som3.result", tmp_path / "open.result")
    file = outs[0] / "eigen.result" / "counts.parquet"
    pl.read_parquet(file).with_columns(pl.col("n") + 1).write_parquet(file)
    made, found = adding.add(asked, outs, [], tmp_path / "som4.result")
    assert made is None
    assert [n for n, _ in found.refused] == ["A"]
    with pytest.raises(UsageError, match="2026-12-01"):
        answer.answer(asked, "A", (1,), tmp_path / "laat", [], None, AFTER)
    with pytest.raises(UsageError, match="geen deelnemer"):
        answer.answer(asked, "E", (1,), tmp_path / "vreemd", [], None, TODAY)


def test_an_open_answer_counts_what_was_asked_and_what_can_be(counted, tmp_path):
    """By somebody who also makes the list again, so that all hashes hold."""
    asked = request(["A", "B", "C"], sealed=False)
    outs = [tmp_path / f"{n}.antwoord" for n in "ABC"]
    for n, out in enumerate(outs):
        answer.answer(asked, "ABC"[n], (100 + n,), out, [], None, TODAY)

    def handed_in(rows=None, meta=None) -> list[str]:
        shutil.copytree(outs[0], tmp_path / "a")
        place = tmp_path / "a" / "eigen.result"
        if rows is not None:
            rows(pl.read_parquet(place / "counts.parquet")).write_parquet(place / "counts.parquet")
        if meta is not None:
            told = json.loads((place / "_result.json").read_text())
            meta(told)
            (place / "_result.json").write_text(json.dumps(told))
        told = json.loads((tmp_path / "a" / "antwoord.json").read_text())
        for file in told["files"]:
            file["sha256"] = answer.sha256(tmp_path / "a" / file["file"])
        (tmp_path / "a" / "antwoord.json").write_text(json.dumps(told))
        found = adding.received(asked, [tmp_path / "a", *outs[1:]])
        shutil.rmtree(tmp_path / "a")
        return [name for name, _ in found.refused]

    first = pl.int_range(pl.len()) == 0

    def put(column, value):
        return lambda f: f.with_columns(pl.when(first).then(value).otherwise(pl.col(column)).cast(f.schema[column]).alias(column))  # fmt: skip

    assert not handed_in(rows=put("n", pl.col("n") + 1)), "another number can be"
    for column, value in (
        ("n", -1), ("n", 10**12), ("n", None), ("missing", -5), ("indicator", pl.lit("ANDERS")), ("level", pl.lit("wijk")),
        ("period", pl.lit("1999")), ("area_name", None), ("status", pl.lit("ok")), ("age", pl.lit("4")),
    ):  # fmt: skip
        assert handed_in(rows=put(column, value)) == ["A"], column
    assert handed_in(rows=lambda f: pl.concat([f, f.head(1)])) == ["A"]
    share = pl.col("x").is_not_null()
    assert handed_in(rows=lambda f: f.with_columns(pl.when(share).then(pl.col("n") + 1).alias("x"))) == ["A"]
    assert handed_in(meta=lambda m: m["settings"].update(clothes="deduct")) == ["A"]
    assert handed_in(meta=lambda m: m.update(objections_kept=True)) == ["A"]
    assert handed_in(meta=lambda m: m.update(doubt={"judged": False})) == ["A"]
    assert handed_in(meta=lambda m: m["period"].update({"from": 1999})) == ["A"]
    assert handed_in(meta=lambda m: m["definitions"].popitem()) == ["A"]
    assert handed_in(meta=lambda m: m.update(status="beschermd")) == ["A"]
    assert handed_in(meta=lambda m: m.update(settings=3)) == ["A"]


def test_what_protects_the_sum_is_not_said_by_who_answered(counted, tmp_path):
    asked = request(["A", "B"], sealed=False)
    outs = [tmp_path / f"{n}.antwoord" for n in "AB"]
    for n, out in enumerate(outs):
        answer.answer(asked, "AB"[n], (100 + n,), out, [], None, TODAY)
    place = outs[0] / "eigen.result" / "_result.json"
    told = json.loads(place.read_text())
    for d in told["definitions"].values():
        d["sensitivity"] = "laag-gelogen"
    place.write_text(json.dumps(told))
    listed = json.loads((outs[0] / "antwoord.json").read_text())
    listed["files"][1]["sha256"] = answer.sha256(place)
    (outs[0] / "antwoord.json").write_text(json.dumps(listed))
    made, found = adding.add(asked, outs, [], tmp_path / "som.result")
    assert made is not None, found
    assert "gelogen" not in json.dumps(made.meta)


#: What a JSON file of somebody else may hold in any place.
HOSTILE = ["null", "3", "1e999", "NaN", '"\\ud800"', "[]", "{}", '[["a"]]', '{"a": [1]}', "true", '"9999-99-99"', "[" * 3000 + "]" * 3000]  # fmt: skip


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.slow)])
def test_no_file_of_a_round_stops_bds_otherwise_than_with_words(step, counted, tmp_path):
    """Every value of every file of a sealed round, in turn: replaced by each of HOSTILE, and gone. One in nine for everyday."""
    asked = request(["A", "B", "C"])
    asked.write(tmp_path / "verzoek.json")
    done = Round(tmp_path / "r", ["A", "B", "C"])
    out = done.answer(["A"])[0]
    (tmp_path / "herstel.json").write_text(
        json.dumps({"kind": "repair request", "request": done.request.hash, "missing": ["B"]})
    )
    started = tmp_path / "r" / "ronde.json"

    def used(path):
        """What a request is used for, once it was read."""
        found = read(path)
        found.write(tmp_path / "weer.json")
        found.late(TODAY)
        if not found.package:
            found.plan()
            if found.started:
                cells(found)

    tried = {
        tmp_path / "verzoek.json": used,
        started: used,
        tmp_path / "r" / "A.json": lambda p: adding.start(asked_of(done), [p, *(tmp_path / "r" / f"{n}.json" for n in "BC")]),
        out / "antwoord.json": lambda p: adding.received(done.request, [p.parent]),
        tmp_path / "herstel.json": lambda p: answer.wanted_repair(done.request, p),
    }  # fmt: skip
    many = 0
    for path, use in tried.items():
        whole = path.read_text()
        for place in places(json.loads(whole)):
            for word in (*HOSTILE, None):
                many += 1
                if many % step == 0:
                    path.write_text(replaced(whole, place, word))
                    with suppress(UserError):
                        use(path)
        path.write_text(whole)
        use(path)
    assert many > 700


def asked_of(done) -> object:
    return replace(done.request, keys={}, places=(), values={})


def places(value, at=()):
    """The paths of a JSON value; of a list or a map inside another its first two."""
    yield at
    if isinstance(value, dict | list):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        for key in keys[: 2 if at else None]:
            yield from places(value[key], (*at, key))


def replaced(text: str, at: tuple, word: str | None) -> str:
    """The text with the JSON `word` at a path; None: without it."""
    mark = "<-- hier -->"
    told = json.loads(text)
    if not at:
        return word or ""
    holder = told
    for step in at[:-1]:
        holder = holder[step]
    if word is None:
        del holder[at[-1]]
        return json.dumps(told)
    holder[at[-1]] = mark
    return json.dumps(told).replace(json.dumps(mark), word)


def test_other_definitions_are_refused(tmp_path):
    asked = request(["A", "B", "C"])
    other = {k: dict(d) | {"hash": "0" * 16} if k == "BF-BIRTH" else d for k, d in asked.definitions.items()}
    with pytest.raises(UsageError, match="BF-BIRTH"):
        replace(asked, definitions=other).plan()


@pytest.mark.parametrize("wrong", ["", "[]", "{}", '{"bds_round": 2}', '{"bds_round": 1, "id": 3}'])
def test_what_is_no_request(wrong, tmp_path):
    (tmp_path / "r.json").write_text(wrong)
    with pytest.raises(UnreadableError):
        read(tmp_path / "r.json")


def test_from_request_to_protected_result(bds, make_store, tmp_path):
    """All commands, over stores: the protected sum of a sealed round is that of an open one."""
    stores = []
    for n in range(3):
        rows = []
        for k in range(120):
            child = f"{n}-{k}"
            rows += [
                (child, 20, f"2024-05-{1 + k % 28:02}"),
                (child, 19, 1 + k % 2),
                (child, 747, "01" if k % (3 + n) else "03"),
            ]
        stores.append(make_store(rows, f"s{n}"))
    deadline = date.today() + timedelta(days=1)  # noqa: DTZ011
    made = {}
    for mode in ("open", "sealed"):
        place = tmp_path / mode
        place.mkdir()
        words = [
            "-i",
            "BF-BIRTH",
            "--by",
            "sex",
            "--period",
            "2024",
            "--title",
            "Proef",
            "--organiser",
            "NCJ",
            "--participants",
            "A,B,C",
        ]
        more = ["--sealed"] if mode == "sealed" else []
        assert bds("round", "new", "-o", place / "r.json", *words, "--deadline", deadline, *more).code == 0
        assert "BF-BIRTH" in (place / "r.md").read_text()
        asked = place / "r.json"
        if mode == "sealed":
            for n, name in enumerate("ABC"):
                done = bds(
                    "round",
                    "join",
                    asked,
                    stores[n],
                    "--as",
                    name,
                    "--own",
                    place / f"{name}.eigen",
                    "-o",
                    place / f"{name}.json",
                )
                assert done.code == 0, done.err
            assert (
                bds(
                    "round", "start", asked, *(place / f"{n}.json" for n in "ABC"), "-o", place / "ronde.json"
                ).code
                == 0
            )
            asked = place / "ronde.json"
        for n, name in enumerate("ABC"):
            source = place / f"{name}.eigen" if mode == "sealed" else stores[n]
            done = bds("round", "answer", asked, source, "--as", name, "-o", place / name)
            assert done.code == 0, done.err
            assert "deur uit" in done.err
        done = (
            bds(
                "round",
                "merge",
                asked,
                place / "A",
                place / "B",
                "-o",
                place / "uit.result",
                "--ask-repair",
                place / "h.json",
            )
            if mode == "open"
            else None
        )
        assert done is None or (done.code == 1 and "ontbreekt: C" in done.err)
        done = bds("round", "merge", asked, *(place / n for n in "ABC"), "-o", place / "uit.result")
        assert done.code == 0, done.err
        made[mode] = read_result(place / "uit.result").counts().collect().sort(KEY)
    assert made["open"].equals(made["sealed"])
    assert made["open"].filter(pl.col("n") > 0).height


def test_a_join_tells_nothing_of_who_is_in_the_data(make_store, tmp_path):
    """Two organisations: other gemeenten, sexes, ages and countries. Their joins are the same but for name and keys."""
    asked = new(
        Plan(choose(["REACH-IN-CARE"]), Settings(2024, 2024, date(2024, 12, 31)), levels=["gemeente"], by=["sex", "age"]),
        title="Proef", organiser="NCJ", participants=["A", "B", "C"], deadline=date(2026, 12, 1), policy="ncj-strict", sealed=True,
    )  # fmt: skip
    people = {
        "A": [("a", 20, "2023-02-01"), ("a", 19, 1), ("a", 9, "0363"), ("a", 1197, "01")],
        "B": [("b", 20, "2012-02-01"), ("b", 19, 2), ("b", 9, "0034"), ("b", 1197, "01")],
    }
    told = {}
    for name, rows in people.items():
        file = tmp_path / f"{name}.json"
        answer.join(asked, name, Store.open(make_store(rows, name)), tmp_path / name, file, [], None)
        told[name] = json.loads(file.read_text())
        seen = read_result(tmp_path / name / "eigen.result").counts().filter(pl.col("n") > 0).collect()
        assert f"GM{rows[2][2]}" in set(seen["area"])
        assert told[name].keys() == {"bds_round", "kind", "round", "name", "keys", "division", "places"}
    assert told["A"]["places"] == told["B"]["places"]
    assert {"GM0363", "GM0034", "GM1680"} <= {area for _, area, _, _ in told["A"]["places"]}


def test_an_age_that_no_request_names_counts_as_unknown(counted, tmp_path):
    done = Round(tmp_path, ["A", "B", "C"])
    begun = replace(done.request, by=("sex", "age"), values={"sex": ["M", "V"], "age": ["0", "onbekend"]})
    rows = read_result(done.own("A") / "eigen.result").counts().collect().filter(indicator="BF-BIRTH")
    aged = pl.concat(rows.with_columns(age=pl.lit(age)) for age in ("0", "97", "onbekend"))
    folded = frame.within(begun, aged, KEY, ["n"])
    assert set(folded["age"]) == {"0", "onbekend"}
    assert folded.filter(age="onbekend")["n"].sum() == 2 * rows["n"].sum()


def children(name: str, many: int) -> list[tuple]:
    """Seen in 2023, 2024 or 2025, at one of two schools; every third brushes; mothers with one of three educations."""
    rows = []
    for k in range(many):
        child, year = f"{name}{k}", 2023 + k % 3
        day = f"{year}-05-01"
        rows += [(child, 20, f"{year - 8}-03-01"), (child, 19, 1 + k % 2), (child, 16, "1011AA")]
        rows += [(child, 62, "02"), (child, 66, f"0{5 + k % 3}"), (child, 605, ("12AB", "34CD00")[k % 2])]
        rows += [(child, 724, day, day), (child, 1605, "01", day), (child, 188, "04" if k % 3 else "03", day)]
    return rows


#: Choices of a request, with the same ones of `indicator compute`.
ASKED = {
    "windows": ["--rolling", "2", "--education-classes", "cbs", "--by", "sex,education,year"],
    "schools": ["--area", "school", "--by", "sex,year"],
}


@pytest.mark.parametrize("asked", ASKED)
def test_what_a_request_can_ask_is_what_compute_can(asked, bds, make_store, tmp_path):
    """The sealed sum over three organisations is the sum of what `indicator compute` gives each of them."""
    words = ["-i", "BRUSH", "--period", "2023..2025", *ASKED[asked]]
    told = ["--title", "Proef", "--organiser", "NCJ", "--participants", "A,B,C", "--deadline", "2099-12-31"]
    paper = tmp_path / "r.json"
    assert bds("round", "new", "-o", paper, *words, *told, "--sealed").code == 0
    stores = {name: make_store(children(name, 30 + n), name) for n, name in enumerate("ABC")}
    for name, store in stores.items():
        answer.join(
            read(paper),
            name,
            Store.open(store),
            tmp_path / f"{name}.eigen",
            tmp_path / f"{name}.json",
            [],
            None,
        )
        done = bds("indicator", "compute", store, "-o", tmp_path / f"{name}.result", *words)
        assert done.code == 0, done.err
    begun = adding.start(read(paper), [tmp_path / f"{n}.json" for n in "ABC"])
    for name in "ABC":
        answer.answer_sealed(begun, tmp_path / f"{name}.eigen", tmp_path / f"{name}.antwoord", TODAY)
    made, _ = adding.add(begun, [tmp_path / f"{n}.antwoord" for n in "ABC"], [], tmp_path / "som.result")
    merge([tmp_path / f"{n}.result" for n in "ABC"], tmp_path / "open.result")
    same(tmp_path / "som.result", tmp_path / "open.result")
    rows = made.counts().filter(pl.col("sex") == TOTAL, pl.col("education") == TOTAL).collect()
    found = {(r["area"], r["period"]): (r["n"], r["x"]) for r in rows.iter_rows(named=True)}
    # 30, 31 and 32 children: k % 3 is the year, and of 2023 (k % 3 = 0) nobody brushes (code 03).
    if asked == "windows":
        # 2023: 10 + 11 + 11 = 32, 2024: 10 + 10 + 11 = 31, 2025: 10 + 10 + 10 = 30
        assert [found[TOTAL, p] for p in ("2023-2024", "2024-2025")] == [(63, 31), (61, 61)]
        # Of 2024 (k % 3 = 1) the mothers have mbo (06), which is a class of its own at CBS only.
        mbo = made.counts().filter(
            area=TOTAL, sex=TOTAL, period="2023-2025", education="mbo, niveau onbekend"
        )
        assert mbo.collect()["n"].to_list() == [31]
        assert made.meta["settings"]["education_classes"] == "cbs"
    else:
        # even k: 15 + 16 + 16 = 47 of the first school, 15 + 15 + 16 = 46 of the second
        assert [found[s, "2023-2025"][0] for s in ("12AB", "34CD00")] == [47, 46]


def test_schools_beside_wijken_are_refused_in_a_request_too(bds, tmp_path):
    told = ["--title", "P", "--organiser", "N", "--participants", "A,B", "--deadline", "2099-12-31"]
    done = bds("round", "new", "-o", tmp_path / "r.json", "-i", "BRUSH", "--area", "wijk,school", *told)
    assert done.code == 2
    assert "Scholen vallen niet samen" in done.err
    done = bds(
        "round", "new", "-o", tmp_path / "r.json", "-i", "BRUSH", "--period", "2024", "--rolling", 3, *told
    )
    assert done.code == 2
    assert "venster" in done.err


def test_a_request_of_an_earlier_program_means_what_it_meant(tmp_path):
    asked = request(["A", "B", "C"])
    later = ("clothes", "place", "education_classes", "origin", "rolling")
    early = replace(asked, settings={k: v for k, v in asked.settings.items() if k not in later})
    early.write(tmp_path / "r.json")
    assert read(tmp_path / "r.json").hash == early.hash
    assert read(tmp_path / "r.json").plan().settings == plan().settings
