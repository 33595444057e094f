"""Settings of a site: colours that cannot be read are refused, texts are escaped; and the words for what is absent."""

from __future__ import annotations

import pytest

from bds_tool.export.report import words
from bds_tool.export.report.style import AA, DARK, PAPER, THEMES, contrast, lighter

BAD = '<script>alert("x")</script> & zo'


def settings(folder, text):
    path = folder / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("one", "two", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),  # WCAG 2.2: the extremes are 21 and 1
        ("#ffffff", "#ffffff", 1.0),
        ("#767676", "#ffffff", 4.54),  # the lightest grey that passes AA on white
        ("#777777", "#ffffff", 4.48),
    ],
)
def test_contrast_is_that_of_wcag(one, two, ratio):
    assert contrast(one, two) == pytest.approx(ratio, abs=0.005)


def test_every_theme_can_be_read_light_and_dark():
    for colour in THEMES.values():
        assert contrast(colour, PAPER) >= AA
        assert contrast(lighter(colour), DARK) >= AA


def test_a_colour_too_light_is_refused_and_a_wrong_key_told(bds, result, tmp_path):
    site = tmp_path / "site"
    done = bds("report", "site", result, "-o", site, "--settings", settings(tmp_path, 'accent: "#ffcc00"\n'))
    assert done.code == 2
    assert "#ffcc00" in done.err
    done = bds("report", "site", result, "-o", site, "--settings", settings(tmp_path, "naam: x\n"))
    assert done.code == 2
    assert "intro" in done.err  # the keys there are
    assert not site.exists()


def test_texts_of_the_settings_are_escaped_and_the_logo_runs_nothing(bds, result, tmp_path, browser):
    (tmp_path / "logo.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>document.title="kwaad"</script></svg>'
    )
    text = (
        f"name: {BAD!r}\nintro: [{BAD!r}]\nregion: {BAD!r}\npublisher: {BAD!r}\ncontact: {BAD!r}\n"
        'logo: logo.svg\nlogo_text: \'"><b>\'\nkey: [BMI]\naccent: "#7a1f5c"\nchanges: ["<i>anders</i>"]\n'
    )
    site = tmp_path / "site"
    done = bds("report", "site", result, "-o", site, "--settings", settings(tmp_path, text))
    assert done.code == 0, done.err
    for path in site.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert "<script>alert" not in page, path
        assert "&lt;script&gt;alert" in page, path
        assert "<i>anders" not in page
    page = browser.new_page()
    said = []
    page.on("dialog", lambda d: said.append(d.message))
    page.goto((site / "gebied" / "GM0001.html").as_uri())
    assert said == []
    assert page.title().startswith("Noorddorp")
    # what the settings name comes first
    assert page.locator("main article h4").first.inner_text() == "Gemiddelde BMI"
    page.close()


def test_words_for_what_is_absent_differ_and_never_tell_a_small_cell():
    hidden = {"status": "verborgen", "period": "2024"}
    said = {
        words.absent(hidden),
        words.absent({"status": "geen_gegevens", "period": "2024"}),
        words.absent({"status": "niet_op_dit_niveau", "period": "2024"}),
        words.absent({"status": "niet_op_dit_niveau", "period": "2023-2025"}),
    }
    assert said == {"verborgen", "geen gegevens", "te weinig kinderen", "niet op dit niveau"}
    assert words.absent(hidden) == words.absent(hidden | {"n": 3}) == "verborgen"
    assert len({words.reason(w) for w in said}) == 4
    assert words.absent(None) == "geen gegevens"


def test_what_changed_since_the_previous_edition_is_told(bds, result, tmp_path):
    done = bds("report", "site", result, "-o", tmp_path / "site", "--previous", result)
    assert done.code == 0, done.err
    page = (tmp_path / "site" / "methode.html").read_text(encoding="utf-8")
    assert "Definities, gebieden en beleid zijn gelijk." in page
