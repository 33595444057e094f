-- rij: één dossier met een geboortedatum
-- uit: reg, gezin, groeidiagram, parameters
-- elementen: 19, 20, 21, 29, 82, 91, 92, 93, 110, 115, 137, 368, 380, 439, 441, 445, 447, 487, 488, 741, 747, 1197, 1340, 1413, 1533, 1541, 1581, 1582, 1584, 1587, 1616
-- geboren: geboortedatum; een datum zonder dag telt niet
-- sex: M, V of onbekend; education: laag, midden, hoog of onbekend; origin: klasse of onbekend
-- einde: eerste van overlijden (21), vertrek uit Nederland (29) en zorgbeëindiging (488); leeg als het kind er nog is
-- kaart: groeireferentie (nl, tu, ma, hs, ds, p25 … p36); kaart_later: na 4 jaar
-- status_zorg: laatste 1197 (W0625); zwangerschap in dagen (82); gewicht bij geboorte in gram (110)
-- roken, alcohol, drugs: 1 ja, 2 nee (W0141); voeding_geboorte, voeding_dag8: W0177
-- ngs1_r … ngs3_l: uitslag gehoorscreening 1e en 3e ronde (W0284)
SELECT
  k.kind,
  k.geboren,
  k.einde,
  CASE k.geslacht WHEN '1' THEN 'M' WHEN '2' THEN 'V' ELSE 'onbekend' END AS sex,
  CASE g.klasse WHEN 1 THEN 'laag' WHEN 2 THEN 'midden' WHEN 3 THEN 'hoog' ELSE 'onbekend' END AS education,
  coalesce(g.herkomst, 'onbekend') AS origin,
  g.moeder_geboren,
  k.status_zorg,
  CASE
    WHEN p.groeikaart = 'nl' THEN 'nl'
    WHEN k.zwangerschap BETWEEN 175 AND 258 AND coalesce(k.diagram, '01') IN ('01', '06')
      THEN 'p' || CAST(CAST(floor(k.zwangerschap / 7) AS INTEGER) AS VARCHAR)
    ELSE coalesce(d.kaart, 'nl')
  END AS kaart,
  CASE WHEN p.groeikaart = 'nl' THEN 'nl' ELSE coalesce(d.kaart, 'nl') END AS kaart_later,
  CASE WHEN k.zwangerschap BETWEEN 50 AND 350 THEN k.zwangerschap END AS zwangerschap,
  CASE WHEN k.gewicht BETWEEN 300 AND 8000 THEN k.gewicht END AS gewicht,
  k.dysmatuur, k.pariteit, k.vitamine_k, k.roken, k.alcohol, k.drugs, k.voeding_geboorte, k.voeding_dag8,
  k.hielprik, k.hielprik_reden, k.ngs1_r, k.ngs1_l, k.ngs3_r, k.ngs3_l, k.nicu,
  k.toestemming_rvp, k.toestemming_wijze, k.dktp_schema, k.maternaal
FROM (
  SELECT
    kind,
    TRY_CAST(left(max(waarde) FILTER (WHERE bdsnummer = 20), 10) AS DATE) AS geboren,
    max(waarde) FILTER (WHERE bdsnummer = 19) AS geslacht,
    TRY_CAST(left(min(waarde) FILTER (WHERE bdsnummer IN (21, 29, 488)), 10) AS DATE) AS einde,
    max_by(waarde, coalesce(datum, DATE '1900-01-01')) FILTER (WHERE bdsnummer = 1197) AS status_zorg,
    TRY_CAST(max(waarde) FILTER (WHERE bdsnummer = 82) AS INTEGER) AS zwangerschap,
    TRY_CAST(max(waarde) FILTER (WHERE bdsnummer = 110) AS INTEGER) AS gewicht,
    max_by(waarde, coalesce(datum, DATE '1900-01-01')) FILTER (WHERE bdsnummer = 1616) AS diagram,
    max(waarde) FILTER (WHERE bdsnummer = 115) AS dysmatuur,
    TRY_CAST(max(waarde) FILTER (WHERE bdsnummer = 741) AS INTEGER) AS pariteit,
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
    max_by(waarde, coalesce(datum, DATE '1900-01-01')) FILTER (WHERE bdsnummer = 1533) AS toestemming_rvp,
    max(waarde) FILTER (WHERE bdsnummer = 1541) AS toestemming_wijze,
    max(waarde) FILTER (WHERE bdsnummer = 1584) AS dktp_schema,
    max(CASE WHEN bdsnummer = 1587 THEN '1' WHEN waarde = '1' THEN '1' ELSE '0' END)
      FILTER (WHERE bdsnummer IN (1581, 1582, 1587)) AS maternaal
  FROM reg
  WHERE bdsnummer IN (19, 20, 21, 29, 82, 91, 92, 93, 110, 115, 137, 368, 380, 439, 441, 445, 447, 487, 488, 741, 747,
    1197, 1340, 1413, 1533, 1541, 1581, 1582, 1584, 1587, 1616)
  GROUP BY kind
) AS k
CROSS JOIN parameters AS p
LEFT JOIN gezin AS g ON g.kind = k.kind
LEFT JOIN groeidiagram AS d ON d.code = k.diagram
WHERE k.geboren IS NOT NULL
