"""Placing addresses."""

from bds_tool.indicators.run import check_areas


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
        + address("i", None, None, "Amsterdam")
    )
    result = bds("area", "check", make_store(rows), "--areas", areas, "--format", "csv")
    assert result.code == 0
    found = {line.split(",")[0]: int(line.split(",")[2]) for line in result.out.splitlines()[1:] if line}
    # g: Ten Boer became Groningen by the table; h: Bedum exists no more and has no row
    assert found == {
        "geheim": 1,
        "huisnummer": 1,
        "postcode": 1,
        "postcode4": 1,
        "gemeente": 4,
        "onbekend": 1,
    }
    assert "0005" in result.err
    assert "0009" not in result.err
    assert "Indeling: 2024" in result.err


def test_letters_in_codes_are_kept(make_store, areas, tmp_path):
    from bds_tool.dossier.store import Store

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
