-- rij: één element van een dossier dat er eenmaal in hoort te staan, en er met verschillende waarden in staat
-- uit: reg, parameters
-- elementen: 19, 20, 21, 23, 29, 82, 91, 92, 93, 110, 115, 137, 368, 380, 439, 441, 445, 447, 488, 741, 747, 1197, 1340, 1413, 1533, 1541, 1581, 1582, 1584, 1587, 1616
-- laag, hoog: laagste en hoogste waarde tot en met de peildatum (zonder datum: van het begin af)
-- eerst wordt geteld wat er vaker dan eenmaal staat: dat is weinig, en waarden vergelijken is duur
-- een geboortedatum met een tijd erachter is dezelfde dag; geboorte, geslacht en einde staan vast, wanneer zij ook zijn vastgelegd
SELECT r.kind, r.bdsnummer, min(r.waarde) AS laag, max(r.waarde) AS hoog
FROM (
  SELECT kind, bdsnummer
  FROM reg
  WHERE bdsnummer IN (19, 20, 21, 23, 29, 82, 91, 92, 93, 110, 115, 137, 368, 380, 439, 441, 445, 447, 488, 741, 747, 1197,
    1340, 1413, 1533, 1541, 1581, 1582, 1584, 1587, 1616)
  GROUP BY kind, bdsnummer
  HAVING count(*) > 1
) AS m
JOIN (
  SELECT kind, bdsnummer, datum, CASE bdsnummer WHEN 20 THEN left(waarde, 10) ELSE waarde END AS waarde
  FROM reg
  WHERE bdsnummer IN (19, 20, 21, 23, 29, 82, 91, 92, 93, 110, 115, 137, 368, 380, 439, 441, 445, 447, 488, 741, 747, 1197,
    1340, 1413, 1533, 1541, 1581, 1582, 1584, 1587, 1616)
) AS r ON r.kind = m.kind AND r.bdsnummer = m.bdsnummer
CROSS JOIN parameters AS p
WHERE r.bdsnummer IN (19, 20, 21, 29, 488) OR r.datum IS NULL OR r.datum <= p.peildatum
GROUP BY r.kind, r.bdsnummer
HAVING min(r.waarde) <> max(r.waarde)
