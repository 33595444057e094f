"""Odd dossiers as messages to the RIVM: clean or left out with a word, every vaccination accounted for, nothing made up."""

from __future__ import annotations

from collections import Counter
from random import Random

import polars as pl
import pytest

from bds_tool.formats import read
from bds_tool.formats.dob.sender import INVENTED
from bds_tool.formats.writing import WriteOptions, write
from bds_tool.store import StoreWriter
from bds_tool.store.store import Store
from bds_tool.synthetic.generate import Request, generate

from .test_rivm_written import faults

#: What a vaccination is made of: a dossier has as many as there are instances that tell one of these.
PARTS = (461, 472, 1409, 1336, 1452, 683)
JUNK = (
    "",
    " ",
    "0",
    "-1",
    "999",
    "ja",
    "2024-13-45",
    "20240101",
    "<a&b>",
    "x" * 300,
    "é\u200b",
    "2999-01-01",
)


def at(frame, *numbers):
    return [i for i, n in enumerate(frame["bdsnummer"]) if n in numbers]


def put(frame, row, **values):
    """The frame with other values in one row."""
    return frame.with_row_index("i").with_columns(
        pl.when(pl.col("i") == row).then(pl.lit(v, frame.schema[c])).otherwise(pl.col(c)).alias(c)
        for c, v in values.items()
    ).drop("i")  # fmt: skip


def without(frame, rows):
    return frame.with_row_index("i").filter(~pl.col("i").is_in(rows)).drop("i")


def no_consent(frame, chance):
    return without(frame, [i for i in at(frame, 1533) if chance.random() < 0.6])


def no_part(frame, chance):
    """A batch, day, kind, giver or place that is not there."""
    return without(frame, [chance.choice(at(frame, *PARTS))])


def junk(frame, chance):
    return put(
        frame,
        chance.choice(at(frame, *PARTS, 7, 4, 16, 19, 20, 494, 724, 1533, 1536)),
        waarde=chance.choice(JUNK),
    )


def unknown(frame, chance):
    return put(
        frame,
        chance.choice(at(frame, *PARTS, 7, 19, 20, 494)),
        waarde=None,
        nullflavor=chance.choice(["NI", "ASKU", "UNK", "MSK", "OTH"]),
    )


def no_child(frame, chance):
    """A child without number, name, sex, birthday or address."""
    return without(frame, at(frame, chance.choice([7, 4, 19, 20, 16, 695])))


def adult(frame, chance):
    return put(
        frame, chance.choice(at(frame, 20)), waarde=chance.choice(["1990-05-05", "2000-02-29", "2999-01-01"])
    )


def two_dossiers(frame, chance):
    """The same child twice, under another key."""
    one = chance.choice(sorted(set(frame["dossier_id"])))
    again = frame.filter(pl.col("dossier_id") == one).with_columns(dossier_id=pl.lit(one + "-B"))
    return pl.concat([frame, again.cast(frame.schema)])


def outside(frame, chance):
    """A vaccination that belongs to no activity."""
    row = chance.choice(at(frame, 461))
    key = frame["dossier_id"][row], frame["activiteit_id"][row], frame["volgnr"][row]
    mine = (
        (pl.col("dossier_id") == key[0])
        & pl.col("activiteit_id").eq_missing(key[1])
        & pl.col("bdsnummer").is_in(PARTS)
    )
    return frame.with_columns(
        activiteit_id=pl.when(mine).then(None).otherwise("activiteit_id"),
        volgnr=pl.when(mine).then(pl.lit(90, frame.schema["volgnr"])).otherwise("volgnr"),
    )  # fmt: skip


def no_day(frame, _chance):
    """No day anywhere: of the dose, of the activity, of the row."""
    return without(frame, at(frame, 1409, 724)).with_columns(datum=pl.lit(None, frame.schema["datum"]))


def again(frame, chance):
    """A row that stands twice, with another value or the same."""
    row = frame[chance.choice(at(frame, *PARTS, 1533, 7, 20))]
    other = row.with_columns(
        waarde=pl.lit(chance.choice(["01", "11", "true", "false", "X", row["waarde"][0]]))
    )
    return pl.concat([frame, other.cast(frame.schema)])


ODD = (no_consent, no_part, junk, unknown, no_child, adult, two_dossiers, outside, no_day, again)


def told(frame):
    """How many vaccinations a store holds."""
    rows = frame.filter(
        pl.col("bdsnummer").is_in(PARTS)
        & (
            pl.col("waarde").is_not_null()
            | pl.col("nullflavor").is_not_null()
            | pl.col("tekst").is_not_null()
        )
    )
    return rows.select("dossier_id", "activiteit_id", "volgnr").unique().height


def doses(frame, numbers=(461, 1409)):
    """What each vaccination is and when, as far as that is told."""
    found = {}
    for r in (
        frame.filter(pl.col("bdsnummer").is_in(numbers))
        .select("bron", "dossier_id", "activiteit_id", "volgnr", "bdsnummer", "waarde")
        .iter_rows()
    ):
        found.setdefault(r[:4], {}).setdefault(r[4], r[5])
    return Counter(tuple(v.get(n) for n in numbers) for v in found.values())


def odd(seed, tmp_path):
    """What is wrong with the messages of a store with one to three odd things."""
    chance = Random(seed)
    bds = ("3.2.7", "4.0.2", "4.1.3", "4.2.0")[seed % 4]
    made = Request(4, seed, bds, coding=("hl7", "bds")[seed // 4 % 2], themes=("zorg", "vaccinatie"))
    generate(made, tmp_path / "g.bds")
    frame = Store.open(tmp_path / "g.bds").registraties().collect()
    names = []
    for _ in range(chance.randint(1, 3)):
        kind = chance.choice(ODD)
        try:
            frame = kind(frame, chance)
        except IndexError:  # nothing of the kind is left
            continue
        names.append(kind.__name__)
    with StoreWriter(tmp_path / "s.bds") as writer:
        writer.add_bron(bron=1, pad="x", formaat="csv", bds_herkend=bds, rijen=frame.height)
        writer.add_table(frame.sort("dossier_id", maintain_order=True))
    store, wrong = Store.open(tmp_path / "s.bds"), []
    for message in ("vaccinaties", "geanonimiseerd"):
        done = write(store, message, tmp_path / message, WriteOptions(bds=bds, sender=INVENTED))
        accounted = done.rows + sum(done.unsent.values()) + sum(done.elsewhere.values())
        if accounted != told(frame):
            wrong.append((names, message, "told", told(frame), done.rows, done.unsent, done.elsewhere))
        if not done.files:
            continue
        edition = bds if bds != "4.2.0" else "4.1.3"
        if found := faults(tmp_path / message, message, edition):
            wrong.append((names, message, [(v.rule, v.path) for f in found.values() for v in f][:4]))
        with read([tmp_path / message], bds=edition) as back:
            got = doses(back.registraties().collect())
        if got.total() != done.rows or (message == "vaccinaties" and not got <= doses(frame)):
            wrong.append((names, message, "read back", got - doses(frame), got.total(), done.rows))
    return wrong


@pytest.mark.parametrize("seed", range(900, 906))
def test_an_odd_dossier_is_clean_or_left_out_with_a_word(seed, shared, tmp_path):
    assert odd(seed, tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1_000, 1_150))
def test_many_odd_dossiers(seed, shared, tmp_path):
    assert odd(seed, tmp_path) == []
