-- rij: één dossier met de waarden die er eenmaal in staan, zoals geregistreerd
-- uit: reg, parameters
-- elementen: 19, 20, 21, 29, 82, 91, 92, 93, 110, 115, 137, 368, 380, 439, 441, 445, 447, 488, 741, 747, 1197, 1340, 1413, 1533, 1541, 1581, 1582, 1584, 1587, 1616
-- bij meer dan één waarde de laatste tot en met de peildatum (zonder datum: van het begin af); waarden van dezelfde dag die elkaar tegenspreken tellen niet, en twee
-- geboortedatums of geslachten nooit (geboortedatums, geslachten: hoeveel verschillende er zijn)
-- een geboortedatum met een tijd erachter is dezelfde dag; geboorte, geslacht en einde staan vast, wanneer zij ook zijn vastgelegd
-- einde: de laagste van 21, 29 en 488; overleden: de laagste van 21
-- maternaal_ja: 1581 of 1582 is ja; maternaal_datum: 1587; maternaal: een van de drie
SELECT
  kind,
  max(waarde) FILTER (WHERE bdsnummer = 20 AND aantal = 1) AS geboren,
  max(waarde) FILTER (WHERE bdsnummer = 19 AND aantal = 1) AS geslacht,
  max(aantal) FILTER (WHERE bdsnummer = 20) AS geboortedatums,
  max(aantal) FILTER (WHERE bdsnummer = 19) AS geslachten,
  min(laagste) FILTER (WHERE bdsnummer IN (21, 29, 488)) AS einde,
  min(laagste) FILTER (WHERE bdsnummer = 21) AS overleden,
  max(waarde) FILTER (WHERE bdsnummer = 1197) AS status_zorg,
  max(waarde) FILTER (WHERE bdsnummer = 82) AS zwangerschap,
  max(waarde) FILTER (WHERE bdsnummer = 110) AS gewicht,
  max(waarde) FILTER (WHERE bdsnummer = 1616) AS diagram,
  max(waarde) FILTER (WHERE bdsnummer = 115) AS dysmatuur,
  max(waarde) FILTER (WHERE bdsnummer = 741) AS pariteit,
  max(waarde) FILTER (WHERE bdsnummer = 137) AS vitamine_k,
  max(waarde) FILTER (WHERE bdsnummer = 91) AS roken,
  max(waarde) FILTER (WHERE bdsnummer = 92) AS alcohol,
  max(waarde) FILTER (WHERE bdsnummer = 93) AS drugs,
  max(waarde) FILTER (WHERE bdsnummer = 747) AS voeding_geboorte,
  max(waarde) FILTER (WHERE bdsnummer = 1340) AS voeding_dag8,
  max(waarde) FILTER (WHERE bdsnummer = 368) AS hielprik,
  max(waarde) FILTER (WHERE bdsnummer = 380) AS hielprik_reden,
  max(waarde) FILTER (WHERE bdsnummer = 439) AS ngs1_r,
  max(waarde) FILTER (WHERE bdsnummer = 441) AS ngs1_l,
  max(waarde) FILTER (WHERE bdsnummer = 445) AS ngs3_r,
  max(waarde) FILTER (WHERE bdsnummer = 447) AS ngs3_l,
  max(waarde) FILTER (WHERE bdsnummer = 1413) AS nicu,
  max(waarde) FILTER (WHERE bdsnummer = 1533) AS toestemming_rvp,
  max(waarde) FILTER (WHERE bdsnummer = 1541) AS toestemming_wijze,
  max(waarde) FILTER (WHERE bdsnummer = 1584) AS dktp_schema,
  max(hoogste) FILTER (WHERE bdsnummer IN (1581, 1582) AND hoogste = '1') AS maternaal_ja,
  max(hoogste) FILTER (WHERE bdsnummer = 1587) AS maternaal_datum,
  max(hoogste) FILTER (WHERE bdsnummer IN (1581, 1582, 1587)) AS maternaal
FROM (
  SELECT
    kind, bdsnummer,
    min(laag) AS laagste,
    max(hoog) AS hoogste,
    CASE WHEN max_by(laag, dag) = max_by(hoog, dag) THEN max_by(laag, dag) END AS waarde,
    CASE WHEN min(laag) = max(hoog) THEN 1 ELSE 2 END AS aantal
  FROM (
    SELECT
      kind, bdsnummer, coalesce(datum, DATE '1900-01-01') AS dag,
      min(CASE bdsnummer WHEN 20 THEN left(waarde, 10) ELSE waarde END) AS laag,
      max(CASE bdsnummer WHEN 20 THEN left(waarde, 10) ELSE waarde END) AS hoog
    FROM reg
    CROSS JOIN parameters AS p
    WHERE bdsnummer IN (19, 20, 21, 29, 82, 91, 92, 93, 110, 115, 137, 368, 380, 439, 441, 445, 447, 488, 741, 747, 1197,
      1340, 1413, 1533, 1541, 1581, 1582, 1584, 1587, 1616)
      AND (bdsnummer IN (19, 20, 21, 29, 488) OR datum IS NULL OR datum <= p.peildatum)
    GROUP BY kind, bdsnummer, dag
  ) AS d
  GROUP BY kind, bdsnummer
) AS e
GROUP BY kind
