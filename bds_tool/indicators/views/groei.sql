-- rij: één kind op één dag met een lengte, gewicht of hoofdomtrek
-- uit: meetwaarden, kind, groeitabel, lms_lengte, kledingaftrek, parameters
-- elementen: 235, 245, 246, 252
-- gewicht: zonder de aftrek voor kleren (kledingaftrek), als daarom is gevraagd en het kind gekleed is gewogen
-- bmi: kg/m², leeg buiten de grenzen van referenties/plausibel.csv (dan ongeloofwaardig); leeftijd_mnd: volle maanden
-- dag: leeftijd in dagen
-- kaart: nl, tu, ma, hs, ds of p25 … p36 (weken zwangerschap, tot 4 jaar): welke referentie geldt
-- iotf: -3, -2, -1 ondergewicht graad 3, 2, 1; 0 normaal; 1 overgewicht; 2 obesitas; leeg zonder geldig paar of < 2 jaar
-- z_lengte, z_bmi, z_hoofd, z_wfh: z-scores; z_wfh (gewicht naar lengte) tot 2 jaar
-- volgend_jaar, volgend_lengte, volgend_hoofd: leeftijd in maanden bij de volgende meting met een BMI, lengte of
-- hoofdomtrek in hetzelfde kalenderjaar; 9999 als dit de laatste is, -1 als deze meting er zelf geen heeft
SELECT
  m.kind, m.datum, m.sex, m.lengte, m.gewicht, m.hoofdomtrek, m.leeftijd_mnd, m.dag, m.kaart, m.bmi,
  m.bmi IS NULL AND m.ruw IS NOT NULL AS ongeloofwaardig,
  year(m.datum) AS jaar,
  CAST(CAST(floor(m.leeftijd_mnd / 12) AS INTEGER) AS VARCHAR) AS age,
  CASE
    WHEN m.bmi IS NULL OR m.overgewicht IS NULL THEN NULL
    WHEN m.bmi >= m.obesitas THEN 2
    WHEN m.bmi >= m.overgewicht THEN 1
    WHEN m.bmi <= m.dun3 THEN -3
    WHEN m.bmi <= m.dun2 THEN -2
    WHEN m.bmi <= m.dun1 THEN -1
    ELSE 0
  END AS iotf,
  CASE WHEN m.bmi IS NULL THEN -1 ELSE
    coalesce(lead(CASE WHEN m.bmi IS NOT NULL THEN m.leeftijd_mnd END IGNORE NULLS)
      OVER (PARTITION BY m.kind, year(m.datum) ORDER BY m.datum), 9999) END AS volgend_jaar,
  CASE WHEN m.lengte IS NULL THEN -1 ELSE
    coalesce(lead(CASE WHEN m.lengte IS NOT NULL THEN m.leeftijd_mnd END IGNORE NULLS)
      OVER (PARTITION BY m.kind, year(m.datum) ORDER BY m.datum), 9999) END AS volgend_lengte,
  CASE WHEN m.hoofdomtrek IS NULL THEN -1 ELSE
    coalesce(lead(CASE WHEN m.hoofdomtrek IS NOT NULL THEN m.leeftijd_mnd END IGNORE NULLS)
      OVER (PARTITION BY m.kind, year(m.datum) ORDER BY m.datum), 9999) END AS volgend_hoofd,
  $Z(m.lengte / 10.0, m.l_hgt, m.m_hgt, m.s_hgt) AS z_lengte,
  $Z(m.bmi, m.l_bmi, m.m_bmi, m.s_bmi) AS z_bmi,
  $Z(m.hoofdomtrek / 10.0, m.l_hdc, m.m_hdc, m.s_hdc) AS z_hoofd,
  CASE WHEN m.bmi IS NOT NULL THEN $Z(CASE m.schaal
    WHEN 'log1p(y)' THEN ln(1 + m.gewicht / 1000.0)
    WHEN 'log10(y)' THEN log10(m.gewicht / 1000.0)
    ELSE m.gewicht / 1000.0
  END, m.w_l, m.w_m, m.w_s) END AS z_wfh
FROM (
  SELECT
    r.*, g.* EXCLUDE (kaart, sex, dag), w.schaal, w.l AS w_l, w.m AS w_m, w.s AS w_s,
    CASE WHEN p.oordeel AND r.ruw NOT BETWEEN g.m_bmi * p.bmi_laag / 100 AND g.m_bmi * p.bmi_hoog / 100
      THEN NULL ELSE r.ruw END AS bmi
  FROM (
    SELECT
      r.kind, r.datum, k.sex, r.lengte, r.gewicht - coalesce(a.gram, 0) AS gewicht, r.hoofdomtrek,
      CASE WHEN r.lengte IS NOT NULL AND r.gewicht IS NOT NULL
        THEN (r.gewicht - coalesce(a.gram, 0)) / 1000.0 / (r.lengte / 1000.0 * r.lengte / 1000.0) END AS ruw,
      $MND(k.geboren, r.datum) AS leeftijd_mnd,
      $DAG(k.geboren, r.datum) AS dag,
      CASE WHEN k.kaart LIKE 'p%' AND $DAG(k.geboren, r.datum) >= 1461 THEN k.kaart_later ELSE k.kaart END AS kaart
    FROM (
      SELECT
        kind, datum, gekleed,
        CAST(lengte AS INTEGER) AS lengte,
        CAST(gewicht AS INTEGER) AS gewicht,
        CAST(hoofdomtrek AS INTEGER) AS hoofdomtrek
      FROM meetwaarden
    ) AS r
    JOIN kind AS k ON k.kind = r.kind
    LEFT JOIN kledingaftrek AS a
      ON r.gekleed AND a.jaar = CAST(floor($MND(k.geboren, r.datum) / 12) AS INTEGER)
    WHERE r.datum >= k.geboren
  ) AS r
  CROSS JOIN parameters AS p
  LEFT JOIN groeitabel AS g ON g.sex = r.sex AND g.kaart = r.kaart AND g.dag = r.dag
  LEFT JOIN lms_lengte AS w ON w.sex = r.sex AND w.kaart = r.kaart AND w.mm = r.lengte AND r.leeftijd_mnd < 24
) AS m
