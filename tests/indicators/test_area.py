"""Placing addresses."""

from bds_tool.indicators.places import check_areas


def address(child, postcode=None, number=None, gemeente=None, secret=False):
    rows = [(child, 20, "2020-01-01")]
    for element, value in ((16, postcode), (12, number), (9, gemeente), (697, "true" if secret else None)):
        if value:
            rows.append((child, element, value))
    return rows


def test_area_check(make_store, areas, tmp_path, bds):
    (areas / "pc4.csv").write_text("pc4,gemeente\n2012,392\n", encoding="utf-8")
    (areas / "wijzigingen.csv").write_text("oud,nieuw\n0009,0014\n", encoding="utf-8")
    rows = (
        address("a", "1011AA", "1")
        + address("b", "1011 aa", "99")
        + address("c", "2012", None)
        + address("d", None, None, "0363")
        + address("e", "9999XX", "1")
        + address("f", "1011AA", "1", "0363", secret=True)
        + address("g", None, None, "0009")
        + address("h", None, None, "0005")
        + address("j", None, None, "0140")
        + address("i", None, None, "Amsterdam")
    )
    result = bds("area", "check", make_store(rows), "--areas", areas, "--format", "csv")
    assert result.code == 0
    found = {line.split(",")[0]: int(line.split(",")[2]) for line in result.out.splitlines()[1:] if line}
    # g: Ten Boer became Groningen by the table, h: Bedum Het Hogeland by those that ship; j: Littenseradiel was split
    assert found == {
        "geheim": 1,
        "huisnummer": 1,
        "postcode": 1,
        "postcode4": 1,
        "gemeente": 5,
        "onbekend": 1,
    }
    assert "0140" in result.err
    assert "0005" not in result.err
    assert "0009" not in result.err
    assert "Indeling: 2024" in result.err


def test_letters_in_codes_are_kept(make_store, areas, tmp_path):
    from bds_tool.store.store import Store

    (areas / "pc6_2024.csv").write_text("postcode,buurt\n3011AA,BU0599A1B2\n", encoding="utf-8")
    with Store.open(make_store(address("a", "3011AA", "4"))) as store:
        _, placed, _ = check_areas(store, [areas], None, tmp_path)
    assert placed["postcode"] == 1


def test_a_strange_table_is_told(make_store, tmp_path, bds):
    (tmp_path / "x.csv").write_text("kleur,smaak\nrood,zoet\n", encoding="utf-8")
    result = bds("area", "check", make_store(address("a", "1011AA", "1")), "--areas", tmp_path / "x.csv")
    assert result.code == 2
    assert "x.csv" in result.err


def test_missing_year_is_told(make_store, areas, bds):
    result = bds(
        "area", "check", make_store(address("a", "1011AA", "1")), "--areas", areas, "--area-year", "2011"
    )
    assert result.code == 2
    assert "2024" in result.err


def test_names_come_from_every_table_that_has_them(make_store, areas, tmp_path):
    """The shapes in which CBS gives names: beside the postcodes, a list per level, and the key figures."""
    import duckdb

    from bds_tool.indicators import area, area_tables

    (areas / "namen.csv").unlink()
    (areas / "wijken.csv").write_text(
        "wijkcode2024;wijknaam2024\nWK036300;Centrum\n39200;Haarlem-Zuid\n", encoding="utf-8"
    )
    (areas / "kwb-2024.csv").write_text(
        "gwb_code_10;regio;gm_naam;recs\nBU03630001;Kop Zeedijk;Amsterdam;Buurt\nGM0363;Mokum;Amsterdam;Gemeente\n",
        encoding="utf-8",
    )
    (areas / "met_namen.csv").write_text(
        "postcode,buurt,buurt_naam,wijk,wijk_naam\n3011AA,BU05990101,Cool,WK059901,Rotterdam Centrum\n",
        encoding="utf-8",
    )
    connection = duckdb.connect()
    tables = area_tables.recognise(connection, [areas])
    area.install(connection, tables, "buurt", year=2024)
    names = dict(connection.execute("select code, naam from gebiedsnaam").fetchall())
    assert names["WK036300"] == "Centrum"
    assert names["WK039200"] == "Haarlem-Zuid"
    assert names["BU03630001"] == "Kop Zeedijk"
    assert names["GM0363"] == "Mokum"
    assert names["WK036301"] == "WK036301"
    assert names["GM0392"] == "Haarlem"
    kinds = {f["path"].name: f["kind"] for f in tables.found}
    assert kinds["kwb-2024.csv"] == "kerncijfers"
    assert kinds["wijken.csv"] == "wijknamen"
    assert kinds["met_namen.csv"] == "pc6"


def test_a_generated_region_has_names(tmp_path):
    import duckdb
    import pyarrow.parquet as pq

    from bds_tool.indicators import area, area_tables
    from bds_tool.synthetic.region import Region

    region = Region(
        ["GM0363"],
        ["WK036301"],
        ["BU03630101"],
        ["Amsterdam"],
        ["Het Veen"],
        ["Oost-Veen"],
        ["0363"],
        None,
        None,
        ["1000AA"],
        [0],
        [1],
    )
    pq.write_table(region.table(2024), tmp_path / "gebieden.parquet")
    connection = duckdb.connect()
    area.install(connection, area_tables.recognise(connection, [tmp_path]), "buurt")
    names = dict(connection.execute("select code, naam from gebiedsnaam").fetchall())
    assert (names["WK036301"], names["BU03630101"]) == ("Het Veen", "Oost-Veen")


def test_the_table_of_places_is_in_dutch(make_store, tmp_path, bds):
    (tmp_path / "pc6_2024.csv").write_text("postcode,buurt\n3011AA,BU05990101\n", encoding="utf-8")
    store = make_store(address("a", "3011AA", "4"))
    told = bds("area", "check", store, "--areas", tmp_path / "pc6_2024.csv", "--format", "csv")
    assert told.out.splitlines()[0] == "plaatsing,hoe,adressen,percentage"
    assert "postcode,alleen postcode (meest voorkomende buurt),1,100.0" in told.out.splitlines()
    assert "Indeling: 2024; 1 tabel." in told.err


def gemeente_of(found, code):
    return dict(found.execute("select m.sleutel, m.gemeente from _gemeente m").fetchall()).get(code)


def test_every_year_can_be_shown_in_the_division_of_one_year():
    """Three mergers after each other, one of them after the year asked for; the codes are those of CBS."""
    import duckdb

    from bds_tool.indicators import area, area_tables

    found = {}
    for year in (None, 2020, 2022):
        connection = duckdb.connect()
        area.install(connection, area_tables.AreaTables(), "gemeente", year=year)
        # Brielle → Voorne aan Zee (2023), Beemster → Purmerend (2022), Bedum → Het Hogeland (2019)
        found[year] = [gemeente_of(connection, code) for code in ("0501", "0370", "0005", "1992", "0140")]
    assert found[None] == ["GM1992", "GM0439", "GM1966", "GM1992", "GM0140"]
    assert found[2022] == ["GM0501", "GM0439", "GM1966", "GM1992", "GM0140"]
    assert found[2020] == ["GM0501", "GM0370", "GM1966", "GM1992", "GM0140"]
