-- rij: één dossier met de waarden die er eenmaal in staan, zoals geregistreerd
-- uit: reg, kindwaarde, parameters
-- elementen: 19, 20, 21, 23, 29, 82, 91, 92, 93, 110, 115, 137, 368, 380, 439, 441, 445, 447, 488, 741, 747, 1197, 1340, 1413, 1533, 1541, 1581, 1582, 1584, 1587, 1616
-- bij meer dan één waarde de laatste tot en met de peildatum (zonder datum: van het begin af); waarden van dezelfde dag die elkaar tegenspreken tellen niet, en twee
-- geboortedatums of geslachten nooit (aantal: 1 als er maar één waarde is, anders 2)
-- einde: de laagste van 21, 29 en 488; overleden: de laagste van 21
-- maternaal_ja: 1581 of 1582 is ja; maternaal_datum: 1587; maternaal: een van de drie
SELECT
  kind,
  max(waarde) FILTER (WHERE bdsnummer = 20 AND aantal = 1) AS geboren,
  max(waarde) FILTER (WHERE bdsnummer = 19 AND aantal = 1) AS geslacht,
  min(laagste) FILTER (WHERE bdsnummer IN (21, 29, 488)) AS einde,
  min(laagste) FILTER (WHERE bdsnummer = 21) AS overleden,
  max(waarde) FILTER (WHERE bdsnummer = 1197) AS status_zorg,
  max(waarde) FILTER (WHERE bdsnummer = 23) AS land,
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
    r.kind, r.bdsnummer, 1 AS aantal, r.waarde, r.waarde AS laagste, r.waarde AS hoogste
  FROM (
    SELECT kind, bdsnummer, datum, CASE bdsnummer WHEN 20 THEN left(waarde, 10) ELSE waarde END AS waarde
    FROM reg
    WHERE bdsnummer IN (19, 20, 21, 23, 29, 82, 91, 92, 93, 110, 115, 137, 368, 380, 439, 441, 445, 447, 488, 741, 747, 1197,
      1340, 1413, 1533, 1541, 1581, 1582, 1584, 1587, 1616)
  ) AS r
  CROSS JOIN parameters AS p
  LEFT JOIN kindwaarde AS w ON w.kind = r.kind AND w.bdsnummer = r.bdsnummer
  WHERE w.kind IS NULL AND (r.bdsnummer IN (19, 20, 21, 29, 488) OR r.datum IS NULL OR r.datum <= p.peildatum)
  UNION ALL
  SELECT w.kind, w.bdsnummer, 2 AS aantal, l.waarde, w.laag AS laagste, w.hoog AS hoogste
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
      JOIN kindwaarde AS v ON v.kind = r.kind AND v.bdsnummer = r.bdsnummer
      CROSS JOIN parameters AS p
      WHERE r.datum IS NULL OR r.datum <= p.peildatum
      GROUP BY r.kind, r.bdsnummer, coalesce(r.datum, DATE '1900-01-01')
    ) AS d
    GROUP BY kind, bdsnummer
  ) AS l ON l.kind = w.kind AND l.bdsnummer = w.bdsnummer
) AS e
GROUP BY kind
