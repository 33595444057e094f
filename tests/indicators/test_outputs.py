"""What was counted by hand is what stands in the workbook, on the site and on paper: n, x, who is missing, and of what."""

import re
import subprocess

import openpyxl
import pytest


@pytest.fixture
def safe(make_store, bds, tmp_path):
    """200 children of one gemeente, eight years old, seen on 2024-05-01.

    Asked for brushing (188): 130 twice a day (04), 50 once (03), 20 not asked: 130 of 180 is 72.2 %, 20 of 200 without an
    answer is 10 %. Of 231 contacts (31 children were called once more) nobody came to 31. Nobody delivers 190.
    """
    rows = []
    for k in range(200):
        child = f"k{k:03}"
        rows += [(child, 20, "2016-03-01"), (child, 19, "12"[k % 2]), (child, 9, "363")]
        rows += [(child, 724, "2024-05-01", "2024-05-01"), (child, 1605, "01", "2024-05-01")]
        if k < 180:
            rows.append((child, 188, "04" if k < 130 else "03", "2024-05-01"))
        if k % 7 == 0 or k in {1, 2}:  # 0, 7 … 196 are 29; three in all to thirty-one
            rows += [(child, 724, "2024-06-03", "2024-06-03"), (child, 1605, "02", "2024-06-03")]
    out, done = tmp_path / "r.result", tmp_path / "veilig.result"
    chosen = [w for i in ("BRUSH", "NOSHOW", "DENT") for w in ("-i", i)]
    told = bds("indicator", "compute", make_store(rows), "-o", out, *chosen, "--period", 2024)
    assert told.code == 0, told.err
    told = bds("protect", "run", out, "--to", done, "--policy", "wijk-klassen")
    assert told.code == 0, told.err
    return done


def text_of(page):
    """What stands on a page, without marks."""
    found = re.sub("<(script|style).*?</\\1>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", found).replace("&nbsp;", " ").replace("\xa0", " "))


def test_the_workbook(safe, bds, tmp_path):
    assert bds("report", "table", safe, "-o", tmp_path / "t.xlsx").code == 0
    head, *lines = openpyxl.load_workbook(tmp_path / "t.xlsx")["Tabel"].iter_rows(values_only=True)
    found = {r["Indicator (code)"]: r for r in (dict(zip(head, line, strict=True)) for line in lines)}
    names = [
        "Wat is geteld",
        "Aantal met gegevens",
        "Waarvan voldoet (teller)",
        "Zonder gegevens",
        "Vulling (% met gegevens)",
    ]
    assert [found["BRUSH"][n] for n in names] == ["kinderen", 180, 130, 20, 90.0]
    assert [found["NOSHOW"][n] for n in names] == ["contacten", 231, 31, 0, 100.0]
    # Wilson by hand for 130 of 180: (0.7222 + 0.01067 ± 1.96 √(0.001115 + 0.0000296)) / 1.02134 = 65.3 and 78.2.
    limits = ("Waarde", "Ondergrens 95 %-interval", "Bovengrens 95 %-interval")
    assert [found["BRUSH"][n] for n in limits] == [pytest.approx(v, abs=0.06) for v in (72.2, 65.3, 78.2)]
    # Contacts of one child are not independent: 31 of 231, and no interval that supposes they are.
    assert [found["NOSHOW"][n] for n in limits] == [pytest.approx(13.4, abs=0.06), None, None]
    assert found["DENT"]["Status"] == "geen_gegevens"
    assert (found["DENT"]["Waarde"], found["DENT"]["Waarvan voldoet (teller)"]) != (0, 0)


def test_the_site_and_paper(safe, bds, tmp_path, program):
    assert bds("report", "site", safe, "-o", tmp_path / "site").code == 0
    brush, noshow, dent = (
        text_of(tmp_path / "site" / "indicator" / f"{i}.html") for i in ("BRUSH", "NOSHOW", "DENT")
    )
    assert "130 van 180 kinderen" in brush
    assert "20 (10 % zonder waarde)" in brush
    assert "31 van 231 contacten" in noshow
    assert "231 kinderen" not in noshow
    assert "95 %-interval" in brush
    assert "95 %-interval" not in noshow
    assert "wie eens wegbleef, blijft vaker weg" in text_of(tmp_path / "site" / "methode.html")
    assert "geen gegevens" in dent
    [profile] = (tmp_path / "site" / "gebied").glob("*363.html")
    told = text_of(profile)
    assert "130 van 180 kinderen" in told
    assert "10 % zonder waarde" in told
    assert bds("report", "pdf", safe, "-o", tmp_path / "f.pdf").code == 0
    command = [
        program("pdftotext", package="apt-get install poppler-utils"),
        tmp_path / "f.pdf",
        "-",
    ]
    paper = " ".join(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
    for words in ("130 van 180 kinderen", "10 % zonder waarde", "31 van 231 contacten"):
        assert words in paper.replace("\xa0", " "), words
