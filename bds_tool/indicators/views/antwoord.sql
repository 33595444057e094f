-- rij: het laatste antwoord op een begrip (referenties/codering.csv) van een kind in een kalenderjaar
-- uit: reg, kind, contactjaar, parameters
-- elementen: (die van codering.csv met een begrip)
-- waarde: genormaliseerde waarde; tijdperk: 0 oud element, 1 nieuw element, leeg zonder wisseling
-- datum, leeftijd_mnd: van het antwoord. Het kind telt waar het in contactjaar telt, anders kloppen optellingen niet:
-- dag, age en leeftijden zijn die van contactjaar; zonder gezien contact in het jaar die van het antwoord, leeftijden 0
SELECT
  a.kind, a.jaar, a.begrip, a.datum, a.waarde, a.tijdperk,
  $MND(k.geboren, a.datum) AS leeftijd_mnd,
  coalesce(c.datum, a.datum) AS dag,
  coalesce(c.age, CAST(CAST(floor($MND(k.geboren, a.datum) / 12) AS INTEGER) AS VARCHAR)) AS age,
  coalesce(c.leeftijden, 0) AS leeftijden
FROM (
  SELECT
    kind, year(datum) AS jaar, begrip,
    max(datum) AS datum,
    max_by(waarde, datum) AS waarde,
    max_by(tijdperk, datum) AS tijdperk
  FROM reg
  WHERE begrip IS NOT NULL AND datum IS NOT NULL
  GROUP BY kind, year(datum), begrip
) AS a
JOIN kind AS k ON k.kind = a.kind
CROSS JOIN parameters AS p
LEFT JOIN contactjaar AS c ON c.kind = a.kind AND c.jaar = a.jaar
WHERE a.datum BETWEEN k.geboren AND p.peildatum
