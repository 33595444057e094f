-- rij: één toegediende vaccinatie (groep) van een kind, zoals geregistreerd
-- uit: reg
-- elementen: 461, 1409, 1589
-- dag: datum van de activiteit
SELECT
  kind,
  act,
  volgnr,
  max(datum) AS dag,
  max(waarde) FILTER (WHERE bdsnummer = 461) AS code,
  max(waarde) FILTER (WHERE bdsnummer = 1409) AS datum,
  max(waarde) FILTER (WHERE bdsnummer = 1589) AS afgekeurd
FROM reg
WHERE bdsnummer IN (461, 1409, 1589)
GROUP BY kind, act, volgnr
