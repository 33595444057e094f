"""Two sources without an organisation that mean other children by one key are not taken for one set of children."""

import pytest

from bds_tool.store.columns import REGISTRATIES
from bds_tool.store.store import StoreWriter


@pytest.fixture
def store_of(tmp_path):
    """`store_of((organisation, rows), …)`: one source each; rows are (dossier, bdsnummer, waarde)."""

    def make(*sources):
        path = tmp_path / "a.bds"
        with StoreWriter(path, replace=True) as writer:
            for n, (organisation, given) in enumerate(sources):
                facts = {"pad": f"{n}.csv", "formaat": "csv", "sha256": str(n), "organisatie": organisation}
                bron = writer.add_bron(**facts)
                rows = []
                for line, (dossier, number, value) in enumerate(given):
                    row = {
                        "dossier_id": dossier,
                        "bdsnummer": number,
                        "waarde": value,
                        "bron": bron,
                        "regel": line,
                    }
                    rows.append(tuple(row.get(c) for c in REGISTRATIES))
                writer.add_rows(rows)
        return path

    return make


def child(born, sex="1", fed="01"):
    return [("1001", 20, born), ("1001", 19, sex), ("1001", 747, fed)]


def computed(bds, tmp_path, store):
    return bds(
        "indicator",
        "compute",
        store,
        "-o",
        tmp_path / "r.result",
        "-i",
        "BF-BIRTH",
        "--period",
        2024,
        "--force",
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [(child("2024-01-01"), child("2024-02-01")), (child("2024-01-01", "1"), child("2024-01-01", "F"))],
)
def test_equal_keys_of_other_children_are_refused(bds, tmp_path, store_of, first, second):
    told = computed(bds, tmp_path, store_of((None, first), (None, second)))
    assert told.code == 2
    assert "bds indicator merge" in told.err
    assert "1001" not in told.err
    assert not (tmp_path / "r.result").exists()


@pytest.mark.parametrize(
    ("sources", "children"),
    [
        ((("A", child("2024-01-01")), ("B", child("2024-02-01"))), 2),  # known organisations: two children
        (
            ((None, child("2024-01-01", "M")), (None, child("2024-01-01", "1"))),
            1,
        ),  # one child delivered twice
        (((None, child("2024-01-01")), (None, [("2002", 20, "2024-02-01"), ("2002", 747, "03")])), 2),
    ],
)
def test_the_rest_is_counted(bds, tmp_path, store_of, sources, children):
    from bds_tool.indicators.result import read_result

    told = computed(bds, tmp_path, store_of(*sources))
    assert told.code == 0, told.err
    rows = read_result(tmp_path / "r.result").counts().filter(level="land").collect()
    assert rows["n"].to_list() == [children]


def test_convert_says_whose_a_delivery_is(bds, tmp_path):
    """Two organisations with the same client number: by name at reading, and by profile in bds.toml in one store."""
    import polars as pl

    for name, born in (("een", "2024-01-01"), ("twee", "2024-02-01")):
        (tmp_path / f"{name}.csv").write_text(f"dossier_id,20,747\n1001,{born},01\n", encoding="utf-8")
        done = bds(
            "convert", tmp_path / f"{name}.csv", tmp_path / f"{name}.bds", "--organisation", f"JGZ {name}"
        )
        assert done.code == 0, done.err
        assert pl.read_parquet(tmp_path / f"{name}.bds/bronnen.parquet")["organisatie"].to_list() == [
            f"JGZ {name}"
        ]
    told = bds(
        "convert", tmp_path / "een.csv", tmp_path / "een.json", "--to", "james", "--organisation", "JGZ een"
    )
    assert (told.code, "geheel getal" in told.err) == (2, True)
    both = [tmp_path / "een.csv", tmp_path / "twee.csv"]
    assert bds("convert", *both, tmp_path / "samen.bds").code == 0
    refused = computed(bds, tmp_path, tmp_path / "samen.bds")
    assert (refused.code, "--organisation" in refused.err, "bds.toml" in refused.err) == (2, True, True)
    profiles = [
        f"""[[tabel]]
naam = "{n}"
bestanden = ["{n}.csv"]
organisatie = "JGZ {n}"
[tabel.kolommen]
"20" = 20
"""
        for n in ("een", "twee")
    ]
    (tmp_path / "bds.toml").write_text("".join(profiles), encoding="utf-8")
    assert (
        bds("convert", *both, tmp_path / "samen.bds", "--force", "--config", tmp_path / "bds.toml").code == 0
    )
    assert computed(bds, tmp_path, tmp_path / "samen.bds").code == 0
