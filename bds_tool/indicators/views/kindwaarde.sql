-- rij: één element van een dossier dat er eenmaal in hoort te staan
-- uit: reg, parameters
-- elementen: 19, 20, 21, 29, 82, 91, 92, 93, 110, 115, 137, 368, 380, 439, 441, 445, 447, 488, 741, 747, 1197, 1340, 1413, 1533, 1541, 1581, 1582, 1584, 1587, 1616
-- laag, hoog: laagste en hoogste waarde tot en met de peildatum (zonder datum: van het begin af); gelijk als er niets wisselt
-- een geboortedatum met een tijd erachter is dezelfde dag; geboorte, geslacht en einde staan vast, wanneer zij ook zijn vastgelegd
SELECT
  kind, bdsnummer,
  min(CASE bdsnummer WHEN 20 THEN left(waarde, 10) ELSE waarde END) AS laag,
  max(CASE bdsnummer WHEN 20 THEN left(waarde, 10) ELSE waarde END) AS hoog
FROM reg
CROSS JOIN parameters AS p
WHERE bdsnummer IN (19, 20, 21, 29, 82, 91, 92, 93, 110, 115, 137, 368, 380, 439, 441, 445, 447, 488, 741, 747, 1197,
  1340, 1413, 1533, 1541, 1581, 1582, 1584, 1587, 1616)
  AND (bdsnummer IN (19, 20, 21, 29, 488) OR datum IS NULL OR datum <= p.peildatum)
GROUP BY kind, bdsnummer
