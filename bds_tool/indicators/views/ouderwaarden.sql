-- rij: één ouder of verzorger (groep G014) van een kind, zoals geregistreerd
-- uit: reg
-- elementen: 62, 63, 66, 71
SELECT
  kind,
  volgnr,
  max(waarde) FILTER (WHERE bdsnummer = 62) AS relatie,
  max(waarde) FILTER (WHERE bdsnummer = 63) AS geboren,
  max(waarde) FILTER (WHERE bdsnummer = 66) AS opleiding,
  max(waarde) FILTER (WHERE bdsnummer = 71) AS land
FROM reg
WHERE bdsnummer IN (62, 63, 66, 71)
GROUP BY kind, volgnr
