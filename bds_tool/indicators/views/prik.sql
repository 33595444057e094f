-- rij: één component (dktp, hib, bmr …) van één toegediende vaccinatie
-- uit: reg, kind, vaccin
-- elementen: 461, 1409, 1589, 20
-- datum: 1409, anders de datum van de activiteit; vorige: vorige dosis van hetzelfde component (dagen ervoor: tussen)
-- een door het RIVM afgekeurde vaccinatie (1589) telt niet
SELECT
  d.kind, d.component, d.datum,
  $DAG(d.geboren, d.datum) AS dag,
  $DAG(lag(d.datum) OVER (PARTITION BY d.kind, d.component ORDER BY d.datum), d.datum) AS tussen
FROM (
  SELECT DISTINCT g.kind, v.component, g.datum, k.geboren
  FROM (
    SELECT
      kind, act, volgnr,
      max(waarde) FILTER (WHERE bdsnummer = 461) AS code,
      coalesce(TRY_CAST(left(max(waarde) FILTER (WHERE bdsnummer = 1409), 10) AS DATE), max(datum)) AS datum,
      coalesce(max(waarde) FILTER (WHERE bdsnummer = 1589), '2') AS afgekeurd
    FROM reg
    WHERE bdsnummer IN (461, 1409, 1589)
    GROUP BY kind, act, volgnr
  ) AS g
  JOIN vaccin AS v ON v.code = g.code
  JOIN kind AS k ON k.kind = g.kind
  CROSS JOIN parameters AS p
  WHERE g.afgekeurd <> '1' AND g.datum BETWEEN k.geboren AND p.peildatum
) AS d
