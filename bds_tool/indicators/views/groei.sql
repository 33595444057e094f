-- rij: één kind op één dag met een lengte, gewicht of hoofdomtrek
-- uit: meetwaarden, kind, iotf, lms_dag, lms_lengte, parameters
-- elementen: 235, 245, 252
-- bmi: kg/m²; leeftijd_mnd: volle maanden; dag: leeftijd in dagen
-- kaart: nl, tu, ma, hs, ds of p25 … p36 (weken zwangerschap, tot 4 jaar): welke referentie geldt
-- iotf: -3, -2, -1 ondergewicht graad 3, 2, 1; 0 normaal; 1 overgewicht; 2 obesitas; leeg zonder geldig paar of < 2 jaar
-- z_lengte, z_bmi, z_hoofd, z_wfh: z-scores; z_wfh (gewicht naar lengte) tot 2 jaar
-- laatste_jaar: laatste meting met een BMI in het kalenderjaar
SELECT
  m.*,
  year(m.datum) AS jaar,
  CAST(CAST(floor(m.leeftijd_mnd / 12) AS INTEGER) AS VARCHAR) AS age,
  CASE
    WHEN m.bmi IS NULL OR i.overgewicht IS NULL THEN NULL
    WHEN m.bmi >= i.obesitas THEN 2
    WHEN m.bmi >= i.overgewicht THEN 1
    WHEN m.bmi <= i.dun3 THEN -3
    WHEN m.bmi <= i.dun2 THEN -2
    WHEN m.bmi <= i.dun1 THEN -1
    ELSE 0
  END AS iotf,
  CASE WHEN m.bmi IS NOT NULL THEN
    row_number() OVER (PARTITION BY m.kind, year(m.datum), m.bmi IS NOT NULL ORDER BY m.datum DESC) = 1
    ELSE FALSE END AS laatste_jaar,
  $Z(m.lengte / 10.0, zl) AS z_lengte,
  $Z(m.bmi, zb) AS z_bmi,
  $Z(m.hoofdomtrek / 10.0, zh) AS z_hoofd,
  $Z(m.gewicht / 1000.0, zw) AS z_wfh
FROM (
  SELECT
    r.kind, r.datum, k.sex, r.lengte, r.gewicht, r.hoofdomtrek,
    CASE WHEN r.lengte IS NOT NULL AND r.gewicht IS NOT NULL
      THEN r.gewicht / 1000.0 / (r.lengte / 1000.0 * r.lengte / 1000.0) END AS bmi,
    $MND(k.geboren, r.datum) AS leeftijd_mnd,
    $DAG(k.geboren, r.datum) AS dag,
    CASE WHEN k.kaart LIKE 'p%' AND $DAG(k.geboren, r.datum) >= 1461 THEN k.kaart_later ELSE k.kaart END AS kaart
  FROM (
    SELECT
      kind, datum,
      CAST(lengte AS INTEGER) AS lengte,
      CAST(gewicht AS INTEGER) AS gewicht,
      CAST(hoofdomtrek AS INTEGER) AS hoofdomtrek
    FROM meetwaarden
  ) AS r
  JOIN kind AS k ON k.kind = r.kind
  WHERE r.datum >= k.geboren
) AS m
LEFT JOIN iotf AS i ON i.sex = m.sex AND i.kaart = m.kaart AND i.dag = m.dag
LEFT JOIN lms_dag AS zl ON zl.maat = 'hgt' AND zl.sex = m.sex AND zl.kaart = m.kaart AND zl.dag = m.dag
LEFT JOIN lms_dag AS zb ON zb.maat = 'bmi' AND zb.sex = m.sex AND zb.kaart = m.kaart AND zb.dag = m.dag
LEFT JOIN lms_dag AS zh ON zh.maat = 'hdc' AND zh.sex = m.sex AND zh.kaart = m.kaart AND zh.dag = m.dag
LEFT JOIN lms_lengte AS zw ON zw.sex = m.sex AND zw.kaart = m.kaart AND zw.mm = m.lengte AND m.leeftijd_mnd < 24
