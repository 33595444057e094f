-- rij: één dossier met de waarden die er eenmaal in staan, zoals geregistreerd
-- uit: reg, kindwaarde, parameters
-- elementen: 19, 20, 21, 29, 82, 91, 92, 93, 110, 115, 137, 368, 380, 439, 441, 445, 447, 488, 741, 747, 1197, 1340, 1413, 1533, 1541, 1581, 1582, 1584, 1587, 1616
-- bij meer dan één waarde de laatste tot en met de peildatum (zonder datum: van het begin af); waarden van dezelfde dag die elkaar tegenspreken tellen niet, en twee
-- geboortedatums of geslachten nooit (geboortedatums, geslachten: hoeveel verschillende er zijn)
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
  SELECT kind, bdsnummer, laag AS laagste, hoog AS hoogste, 1 AS aantal, laag AS waarde
  FROM kindwaarde
  WHERE laag = hoog
  UNION ALL
  SELECT w.kind, w.bdsnummer, w.laag AS laagste, w.hoog AS hoogste, 2 AS aantal, l.waarde
  FROM kindwaarde AS w
  LEFT JOIN (
    SELECT
      kind, bdsnummer,
      CASE WHEN max_by(laag, dag) = max_by(hoog, dag) THEN max_by(laag, dag) END AS waarde
    FROM (
      SELECT
        r.kind, r.bdsnummer, coalesce(r.datum, DATE '1900-01-01') AS dag,
        min(r.waarde) AS laag, max(r.waarde) AS hoog
      FROM reg AS r
      JOIN kindwaarde AS v ON v.kind = r.kind AND v.bdsnummer = r.bdsnummer AND v.laag <> v.hoog
      CROSS JOIN parameters AS p
      WHERE r.datum IS NULL OR r.datum <= p.peildatum
      GROUP BY r.kind, r.bdsnummer, coalesce(r.datum, DATE '1900-01-01')
    ) AS d
    GROUP BY kind, bdsnummer
  ) AS l ON l.kind = w.kind AND l.bdsnummer = w.bdsnummer
  WHERE w.laag <> w.hoog
) AS e
GROUP BY kind
