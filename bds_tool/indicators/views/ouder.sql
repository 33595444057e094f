-- rij: één ouder of verzorger (groep G014) van een kind
-- uit: reg
-- elementen: 62, 63, 66, 71
-- relatie: W0096 in BDS-codering (01 vader, 02 moeder, …)
-- geboren: geboortedatum ouder; leeg als die niet volledig is
-- opleiding: W0658; land: landcode tabel 34
SELECT
  kind,
  volgnr,
  max(waarde) FILTER (WHERE bdsnummer = 62) AS relatie,
  TRY_CAST(left(max(waarde) FILTER (WHERE bdsnummer = 63), 10) AS DATE) AS geboren,
  max(waarde) FILTER (WHERE bdsnummer = 66) AS opleiding,
  max(waarde) FILTER (WHERE bdsnummer = 71) AS land
FROM reg
WHERE bdsnummer IN (62, 63, 66, 71)
GROUP BY kind, volgnr
