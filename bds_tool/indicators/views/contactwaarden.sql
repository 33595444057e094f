-- rij: één activiteit van een kind met wat erover is vastgelegd
-- uit: reg
-- elementen: 494, 495, 724, 725, 1424, 1577, 1605
-- dag: datum van de registratie; tijdperk: 0 als 494 een soort van vóór 4.0 is; gewicht: reden 09 in 1424
SELECT
  act,
  kind,
  max(datum) AS dag,
  max(waarde) FILTER (WHERE bdsnummer = 724) AS datum,
  max(waarde) FILTER (WHERE bdsnummer = 494) AS soort,
  max(tijdperk) FILTER (WHERE bdsnummer = 494) AS tijdperk,
  max(waarde) FILTER (WHERE bdsnummer = 1605) AS status,
  max(waarde) FILTER (WHERE bdsnummer = 725) AS status_725,
  max(waarde) FILTER (WHERE bdsnummer = 495) AS status_495,
  max(waarde) FILTER (WHERE bdsnummer = 1577) AS vorm,
  max(waarde) FILTER (WHERE bdsnummer = 1424) AS indicatie,
  max(waarde) FILTER (WHERE bdsnummer = 1424 AND waarde = '09') AS gewicht
FROM reg
WHERE bdsnummer IN (494, 495, 724, 725, 1424, 1577, 1605) AND act IS NOT NULL
GROUP BY act, kind
