"""JSON as dossier systems and APIs give it: whatever the wrapping, the same registraties or a finding."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bds_tool.formats.json_text import BadNumber, loads, uncommented, what_is_wrong
from bds_tool.formats.reading import read

SLOW = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
#: Children with visits: key, sex, date of birth, and per visit a day, a height in mm and a weight in g.
CHILDREN = st.lists(
    st.tuples(
        st.sampled_from(["1", "2"]),
        st.dates(date(2015, 1, 1), date(2020, 1, 1)),
        st.lists(
            st.tuples(
                st.dates(date(2020, 1, 2), date(2024, 1, 1)), st.integers(400, 1200), st.integers(2500, 30000)
            ),
            min_size=1,
            max_size=4,
            unique_by=lambda visit: visit[0],
        ),
    ),
    min_size=1,
    max_size=4,
)


def found(tmp_path, text, name="in.json"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with read([path]) as store:
        rows = (
            store.registraties()
            .collect()
            .select("dossier_id", "datum", "bdsnummer", "waarde", "regel", "pad")
        )
        told = store.meldingen().collect().select("code", "regel").rows()
    return rows.rows(), told


def values(rows):
    return sorted((row[:4] for row in rows if row[2] is not None), key=str)


def expected(children, *, born=True):
    rows = []
    for number, (sex, birth, visits) in enumerate(children):
        key = f"k{number}"
        if born:
            rows += [(key, None, 19, sex), (key, None, 20, birth.isoformat())]
        for day, height, weight in visits:
            rows += [(key, day, 235, str(height)), (key, day, 245, str(weight))]
    return sorted(rows, key=str)


def james(children, day="%Y%m%d"):
    return [
        {
            "Format": "3.0",
            "organisationCode": 7,
            "reference": f"k{number}",
            "clientDetails": [
                {"bdsNumber": 19, "value": sex},
                {"bdsNumber": 20, "value": birth.strftime(day)},
            ],
            "clientMeasurements": [
                {"bdsNumber": 235, "values": [{"date": d.strftime(day), "value": h} for d, h, _ in visits]},
                {"bdsNumber": 245, "values": [{"date": d.strftime(day), "value": w} for d, _, w in visits]},
            ],
        }
        for number, (sex, birth, visits) in enumerate(children)
    ]


def older(children):
    """The older form: Dutch keys, dates as ddmmjjjj, elements nested below an element of the visit."""
    return [
        {
            "Referentie": f"k{number}",
            "OrganisatieCode": 7,
            "ClientGegevens": [
                {"ElementNummer": 19, "Waarde": sex},
                {"ElementNummer": 20, "Waarde": birth.strftime("%d%m%Y")},
            ],
            "ContactMomenten": [
                {
                    "Tijdstip": d.strftime("%d%m%Y"),
                    "Elementen": [
                        {"ElementNummer": 235, "Waarde": h},
                        {"GenesteElementen": [{"ElementNummer": 245, "Waarde": w}]},
                    ],
                }
                for d, h, w in visits
            ],
        }
        for number, (sex, birth, visits) in enumerate(children)
    ]


def cased(value, change):
    if isinstance(value, dict):
        return {change(key): cased(inner, change) for key, inner in value.items()}
    return [cased(v, change) for v in value] if isinstance(value, list) else value


def snake(name):
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


WRAPPINGS = {
    "list": json.dumps,
    "indented": lambda records: json.dumps(records, indent=2),
    "lines": lambda records: "\n".join(map(json.dumps, records)) + "\n",
    "lines with blanks and BOM": lambda records: "\ufeff" + "\n\n".join(map(json.dumps, records)),
    "one after another": lambda records: "\n".join(json.dumps(r, indent=1) for r in records),
    "data": lambda records: json.dumps({"data": records}),
    "deeper": lambda records: json.dumps({"status": "ok", "response": {"total": 3, "items": records}}),
    "each wrapped": lambda records: json.dumps([{"id": 1, "message": r} for r in records]),
    "comments": lambda records: "// export\n" + json.dumps(records).replace("[{", "[ /* kind */ {", 1),
    "commas": lambda records: json.dumps(records).replace("}]", "},]"),
    "PascalCase": lambda records: json.dumps(cased(records, lambda k: k[0].upper() + k[1:])),
    "UPPER": lambda records: json.dumps(cased(records, str.upper)),
    "lower": lambda records: json.dumps(cased(records, str.lower)),
    "snake_case": lambda records: json.dumps(cased(records, snake)),
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@SLOW
@given(children=CHILDREN)
def test_james_reads_the_same_in_any_wrapping(tmp_path, wrapping, children):
    rows, _ = found(tmp_path, WRAPPINGS[wrapping](james(children)))
    assert values(rows) == expected(children)


@pytest.mark.parametrize("wrapping", ["list", "lines", "data", "PascalCase"])
@SLOW
@given(children=CHILDREN)
def test_the_older_form_reads_the_same(tmp_path, wrapping, children):
    rows, told = found(tmp_path, WRAPPINGS[wrapping](older(children)))
    assert values(rows) == expected(children)
    assert [code for code, _ in told].count("BDS064") == 1


@SLOW
@given(children=CHILDREN)
def test_the_older_form_goes_round(tmp_path, children):
    from bds_tool.formats.writing import write

    path = tmp_path / "older.json"
    path.write_text(json.dumps(older(children)))
    with read([path]) as store:
        write(store, "james", tmp_path / "again.json")
    rows, _ = found(tmp_path, (tmp_path / "again.json").read_bytes())
    assert values(rows) == expected(children)


@pytest.mark.parametrize(
    "wrapping", ["list", "indented", "lines", "lines with blanks and BOM", "data", "commas"]
)
@SLOW
@given(children=CHILDREN)
def test_flat_records_are_a_table(tmp_path, wrapping, children):
    records = [
        {"dossier": f"k{n}", "datum": d.isoformat(), "BDS235": h, "gewicht_g": w}
        for n, (_, _, visits) in enumerate(children)
        for d, h, w in visits
    ]
    rows, _ = found(tmp_path, WRAPPINGS[wrapping](records))
    assert values(rows) == expected(children, born=False)


@SLOW
@given(children=CHILDREN)
def test_a_client_with_visits_below_it(tmp_path, children):
    clients = [
        {
            "clientId": f"k{n}",
            "geslacht": sex,
            "geboortedatum": birth.isoformat(),
            "metingen": [{"datum": d.isoformat(), "lengteMm": h, "gewicht_g": w} for d, h, w in visits],
            "ouders": [{"geboortedatum": "1990-01-01"}],
        }
        for n, (sex, birth, visits) in enumerate(children)
    ]
    rows, told = found(tmp_path, json.dumps({"page": 1, "clients": clients}))
    # The parent's date of birth is not taken for the child's: it is named as not understood.
    assert values(rows) == expected(children)
    assert {code for code, _ in told} == {"BDS010", "BDS013"}


@SLOW
@given(children=CHILDREN, data=st.data())
def test_a_file_that_breaks_off_keeps_what_is_whole(tmp_path, children, data):
    text = "\n".join(map(json.dumps, james(children))) + "\n"
    cut = data.draw(st.integers(1, len(text) - 1))
    rows, told = found(tmp_path, text[:cut], "in.ndjson")
    whole = text[:cut].count("\n")
    full = [r for r in expected(children) if int(r[0][1:]) < whole]
    assert set(full) <= set(values(rows))
    if text[:cut][-1] != "\n" and cut < len(text) - 1 and text[cut] != "\n":
        assert any(code in {"BDS036", "BDS005"} and line == whole + 1 for code, line in told)


def test_places_carry_the_index(tmp_path):
    rows, _ = found(
        tmp_path,
        json.dumps(james([("1", date(2018, 1, 1), [(date(2020, 1, day), 700, 8000) for day in (2, 3, 4)])])),
    )
    assert {(r[2], r[5]) for r in rows if r[1] == date(2020, 1, 4)} == {
        (235, "clientMeasurements[0]/values[2]"),
        (245, "clientMeasurements[1]/values[2]"),
    }


def test_a_field_that_stands_twice_keeps_both(tmp_path):
    text = json.dumps(james([("1", date(2018, 1, 1), [(date(2020, 1, 2), 700, 8000)])]))
    rows, told = found(tmp_path, text.replace('"value": 700', '"value": 701, "value": 700'))
    assert ("BDS060", 1) in told
    assert {r[3] for r in rows} >= {"700", "701"}


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e400", "-1E999"])
def test_what_is_no_number_is_a_finding_at_its_place(tmp_path, word):
    text = json.dumps(james([("1", date(2018, 1, 1), [(date(2020, 1, 2), 700, 8000)])]), indent=1)
    # The brace of the object stands two lines above its value: {, date, value.
    line = text[: text.index("8000")].count("\n") + 1 - 2
    rows, told = found(tmp_path, text.replace("8000", word))
    assert ("BDS061", line) in told
    assert [r[3] for r in rows if r[2] == 245] == [None]


def test_numbers_of_a_table_keep_their_text(tmp_path):
    rows, _ = found(
        tmp_path, '[{"dossier": 12345678901234567890, "datum": "2020-01-02", "BDS245": 2.50}, {"dossier": 2}]'
    )
    assert [r[0] for r in rows] == ["12345678901234567890"]
    assert [r[3] for r in rows] == ["2.50"]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(value=JSON_VALUES)
def test_strict_text_is_read_as_it_is_and_blanking_touches_nothing(value):
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", errors="surrogatepass")
    try:
        text.decode()
    except UnicodeDecodeError:
        return
    assert uncommented(text) == text
    parsed = loads(text)
    assert parsed.value == value
    assert parsed.remarks == []


def test_words_for_what_is_wrong():
    # Place and kind worked out by hand.
    assert what_is_wrong(b"{'a': 1}") == {
        "regel": 1,
        "kolom": 2,
        "reden": "JSON kent alleen dubbele rechte aanhalingstekens",
    }
    assert what_is_wrong(b'{"a": 1\n "b": 2}')["regel"] == 2
    assert what_is_wrong(b'{"a": None}')["reden"] == "een woord staat niet tussen aanhalingstekens"
    assert what_is_wrong(b'{"a": [1, 2')["reden"] == "het bestand stopt halverwege"


def test_comments_cost_one_pass():
    text = b'{"a": "' + b"/*" * 200_000 + b'"} ' + b"/*" * 200_000
    assert len(uncommented(text)) == len(text)
    assert isinstance(loads(b'{"a": NaN}').value["a"], BadNumber)


def test_places_in_tables_carry_the_index(tmp_path):
    record = {
        "kind": "k1",
        "visits": [
            {"datum": "2024-01-02", "lengte": 900, "vreemd": "x"},
            {
                "datum": "2024-03-02",
                "metingen": [{"element": 235, "waarde": "910"}, {"element": 245, "waarde": "9000"}],
            },
        ],
    }
    rows, _ = found(tmp_path, json.dumps(record))
    assert {(r[3], r[5]) for r in rows} == {
        ("900", "visits[0].lengte"),
        ("x", "visits[0].vreemd"),
        ("910", "visits[1].metingen[0]"),
        ("9000", "visits[1].metingen[1]"),
    }


@pytest.mark.parametrize("number", ["900", "NaN", "1e400"])
def test_a_missing_comma_is_told_on_its_own_line(number):
    text = f'[\n{{"kind": "k1", "lengte": {number}}},\n{{"kind": "k2" "lengte": 910}}\n]'
    told = what_is_wrong(text.encode())
    assert (told["regel"], told["kolom"], told["reden"]) == (3, 15, "er ontbreekt een komma")


def test_a_cut_file_is_told_on_its_last_line():
    assert what_is_wrong(b'[{"a": 1},\n{"b": 2\n\n')["regel"] == 2
    assert what_is_wrong(b'[{"a" 1}]')["reden"] == "er ontbreekt een dubbele punt"


def test_a_large_list_keeps_its_lines(tmp_path, monkeypatch):
    from bds_tool.formats import json_text
    from bds_tool.formats.table import json_tables

    monkeypatch.setattr(json_tables, "WHOLE", 10)
    monkeypatch.setattr(json_text, "BLOCK", 16)  # a record lies over several blocks
    one = '{"kind": "k%d", "datum": "2024-01-02", "lengte": 9%02d}'
    lines = [one % (n, n) for n in range(5)]
    rows, told = found(tmp_path, "[\n" + ",\n\n".join(lines) + "\n]")
    assert [r[4] for r in rows] == [2, 4, 6, 8, 10]
    rows, told = found(tmp_path, "[\n" + ",\n".join([*lines[:3], lines[3].replace(",", "", 1)]) + "\n]")
    assert len(rows) == 3
    assert ("BDS005", 5) in told


def test_a_word_for_no_number_is_one_finding(tmp_path):
    rows, told = found(
        tmp_path,
        '[{"kind":"k1","datum":"2024-01-02","lengte":NaN},\n{"kind":"k2","datum":"2024-01-02","lengte":900}]',
    )
    assert values(rows) == [("k2", date(2024, 1, 2), 235, "900")]
    assert [code for code, _ in told if code != "BDS010"] == ["BDS061"]


def test_a_number_beyond_all_bounds_stays_as_it_came(tmp_path):
    rows, _ = found(tmp_path, '{"kind":"k1","datum":"2024-01-02","lengte":1e400}')
    assert values(rows) == [("k1", date(2024, 1, 2), 235, "1e400")]


def shapes(records):
    """One table of records in the shapes in which pandas, R, servers and hand-made exports write it."""
    names = list(records[0])
    numbered = {str(n): r for n, r in enumerate(records)}
    yield "records", records
    yield "columns", {n: {str(i): r[n] for i, r in enumerate(records)} for n in names}
    yield "lists", {n: [r[n] for r in records] for n in names}
    yield "index", numbered
    yield "key", {f"K{n}": r for n, r in numbered.items()}
    yield "lists by key", {f"K{n}": [r] for n, r in numbered.items()}
    yield (
        "split",
        {"columns": names, "index": list(range(len(records))), "data": [[*r.values()] for r in records]},
    )
    yield "fields", {"fields": [{"name": n} for n in names], "rows": [[*r.values()] for r in records]}
    yield "values", [names, *([*r.values()] for r in records)]
    yield "table", {"schema": {"fields": [{"name": n, "type": "string"} for n in names]}, "data": records}
    yield "answer", {"status": "ok", "paging": {"next": None}, "result": {"kinderen": records}}


def test_every_shape_of_a_table_keeps_children_apart(tmp_path):
    """Three children with a weight each: 8100, 8200 and 8300 at their own key and day, in every shape and layout."""
    records = [{"client": f"c{n}", "datum": f"2024-01-0{n}", "bds_245": 8000 + 100 * n} for n in (1, 2, 3)]
    wanted = {(f"c{n}", date(2024, 1, n), 245, str(8000 + 100 * n)) for n in (1, 2, 3)}
    for indent in (None, 2):
        for name, value in shapes(records):
            rows, told = found(tmp_path, json.dumps(value, indent=indent))
            assert {r[:4] for r in rows if r[2] is not None} == wanted, (name, told)
            unknown = {"BDS013"} if name in {"key", "lists by key"} else set()
            assert {code for code, _ in told} <= {"BDS010"} | unknown, (name, told)


def test_what_only_looks_like_such_a_shape_stays_one_record(tmp_path):
    """Parts of one child side by side: a birth and a visit, each an object with a day of its own."""
    child = {
        "client": "c1",
        "geboorte": {"datum": "2020-02-01", "plaats": "x"},
        "bezoek": {"datum": "2024-01-01", "bds_245": 8100},
    }
    rows, _ = found(tmp_path, json.dumps([child]))
    assert {r[0] for r in rows} == {"c1"}
    assert [r[3] for r in rows if r[2] == 245] == ["8100"]


def test_visits_below_a_key_are_never_another_childs(tmp_path):
    """Whose the key is, is not known: each row counts as a dossier, which is said, and no two children are mixed."""
    below = {"A1": [{"datum": "2024-03-01", "bds_245": 8100}, {"datum": "2024-05-01", "bds_245": 8200}]}
    below |= {"A2": [{"datum": "2024-03-02", "bds_245": 8300}]}
    rows, told = found(tmp_path, json.dumps(below))
    keys = [{value for key, _, _, value, *_ in rows if key == one} for one in {r[0] for r in rows}]
    assert sorted(map(sorted, keys)) == [["8100", "A1"], ["8200", "A1"], ["8300", "A2"]]
    assert "BDS041" in {code for code, _ in told}


@pytest.mark.parametrize("indent", [None, 1])
def test_records_without_a_key_are_each_a_child_with_what_hangs_below(tmp_path, indent):
    """On one line or over many, the second child's weight is never the first child's."""
    records = [
        {"geslacht": "1", "metingen": [{"datum": "2024-01-01", "bds_245": 8100}]},
        {"geslacht": "2", "metingen": [{"datum": "2024-01-02", "bds_245": 8200}]},
    ]
    rows, told = found(tmp_path, json.dumps(records, indent=indent))
    children = {}
    for key, _, number, value, *_ in rows:
        children.setdefault(key, set()).add((number, value))
    assert sorted(map(sorted, children.values())) == [[(19, "1"), (245, "8100")], [(19, "2"), (245, "8200")]]
    assert "BDS041" in {code for code, _ in told}
    same = [
        {"client": "", "datum": "2024-01-01", "bds_245": 8100},
        {"client": "", "datum": "2024-01-01", "bds_245": 8200},
    ]
    rows, told = found(tmp_path, json.dumps(same, indent=indent))
    assert len({r[0] for r in rows}) == 2
    assert "BDS069" in {code for code, _ in told}
