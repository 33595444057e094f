-- rij: één adres (groep G001) van een kind met geldigheid
-- uit: adreswaarden
-- elementen: 8, 9, 12, 16, 697, 1453, 1454
-- postcode: zonder spatie, hoofdletters; huisnummer: geheel getal
-- rang: 0 BRP/COA-adres (8 = 01), 1 woonadres, 2 onbekende soort, 3 tijdelijk of post
SELECT
  kind,
  volgnr,
  upper(replace(postcode, ' ', '')) AS postcode,
  TRY_CAST(huisnummer AS INTEGER) AS huisnummer,
  gemeente,
  CASE soort WHEN '01' THEN 0 WHEN '02' THEN 1 WHEN '03' THEN 3 WHEN '04' THEN 3 ELSE 2 END AS rang,
  coalesce(geheim, '2') = '1' AS geheim,
  TRY_CAST(left(van, 10) AS DATE) AS van,
  TRY_CAST(left(tot, 10) AS DATE) AS tot
FROM adreswaarden
