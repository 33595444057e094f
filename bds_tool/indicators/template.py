"""The example that `bds indicator new` writes: a definition that works, with a case, to be changed by the user."""

TEMPLATE = """# Eigen indicator. Kolommen van de views: zie bds indicator show BRUSH en de koppen van de views.
# Toets met: bds indicator test MIJN-INDICATOR --indicators DEZE_MAP
- id: MIJN-INDICATOR
  titel: Poetst minstens tweemaal per dag, 4 tot 12 jaar
  titel_en: Brushes teeth at least twice a day, 4 to 12 years
  thema: eigen
  bron: eigen definitie
  zekerheid: D
  soort: aandeel
  eenheid: "%"
  view: antwoord
  begrip: poetsen
  leeftijd: {van_mnd: 48, tot_mnd: 144}
  teller: waarde = '04'
  populatie_view: contactjaar
  uitsplitsingen: [sex, education]
  polariteit: hoger_is_gunstig
  gevoeligheid: normaal
  elementen: [188]
  since: "4.0.2"
  gevallen:
    - naam: een kind poetst tweemaal, een kind eenmaal, een kind is gezien zonder antwoord
      kinderen:
        # [bdsnummer, waarde, datum, activiteit, volgnr]
        a: [[20, 2018-05-01], [724, 2024-03-01, 2024-03-01], [1605, "01", 2024-03-01], [188, "04", 2024-03-01]]
        b: [[20, 2018-06-01], [724, 2024-03-02, 2024-03-02], [1605, "01", 2024-03-02], [188, "03", 2024-03-02]]
        c: [[20, 2018-07-01], [724, 2024-03-03, 2024-03-03], [1605, "01", 2024-03-03]]
      verwacht: {2024: {n: 2, x: 1, missing: 1}}
"""
