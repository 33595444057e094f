-- rij: één adres (groep G001) van een kind, zoals geregistreerd
-- uit: reg
-- elementen: 8, 9, 12, 16, 697, 1453, 1454
SELECT
  kind,
  volgnr,
  max(waarde) FILTER (WHERE bdsnummer = 16) AS postcode,
  max(waarde) FILTER (WHERE bdsnummer = 12) AS huisnummer,
  max(waarde) FILTER (WHERE bdsnummer = 9) AS gemeente,
  max(waarde) FILTER (WHERE bdsnummer = 8) AS soort,
  max(waarde) FILTER (WHERE bdsnummer = 697) AS geheim,
  max(waarde) FILTER (WHERE bdsnummer = 1453) AS van,
  max(waarde) FILTER (WHERE bdsnummer = 1454) AS tot
FROM reg
WHERE bdsnummer IN (8, 9, 12, 16, 697, 1453, 1454)
GROUP BY kind, volgnr
