-- rij: één dossier met een geboortedatum
-- uit: kindwaarden, gezin, groeidiagram, moederleeftijd, herkomstklasse, geborenklasse, parameters
-- elementen: 19, 20, 21, 23, 29, 82, 91, 92, 93, 110, 115, 137, 368, 380, 439, 441, 445, 447, 487, 488, 741, 747, 1197, 1340, 1413, 1533, 1541, 1581, 1582, 1584, 1587, 1616
-- geboren: geboortedatum; een datum zonder dag telt niet
-- sex: M, V of onbekend; education: laag, midden, hoog of onbekend, bij de indeling cbs ook mbo, niveau onbekend
-- origin: herkomstland volgens CBS 2022: wie in het buitenland is geboren (23) dat land, anders het land van de moeder (71), en dat van de vader
-- waar de moeder in Nederland is geboren of haar land onbekend is; onbekend als die landen het niet beslissen
-- born_nl: geboren in Nederland volgens CBS 2022 (geborenklasse): eerst zelf, dan hoeveel ouders in het buitenland; onbekend als een land ontbreekt
-- mother_age: leeftijd van de moeder bij de geboorte in klassen (moederleeftijd), of onbekend
-- einde: eerste van overlijden (21), vertrek uit Nederland (29) en zorgbeëindiging (488); leeg als het kind er nog is
-- overleden: dag van overlijden (21)
-- kaart: groeireferentie (nl, tu, ma, hs, ds, p25 … p36); kaart_later: na 4 jaar; 22 tot en met 24 weken
-- krijgt die van 25 weken, de jongste die er is
-- status_zorg: laatste 1197 (W0625); zwangerschap in dagen (82); gewicht bij geboorte in gram (110)
-- roken, alcohol, drugs: 1 ja, 2 nee (W0141); voeding_geboorte, voeding_dag8: W0177
-- ngs1_r … ngs3_l: uitslag gehoorscreening 1e en 3e ronde (W0284)
SELECT
  k.kind,
  k.geboortedag AS geboren,
  TRY_CAST(left(k.einde, 10) AS DATE) AS einde,
  TRY_CAST(left(k.overleden, 10) AS DATE) AS overleden,
  CASE k.geslacht WHEN '1' THEN 'M' WHEN '2' THEN 'V' ELSE 'onbekend' END AS sex,
  CASE g.klasse WHEN 1 THEN 'laag' WHEN 2 THEN 'mbo, niveau onbekend' WHEN 3 THEN 'midden' WHEN 4 THEN 'hoog' ELSE 'onbekend' END AS education,
  coalesce(
    CASE
      WHEN h.klasse <> 'Nederland' OR h.klasse IS NULL THEN h.klasse
      WHEN g.moeder_land <> 'Nederland' THEN g.moeder_land
      ELSE g.vader_land
    END,
    'onbekend'
  ) AS origin,
  coalesce(n.klasse, 'onbekend') AS born_nl,
  g.moeder_geboren,
  coalesce(m.klasse, 'onbekend') AS mother_age,
  k.status_zorg,
  CASE
    WHEN p.groeikaart = 'nl' THEN 'nl'
    WHEN k.dagen BETWEEN 154 AND 258 AND coalesce(k.diagram, '01') IN ('01', '06')
      THEN 'p' || CAST(greatest(CAST(floor(k.dagen / 7) AS INTEGER), 25) AS VARCHAR)
    ELSE coalesce(d.kaart, 'nl')
  END AS kaart,
  CASE WHEN p.groeikaart = 'nl' THEN 'nl' ELSE coalesce(d.kaart, 'nl') END AS kaart_later,
  CASE WHEN k.dagen BETWEEN 50 AND 350 THEN k.dagen END AS zwangerschap,
  CASE WHEN k.gram BETWEEN 300 AND 8000 THEN k.gram END AS gewicht,
  k.dysmatuur, TRY_CAST(k.pariteit AS INTEGER) AS pariteit, k.vitamine_k, k.roken, k.alcohol, k.drugs, k.voeding_geboorte, k.voeding_dag8,
  k.hielprik, k.hielprik_reden, k.ngs1_r, k.ngs1_l, k.ngs3_r, k.ngs3_l, k.nicu,
  k.toestemming_rvp, k.toestemming_wijze, k.dktp_schema,
  CASE WHEN coalesce(k.maternaal_ja, k.maternaal_datum) IS NOT NULL THEN '1' WHEN k.maternaal IS NOT NULL THEN '0' END AS maternaal
FROM (
  SELECT
    *,
    TRY_CAST(left(geboren, 10) AS DATE) AS geboortedag,
    TRY_CAST(zwangerschap AS INTEGER) AS dagen,
    TRY_CAST(gewicht AS INTEGER) AS gram
  FROM kindwaarden
) AS k
CROSS JOIN parameters AS p
LEFT JOIN gezin AS g ON g.kind = k.kind
LEFT JOIN herkomstklasse AS h ON h.land = k.land
LEFT JOIN geborenklasse AS n ON n.code = CASE
  WHEN h.klasse <> 'Nederland' THEN 3
  WHEN h.klasse = 'Nederland' THEN
    CASE g.moeder_land WHEN 'Nederland' THEN 0 ELSE 1 END + CASE g.vader_land WHEN 'Nederland' THEN 0 ELSE 1 END
    + CASE WHEN g.moeder_land IS NULL OR g.vader_land IS NULL THEN NULL ELSE 0 END
END
LEFT JOIN groeidiagram AS d ON d.code = k.diagram
LEFT JOIN moederleeftijd AS m ON m.leeftijd = CAST(floor($MND(g.moeder_geboren, k.geboortedag) / 12) AS INTEGER)
WHERE k.geboortedag IS NOT NULL
