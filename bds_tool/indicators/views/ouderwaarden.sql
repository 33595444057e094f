-- rij: één ouder of verzorger (groep G014) van een kind, zoals geregistreerd
-- uit: reg, parameters
-- elementen: 62, 63, 66, 71
-- bij meer dan één waarde de laatste tot en met de peildatum; waarden van dezelfde dag die elkaar tegenspreken tellen niet
SELECT
  kind,
  volgnr,
  max(waarde) FILTER (WHERE bdsnummer = 62) AS relatie,
  max(waarde) FILTER (WHERE bdsnummer = 63) AS geboren,
  max(waarde) FILTER (WHERE bdsnummer = 66) AS opleiding,
  max(waarde) FILTER (WHERE bdsnummer = 71) AS land
FROM (
  SELECT
    kind, volgnr, bdsnummer,
    CASE WHEN max_by(laag, dag) = max_by(hoog, dag) THEN max_by(laag, dag) END AS waarde
  FROM (
    SELECT
      kind, volgnr, bdsnummer, coalesce(datum, DATE '1900-01-01') AS dag,
      min(waarde) AS laag, max(waarde) AS hoog
    FROM reg
    CROSS JOIN parameters AS p
    WHERE bdsnummer IN (62, 63, 66, 71) AND (datum IS NULL OR datum <= p.peildatum)
    GROUP BY kind, volgnr, bdsnummer, dag
  ) AS d
  GROUP BY kind, volgnr, bdsnummer
) AS e
GROUP BY kind, volgnr
