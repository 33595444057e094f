"""What `bds protocol new` writes: a protocol that works, with a case, to be changed by the user."""

TEMPLATE = """# Een eigen protocol. Zet het in MAP/protocollen/ en toets het: bds --specs MAP protocol test {id}
id: {id}
title: {{nl: Titel van het protocol, en: Title of the protocol}}
guideline:
  name: Naam van de richtlijn
  version: onbekend
  source: "https://www.jgzrichtlijnen.nl"
since: "{since}"
# voorstel: gemaakt van feiten; vastgesteld: de tekst van een officieel protocol.
certainty: voorstel
rules:
  - id: {id}-eerste-regel
    title: {{nl: "Bij een lengte hoort een gewicht", en: "A height needs a weight"}}
    when:
      trigger:
        - {{element: 235}}
    expect:
      - {{element: 245, where: activiteit}}
    severity: info
    source: "Vindplaats in de richtlijn"
cases:
  - name: een lengte met en een lengte zonder gewicht
    children:
      # [nummer, waarde, activiteit, datum]
      a: [[20, "2018-05-01"], [724, "2024-03-01", "1", "2024-03-01"], [235, "1100", "1", "2024-03-01"], [245, "19000", "1", "2024-03-01"]]
      b: [[20, "2018-05-01"], [724, "2024-03-01", "1", "2024-03-01"], [235, "1100", "1", "2024-03-01"]]
    misses:
      b: [{id}-eerste-regel]
"""


def template(identification: str, since: str) -> str:
    """The text of a new protocol with this id, for this BDS version and later ones."""
    return TEMPLATE.format(id=identification, since=since)
