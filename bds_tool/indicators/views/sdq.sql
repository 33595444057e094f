-- rij: één ingevulde SDQ (activiteit) van een kind
-- uit: reg, kind, sdqitem, sdqgrens, parameters
-- elementen: 1078-1102, 1112-1117, 1341, 1343, 1447
-- schaalscores: som van de vijf items (code - 1, omgekeerde items 3 - code) als alle vijf bekend zijn, anders de
-- geregistreerde score (1112-1115, 1117); totaal: som van vier schalen, anders 1116
-- grens: totaalscore vanaf waar de score verhoogd heet, bij dit instrument, deze leeftijd en deze invuller
-- (referenties/sdqgrens.csv); leeg waar geen grens geldt
-- informant: W0641; instrument: W0640; volgend_jaar: leeftijd in maanden bij de volgende SDQ van het kind in het jaar,
-- 9999 als dit de laatste is; op één dag gaat die van de ouder (01) voor
SELECT
  s.kind, s.datum, s.instrument, s.informant, s.leeftijd_mnd, year(s.datum) AS jaar,
  CAST(CAST(floor(s.leeftijd_mnd / 12) AS INTEGER) AS VARCHAR) AS age,
  s.emotie, s.gedrag, s.leeftijdgenoot, s.hyper, s.prosociaal, s.impact,
  coalesce(s.emotie + s.gedrag + s.leeftijdgenoot + s.hyper, s.totaal) AS totaal,
  g.grens,
  coalesce(lead(s.leeftijd_mnd) OVER (
    PARTITION BY s.kind, year(s.datum) ORDER BY s.datum, coalesce(s.informant, '99') DESC, s.instrument, s.act
  ), 9999) AS volgend_jaar
FROM (
  SELECT
    r.kind, r.act, max(r.datum) AS datum,
    max(r.waarde) FILTER (WHERE r.bdsnummer = 1341) AS instrument,
    max(r.waarde) FILTER (WHERE r.bdsnummer = 1343) AS informant,
    coalesce(CASE WHEN count(r.score) FILTER (WHERE r.schaal = 'emotie') = 5 THEN sum(r.score) FILTER (WHERE r.schaal = 'emotie') END,
      max(r.getal) FILTER (WHERE r.bdsnummer = 1112)) AS emotie,
    coalesce(CASE WHEN count(r.score) FILTER (WHERE r.schaal = 'gedrag') = 5 THEN sum(r.score) FILTER (WHERE r.schaal = 'gedrag') END,
      max(r.getal) FILTER (WHERE r.bdsnummer = 1113)) AS gedrag,
    coalesce(CASE WHEN count(r.score) FILTER (WHERE r.schaal = 'leeftijdgenoot') = 5 THEN sum(r.score) FILTER (WHERE r.schaal = 'leeftijdgenoot') END,
      max(r.getal) FILTER (WHERE r.bdsnummer = 1114)) AS leeftijdgenoot,
    coalesce(CASE WHEN count(r.score) FILTER (WHERE r.schaal = 'hyper') = 5 THEN sum(r.score) FILTER (WHERE r.schaal = 'hyper') END,
      max(r.getal) FILTER (WHERE r.bdsnummer = 1115)) AS hyper,
    coalesce(CASE WHEN count(r.score) FILTER (WHERE r.schaal = 'prosociaal') = 5 THEN sum(r.score) FILTER (WHERE r.schaal = 'prosociaal') END,
      max(r.getal) FILTER (WHERE r.bdsnummer = 1117)) AS prosociaal,
    max(r.getal) FILTER (WHERE r.bdsnummer = 1116) AS totaal,
    max(r.getal) FILTER (WHERE r.bdsnummer = 1447) AS impact,
    max(r.leeftijd_mnd) AS leeftijd_mnd
  FROM (
    SELECT
      r.kind, r.act, r.datum, r.bdsnummer, r.waarde, i.schaal,
      TRY_CAST(r.waarde AS INTEGER) AS getal,
      CASE WHEN r.waarde IN ('1', '2', '3') THEN
        CASE WHEN i.omgekeerd THEN 3 - TRY_CAST(r.waarde AS INTEGER) ELSE TRY_CAST(r.waarde AS INTEGER) - 1 END END AS score,
      $MND(k.geboren, r.datum) AS leeftijd_mnd
    FROM reg AS r
    JOIN kind AS k ON k.kind = r.kind
    CROSS JOIN parameters AS p
    LEFT JOIN sdqitem AS i ON i.bdsnummer = r.bdsnummer
    WHERE (r.bdsnummer BETWEEN 1078 AND 1102 OR r.bdsnummer BETWEEN 1112 AND 1117 OR r.bdsnummer IN (1341, 1343, 1447))
      AND r.datum BETWEEN k.geboren AND p.peildatum
  ) AS r
  GROUP BY r.kind, r.act
) AS s
LEFT JOIN sdqgrens AS g ON coalesce(g.instrument, '') = coalesce(s.instrument, '') AND g.informant = s.informant
  AND floor(s.leeftijd_mnd / 12) BETWEEN g.van_jaar AND g.tot_jaar
WHERE s.totaal IS NOT NULL OR s.emotie IS NOT NULL OR s.gedrag IS NOT NULL OR s.leeftijdgenoot IS NOT NULL
  OR s.hyper IS NOT NULL OR s.prosociaal IS NOT NULL
