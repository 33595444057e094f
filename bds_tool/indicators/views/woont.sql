-- rij: één tijdvak waarin een kind in één gebied woont; de tijdvakken van een kind sluiten aan en overlappen niet
-- uit: adres, pc6hnr, pc6, gemeentegebied, geenplaats
-- elementen: 8, 9, 12, 16, 697, 1453, 1454
-- van (vanaf), tot (niet meer); gebied: rij van de tabel gebied, door bds area check uit te leggen
-- Het eerste adres geldt ook vóór zijn begin, het laatste ook na zijn eind: een verhuizing eindigt een tijdvak pas
-- als het volgende adres begint. Bij gelijke begindatum wint het BRP-adres.
SELECT
  a.kind,
  CASE WHEN a.nr = 1 THEN DATE '1900-01-01' ELSE a.van END AS van,
  coalesce(a.volgend, DATE '2999-12-31') AS tot,
  CASE
    WHEN a.geheim THEN coalesce(g.geheim, p.geheim)
    ELSE coalesce(h.gebied, c.gebied, d.gebied, g.onbekend, p.onbekend)
  END AS gebied
FROM (
  SELECT
    kind, postcode, huisnummer, gemeente, geheim, van,
    row_number() OVER (PARTITION BY kind ORDER BY van) AS nr,
    lead(van) OVER (PARTITION BY kind ORDER BY van) AS volgend
  FROM (
    SELECT
      kind, postcode, huisnummer, gemeente, geheim, coalesce(van, DATE '1900-01-01') AS van,
      row_number() OVER (PARTITION BY kind, coalesce(van, DATE '1900-01-01') ORDER BY rang, volgnr) AS keus
    FROM adres
    WHERE rang < 3
  ) AS e
  WHERE e.keus = 1
) AS a
CROSS JOIN geenplaats AS p
LEFT JOIN pc6hnr AS h ON h.postcode = a.postcode AND h.huisnummer = a.huisnummer
LEFT JOIN pc6 AS c ON c.postcode = a.postcode
LEFT JOIN pc6 AS d ON d.postcode = left(a.postcode, 4)
LEFT JOIN gemeentegebied AS g ON g.gemeente = lower(a.gemeente)
