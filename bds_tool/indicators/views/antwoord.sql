-- rij: het antwoord op een begrip (referenties/codering.csv) van een kind op één dag
-- uit: reg, kind, contactjaar, parameters
-- elementen: (die van codering.csv met een begrip)
-- waarde: genormaliseerde waarde; tijdperk: 0 oud element, 1 nieuw element, leeg zonder wisseling
-- op een dag gaat het nieuwe element voor het oude; antwoorden van een dag die elkaar tegenspreken tellen niet
-- volgend: leeftijd in maanden bij het volgende antwoord in hetzelfde kalenderjaar, 9999 als dit het laatste is
-- datum, leeftijd_mnd: van het antwoord. Het kind telt waar het in contactjaar telt, anders kloppen optellingen niet:
-- dag, age en leeftijden zijn die van contactjaar; zonder gezien contact in het jaar die van het antwoord, leeftijden 0
SELECT
  a.kind, a.jaar, a.begrip, a.datum, a.waarde, a.tijdperk, a.leeftijd_mnd,
  coalesce(lead(a.leeftijd_mnd) OVER (PARTITION BY a.kind, a.begrip, a.jaar ORDER BY a.datum), 9999) AS volgend,
  coalesce(c.datum, a.datum) AS dag,
  coalesce(c.age, CAST(CAST(floor(a.leeftijd_mnd / 12) AS INTEGER) AS VARCHAR)) AS age,
  coalesce(c.leeftijden, 0) AS leeftijden
FROM (
  SELECT
    r.kind, r.begrip, r.datum, r.tijdperk, r.laag AS waarde,
    year(r.datum) AS jaar,
    $MND(k.geboren, r.datum) AS leeftijd_mnd
  FROM (
    SELECT
      kind, begrip, datum,
      max(tijdperk) AS tijdperk,
      coalesce(min(waarde) FILTER (WHERE tijdperk = 1), min(waarde)) AS laag,
      coalesce(max(waarde) FILTER (WHERE tijdperk = 1), max(waarde)) AS hoog
    FROM reg
    WHERE begrip IS NOT NULL AND datum IS NOT NULL
    GROUP BY kind, begrip, datum
  ) AS r
  JOIN kind AS k ON k.kind = r.kind
  CROSS JOIN parameters AS p
  WHERE r.laag = r.hoog AND r.datum BETWEEN k.geboren AND p.peildatum
) AS a
LEFT JOIN contactjaar AS c ON c.kind = a.kind AND c.jaar = a.jaar
