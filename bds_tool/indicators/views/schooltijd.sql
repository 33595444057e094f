-- rij: één tijdvak waarin een kind op één school zit, zoals woont voor adressen; komt daarvoor in de plaats bij --area school
-- uit: school, schoolgebied, geenplaats
-- elementen: 605, 1473, 1474
-- van (vanaf), tot (niet meer); gebied: rij van de tabel gebied. Tijdvakken van een kind sluiten aan en overlappen niet. Een school
-- geldt van haar begin tot de volgende, of tot en met haar eind als dat eerder is; vóór de eerste en na zo'n eind is er geen
SELECT s.kind, s.van, s.tot, coalesce(g.gebied, p.onbekend) AS gebied
FROM (
  SELECT kind, van, CASE WHEN na < volgend THEN na ELSE volgend END AS tot, school FROM school
  UNION ALL
  SELECT kind, na AS van, volgend AS tot, CAST(NULL AS VARCHAR) AS school FROM school WHERE na < volgend
  UNION ALL
  SELECT kind, DATE '1900-01-01' AS van, min(van) AS tot, CAST(NULL AS VARCHAR) AS school
  FROM school
  GROUP BY kind
  HAVING min(van) > DATE '1900-01-01'
) AS s
CROSS JOIN geenplaats AS p
LEFT JOIN schoolgebied AS g ON g.school = s.school
