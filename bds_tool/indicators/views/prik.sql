-- rij: één component (dktp, hib, bmr …) van één toegediende vaccinatie
-- uit: prikwaarden, kind, vaccin, parameters
-- elementen: 461, 1409, 1589, 20
-- datum: 1409, anders de datum van de activiteit; vorige: vorige dosis van hetzelfde component (dagen ervoor: tussen)
-- een door het RIVM afgekeurde vaccinatie (1589) telt niet
SELECT
  d.kind, d.component, d.datum, d.geboren,
  $DAG(d.geboren, d.datum) AS dag,
  $DAG(lag(d.datum) OVER (PARTITION BY d.kind, d.component ORDER BY d.datum), d.datum) AS tussen
FROM (
  SELECT DISTINCT g.kind, v.component, g.datum, k.geboren
  FROM (
    SELECT kind, code, afgekeurd, coalesce(TRY_CAST(left(datum, 10) AS DATE), dag) AS datum
    FROM prikwaarden
  ) AS g
  JOIN vaccin AS v ON v.code = g.code
  JOIN kind AS k ON k.kind = g.kind
  CROSS JOIN parameters AS p
  WHERE coalesce(g.afgekeurd, '2') <> '1' AND g.datum BETWEEN k.geboren AND p.peildatum
) AS d
