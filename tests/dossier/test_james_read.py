"""JAMES JSON to rows: what each format says, and that nothing is dropped. Expected rows are written by hand."""

from __future__ import annotations

import copy
import json
import random
from datetime import date

import polars as pl
import pytest

from bds_tool.formats import json_text, read
from bds_tool.formats.james import read as james_read


def store_of(tmp_path, content, name="in.json"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return read([path])


def rows(store, *columns):
    return store.registraties().collect().select(*columns).rows()


def codes(store):
    return store.meldingen().collect()["code"].to_list()


FORMAT_1 = {
    "Format": "1.0",
    "OrganisatieCode": 7,
    "Referentie": "a",
    "ClientGegevens": {
        "Elementen": [
            {"Bdsnummer": 19, "Waarde": "2"},
            {"Bdsnummer": 20, "Waarde": "20181011"},
            {"Bdsnummer": 82, "Waarde": "189"},
            {"Bdsnummer": 91, "Waarde": "1"},
            {"Bdsnummer": 110, "Waarde": "990"},
        ],
        "Groepen": [
            {"Elementen": [{"Bdsnummer": 63, "Waarde": "19950704"}, {"Bdsnummer": 62, "Waarde": "01"}]}
        ],
    },
    "Contactmomenten": [
        {"Tijdstip": "20181111", "Elementen": [{"Bdsnummer": 235, "Waarde": "380"}]},
        {"Tijdstip": "20181111", "Elementen": [{"Bdsnummer": 245, "Waarde": "1250"}]},
    ],
}
FORMAT_3 = {
    "Format": "3.0",
    "organisationCode": 7,
    "reference": "a",
    "clientDetails": [
        {"bdsNumber": 19, "value": "2"},
        {"bdsNumber": 20, "value": "20181011"},
        {"bdsNumber": 82, "value": 189},
        {"bdsNumber": 91, "value": "1"},
        {"bdsNumber": 110, "value": 990},
    ],
    "clientMeasurements": [
        {"bdsNumber": 235, "values": [{"date": "20181111", "value": 380}]},
        {"bdsNumber": 245, "values": [{"date": "20181111", "value": 1250}]},
    ],
    "nestedDetails": [
        {
            "nestingBdsNumber": 62,
            "nestingCode": "01",
            "clientDetails": [{"bdsNumber": 63, "value": "19950704"}],
        }
    ],
}
DAY = date(2018, 11, 11)


def test_visits_of_format_1(tmp_path):
    with store_of(tmp_path, FORMAT_1) as store:
        assert rows(
            store, "dossier_id", "activiteit_id", "datum", "bdsnummer", "groep", "volgnr", "waarde"
        ) == [
            ("a", None, None, 19, None, None, "2"),
            ("a", None, None, 20, None, None, "2018-10-11"),
            ("a", None, None, 82, None, None, "189"),
            ("a", None, None, 91, None, None, "1"),
            ("a", None, None, 110, None, None, "990"),
            ("a", None, None, 63, "G014", 1, "1995-07-04"),
            ("a", None, None, 62, "G014", 1, "01"),
            ("a", "2018-11-11", DAY, 235, None, None, "380"),
            ("a", "2018-11-11#2", DAY, 245, None, None, "1250"),
        ]
        assert codes(store) == []
        assert store.bronnen().select("formaat", "organisatie", "dossiers", "rijen").rows() == [
            ("james-1.0", "7", 1, 9)
        ]


def test_measurements_of_format_3_are_activities_by_date(tmp_path):
    with store_of(tmp_path, FORMAT_3) as store:
        found = rows(store, "activiteit_id", "datum", "bdsnummer", "groep", "volgnr", "waarde")
        assert found[5:] == [
            ("2018-11-11", DAY, 235, None, None, "380"),
            ("2018-11-11", DAY, 245, None, None, "1250"),
            (None, None, 62, "G014", 1, "01"),
            (None, None, 63, "G014", 1, "1995-07-04"),
        ]
        assert codes(store) == []


def test_formats_give_the_same_values(tmp_path):
    with store_of(tmp_path, FORMAT_1) as one, store_of(tmp_path, FORMAT_3, "three.json") as three:
        columns = ("dossier_id", "datum", "bdsnummer", "groep", "volgnr", "waarde")
        assert sorted(rows(one, *columns), key=str) == sorted(rows(three, *columns), key=str)


def test_ndjson_gives_what_single_documents_give(tmp_path):
    lines = "\n".join(json.dumps(FORMAT_3 | {"reference": f"r{i}"}) for i in range(50)) + "\n"
    with store_of(tmp_path, lines.encode(), "bulk.ndjson") as bulk, store_of(tmp_path, FORMAT_3) as single:
        columns = ("activiteit_id", "datum", "bdsnummer", "groep", "volgnr", "waarde", "pad")
        assert rows(bulk, *columns) == rows(single, *columns) * 50
        assert rows(bulk, "dossier_id", "regel")[9 * 7] == ("r7", 8)


def test_list_of_documents_and_documents_in_a_row(tmp_path):
    other = FORMAT_3 | {"reference": "b", "organisationCode": 8}
    pretty = "\n".join(json.dumps(r, indent=1) for r in (FORMAT_3, other))
    with (
        store_of(tmp_path, [FORMAT_3, other]) as listed,
        store_of(tmp_path, pretty.encode(), "row.json") as row,
    ):
        columns = ("dossier_id", "datum", "bdsnummer", "waarde", "pad", "tekst")
        assert rows(listed, *columns) == rows(row, *columns)
        assert ("b", None, None, "8", "organisationCode", "organisationCode") in rows(listed, *columns)


def test_nothing_is_dropped(tmp_path):
    record = {
        "Format": "3.1",
        "organisationCode": 7,
        "reference": "a",
        "application": {"name": "X", "build": [4, 5]},
        "clientDetails": [
            {"bdsNumber": 19, "value": "2"},
            {"bdsNumber": 20, "value": "20181011"},
            {"bdsNumber": 424242, "value": "q"},
            {"varName": "own", "value": 3.5},
            {"bdsNumber": "16", "value": "1012"},
            {"value": "loose"},
            "bare",
            {"bdsNumber": 1, "value": {"deep": [1]}},
        ],
        "clientMeasurements": [
            {"varName": "gs1", "values": [{"date": "20251030", "value": "1", "by": "jan"}]},
            {"bdsNumber": 235, "values": [{"date": "2025-10-30", "value": 700}, {"value": 710}]},
        ],
    }
    with store_of(tmp_path, record) as store:
        found = {(n, w, t) for n, w, t in rows(store, "bdsnummer", "waarde", "tekst")}
    assert found == {
        (19, "2", None),
        (20, "2018-10-11", None),
        (424242, "q", None),
        (None, "3.5", "own"),
        (16, "1012", None),
        (None, "loose", None),
        (None, "bare", None),
        (1, '{"deep":[1]}', None),
        (None, "1", "gs1"),
        (None, "jan", "by"),
        (235, "700", None),
        (None, "2025-10-30", "date"),
        (235, "710", None),
        (None, "X", "name"),
        (None, "4", "build"),
        (None, "5", "build"),
    }


@pytest.mark.parametrize(
    ("change", "code", "number"),
    [
        ({"Format": "9.9"}, "BDS026", None),
        ({"Format": "3.0"}, "BDS026", None),
        ({"OrganisatieCode": "7"}, "BDS024", None),
        ({"OrganisatieCode": 0}, "BDS034", None),
        ({"Contactmomenten": {}}, "BDS021", None),
        ({"Contactmomenten": [{"Tijdstip": "20190231", "Elementen": []}]}, "BDS028", None),
        ({"Contactmomenten": [{"Elementen": [{"Bdsnummer": 235, "Waarde": "1"}]}]}, "BDS020", None),
        (
            {"Contactmomenten": [{"Tijdstip": "20190201", "Elementen": [{"Bdsnummer": 235, "Waarde": 1}]}]},
            "BDS023",
            235,
        ),
        ({"Referentie": 5}, "BDS021", None),
    ],
)
def test_defects_of_the_envelope(tmp_path, change, code, number):
    with store_of(tmp_path, FORMAT_1 | change) as store:
        found = store.meldingen().collect().select("code", "bdsnummer").rows()
    assert (code, number) in found


def test_reference_is_a_key_only_when_it_can_be(tmp_path):
    # 111222333 passes the 11-test: 9+8+7+12+10+8+9+6-3 = 66.
    records = [FORMAT_3 | {"reference": r} for r in ("a", "a", None, "111222333", "Unknown")]
    with store_of(tmp_path, records) as store:
        assert store.registraties().collect()["dossier_id"].unique(maintain_order=True).to_list() == [
            "a",
            "2",
            "3",
            "4",
            "5",
        ]
        assert "BDS030" in codes(store)


def test_lines_of_a_document(tmp_path):
    text = json.dumps(FORMAT_1, indent=1)
    line = text[: text.index('"Bdsnummer": 245')].count(
        "\n"
    )  # the object starts on the line before its number
    with store_of(tmp_path, text.encode()) as store:
        assert dict(rows(store, "bdsnummer", "regel"))[245] == line


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "BDS002"),
        (b" \n ", "BDS002"),
        (b'{"Format": "3.0",', "BDS005"),
        (b'{"a": "\xff\xfe"}', "BDS006"),
        (b"[" * 200_000, "BDS009"),
        (b'{"a": 1} trailing', "BDS005"),
    ],
)
def test_broken_json_is_one_finding(tmp_path, content, code):
    with store_of(tmp_path, content) as store:
        assert codes(store) == [code]
        assert store.bronnen()["formaat"].to_list() == ["onleesbaar"]


def test_place_of_broken_json(tmp_path):
    with store_of(tmp_path, b'{\n "Format": "1.0",\n "OrganisatieCode": 12 34\n}') as store:
        melding = store.meldingen().collect().row(0, named=True)
    assert (melding["code"], melding["regel"]) == ("BDS005", 3)
    assert json.loads(melding["parameters"]) == {
        "kolom": 24,
        "veld": "OrganisatieCode",
        "reden": "een getal met een komma of een nul vooraan",
    }


def test_broken_line_of_ndjson_leaves_the_others(tmp_path):
    good = json.dumps(FORMAT_3)
    with store_of(tmp_path, f"{good}\n{good[:80]}\n{good}\n".encode(), "x.ndjson") as store:
        assert ("BDS036", 2) in store.meldingen().collect().select("code", "regel").rows()
        assert store.bronnen()["dossiers"].to_list() == [2]


def test_utf16_and_byte_order_mark(tmp_path):
    text = json.dumps(FORMAT_3)
    for number, data in enumerate((text.encode("utf-16"), b"\xef\xbb\xbf" + text.encode())):
        with store_of(tmp_path, data, f"{number}.json") as store:
            assert codes(store) == []


def test_json_that_is_no_dossier(tmp_path):
    with store_of(tmp_path, {"Resultaten": [{"Code": 123}]}) as store:
        assert codes(store) == ["BDS027"]
        assert rows(store, "waarde", "tekst") == [("123", "Code")]


def test_large_list_is_read_bit_by_bit(tmp_path, monkeypatch):
    """A list beyond the bound for reading whole: blocks of a few bytes cut records, strings and characters."""
    records = [FORMAT_3 | {"reference": f"é{i}\\u00e9 [{{,"} for i in range(40)]
    with store_of(tmp_path, records, "small.json") as whole:
        expected = rows(whole, "dossier_id", "bdsnummer", "datum", "waarde")
    monkeypatch.setattr(james_read, "WHOLE", 100)
    monkeypatch.setattr(json_text, "BLOCK", 37)
    text = json.dumps(records, ensure_ascii=False, indent=1).encode()
    with store_of(tmp_path, text, "large.json") as parts:
        assert rows(parts, "dossier_id", "bdsnummer", "datum", "waarde") == expected
        assert codes(parts) == []
    with store_of(tmp_path, text[: len(text) // 2], "half.json") as half:
        assert codes(half) == ["BDS005"]
        assert 0 < half.bronnen()["dossiers"][0] < 40
    with store_of(tmp_path, b"[1, 2, \x80\x81 nonsense" + b"x" * 500, "noise.json") as noise:
        assert "BDS005" in codes(noise)


ODD = [
    "",
    None,
    "NA",
    " 5 ",
    "é",
    "a:b",
    "a,b",
    'q"x',
    1.5,
    2.0,
    True,
    [1],
    {"a": 1},
    -5,
    10**25,
    "20201301",
    " 20200101",
    "99",
    "Unknown",
]
KEYS = [
    "value",
    "bdsNumber",
    "date",
    "values",
    "extra",
    "varName",
    "Omschrijving",
    "clientDetails",
    "Reference",
]


def nodes(value):
    """Every object and list in a record."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(n for v in inner for n in nodes(v))] if isinstance(value, dict | list) else []


def mutated(record, rng):
    """One change somewhere in a record: another value, a key or an item less or more."""
    node, odd = rng.choice(nodes(record)), copy.deepcopy(rng.choice(ODD))
    if isinstance(node, dict):
        if node and rng.random() < 0.75:
            key = rng.choice(list(node))
            if rng.random() < 0.2:
                del node[key]
            else:
                node[key] = odd
        else:
            node[rng.choice(KEYS)] = odd
    elif node and rng.random() < 0.6:
        node.append(node.pop()) if rng.random() < 0.5 else node.append(copy.deepcopy(node[0]))
    else:
        node.append(odd)
    return record


def mutated_text(line, rng):
    """Now and then a line that is no JSON, or JSON in which a key occurs twice or a comma is one too many."""
    if rng.random() > 0.1:
        return line
    return rng.choice(
        [
            line[: rng.randint(1, len(line))],
            line.replace("}", "},", 1),
            line.replace("]", ",]", 1),
            line.replace('"value":', '"value": 1, "value":', 1),
            line.replace("}", ', "value": 7}', 1),
            line.replace(": 1", ": 01", 1),
            line.replace("ref", "\\u00e9ref", 1),
            line.replace("ref", "\\ud800ref", 1),
            line + " x",
            "",
        ]
    )


@pytest.mark.parametrize("seed", range(3))
def test_lines_are_read_alike_wherever_blocks_end(tmp_path, monkeypatch, seed):
    """The same rows, remarks and facts, whatever is wrong with a record; and every line is a child or a finding."""
    rng = random.Random(seed)
    lines = []
    for i in range(1_500):
        # Some references occur twice, some records are of another sender or format.
        record = copy.deepcopy(FORMAT_1 if rng.random() < 0.02 else FORMAT_3)
        reference = "reference" if record is not FORMAT_1 and "reference" in record else "Referentie"
        record[reference] = f"ref-{i if rng.random() < 0.98 else rng.randint(0, 200)}"
        if rng.random() < 0.02 and "organisationCode" in record:
            record["organisationCode"] = 99
        for _ in range(rng.choice([0, 0, 1, 2])):
            mutated(record, rng)
        spaced = rng.choice([(",", ":"), (", ", ": "), (" , ", " : ")])
        text = json.dumps(record, ensure_ascii=rng.random() < 0.5, separators=spaced)
        lines.append(mutated_text(text, rng) + rng.choice(["\n", "\r\n"]))
    path = tmp_path / "children.ndjson"
    path.write_text("".join(lines), newline="", encoding="utf-8")

    def found():
        with read([path]) as store:
            frame = store.registraties().sort("regel", maintain_order=True).collect()
            words = [name for name, kind in frame.schema.items() if kind == pl.Categorical]
            return (
                frame.with_columns(pl.col(words).cast(pl.String)).rows(),
                store.meldingen()
                .sort("regel", maintain_order=True)
                .collect()
                .select("code", "regel", pl.exclude("code", "regel"))
                .rows(),
                store.bronnen().drop("gelezen").select("dossiers", pl.exclude("dossiers")).rows(),
            )

    by_value = found()
    monkeypatch.setattr(james_read, "BLOCK", 40_000)
    assert found() == by_value
    assert {"BDS030", "BDS036", "BDS060"} <= {row[0] for row in by_value[1]}
    broken = {regel for code, regel in (row[:2] for row in by_value[1]) if code == "BDS036"}
    children = by_value[2][0][0]
    assert children + len(broken) == sum(bool(line.strip()) for line in lines)
