-- rij: één component (dktp, hib, bmr …) van één toegediende vaccinatie
-- uit: prikdatum, vaccin
-- elementen: 461, 1409, 1589, 20
-- datum: zie prikdatum; vorige: vorige dosis van hetzelfde component (dagen ervoor: tussen)
SELECT
  d.kind, d.component, d.datum, d.geboren,
  $DAG(d.geboren, d.datum) AS dag,
  $MND(d.geboren, d.datum) AS maand,
  $DAG(lag(d.datum) OVER (PARTITION BY d.kind, d.component ORDER BY d.datum), d.datum) AS tussen
FROM (
  SELECT DISTINCT g.kind, v.component, g.datum, g.geboren
  FROM prikdatum AS g
  JOIN vaccin AS v ON v.code = g.code
  WHERE g.datum IS NOT NULL
) AS d
