-- rij: één tijdvak waarin een kind op één school zit, zoals woont voor adressen; komt daarvoor in de plaats bij --area school
-- uit: reg, schoolgebied, geenplaats, parameters
-- elementen: 605
-- van (vanaf), tot (niet meer); gebied: rij van de tabel gebied. Een school geldt vanaf haar datum tot de volgende; zonder datum
-- altijd. Twee scholen op een dag, of iets anders dan een BRIN, is geen school; vóór de eerste is er ook geen
SELECT s.kind, s.van, coalesce(s.tot, DATE '2999-12-31') AS tot, coalesce(g.gebied, p.onbekend) AS gebied
FROM (
  SELECT kind, van, school, lead(van) OVER (PARTITION BY kind ORDER BY van) AS tot
  FROM (
    SELECT
      r.kind,
      coalesce(r.datum, DATE '1900-01-01') AS van,
      CASE WHEN min(upper(trim(r.waarde))) = max(upper(trim(r.waarde))) THEN min(upper(trim(r.waarde))) END AS school
    FROM reg AS r
    CROSS JOIN parameters AS q
    WHERE r.bdsnummer = 605 AND (r.datum IS NULL OR r.datum <= q.peildatum)
    GROUP BY r.kind, coalesce(r.datum, DATE '1900-01-01')
    UNION ALL
    SELECT kind, DATE '1900-01-01' AS van, CAST(NULL AS VARCHAR) AS school
    FROM reg
    WHERE bdsnummer = 605
    GROUP BY kind
    HAVING count(*) = count(datum)
  ) AS e
) AS s
CROSS JOIN geenplaats AS p
LEFT JOIN schoolgebied AS g ON g.school = s.school
