-- rij: één adres (groep G001) van een kind met geldigheid
-- uit: reg
-- elementen: 8, 9, 12, 16, 697, 1453, 1454
-- postcode: zonder spatie, hoofdletters; huisnummer: geheel getal
-- rang: 0 BRP/COA-adres (8 = 01), 1 woonadres, 2 onbekende soort, 3 tijdelijk of post
SELECT
  kind,
  volgnr,
  upper(replace(max(waarde) FILTER (WHERE bdsnummer = 16), ' ', '')) AS postcode,
  TRY_CAST(max(waarde) FILTER (WHERE bdsnummer = 12) AS INTEGER) AS huisnummer,
  max(waarde) FILTER (WHERE bdsnummer = 9) AS gemeente,
  CASE max(waarde) FILTER (WHERE bdsnummer = 8)
    WHEN '01' THEN 0 WHEN '02' THEN 1 WHEN '03' THEN 3 WHEN '04' THEN 3 ELSE 2 END AS rang,
  coalesce(max(waarde) FILTER (WHERE bdsnummer = 697), '2') = '1' AS geheim,
  TRY_CAST(left(max(waarde) FILTER (WHERE bdsnummer = 1453), 10) AS DATE) AS van,
  TRY_CAST(left(max(waarde) FILTER (WHERE bdsnummer = 1454), 10) AS DATE) AS tot
FROM reg
WHERE bdsnummer IN (8, 9, 12, 16, 697, 1453, 1454)
GROUP BY kind, volgnr
