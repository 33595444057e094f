-- rij: één kind op één dag met een lengte, gewicht of hoofdomtrek
-- uit: reg, parameters
-- elementen: 235, 245, 246, 252
-- lengte (mm), gewicht (g), hoofdomtrek (mm): alleen binnen ruime grenzen (bdsreader: 100-3000, 100-300000, 100-900)
-- alleen tot en met de peildatum: een latere meting mag een eerdere niet verdringen
-- gekleed: die dag met kleren gewogen (246 = 1) en niet ook zonder
-- bij meer dan één waarde op een dag de hoogste; liggen zij verder uiteen dan bij regel BDS505, dan geen
SELECT
  kind,
  datum,
  CASE WHEN max(lengte) - min(lengte) <= 10 THEN max(lengte) END AS lengte,
  CASE WHEN max(gewicht) - min(gewicht) <= 100 THEN max(gewicht) END AS gewicht,
  CASE WHEN max(hoofdomtrek) - min(hoofdomtrek) <= 5 THEN max(hoofdomtrek) END AS hoofdomtrek,
  coalesce(max(kleren) = 1, FALSE) AS gekleed
FROM (
  SELECT
    kind, datum, bdsnummer,
    CASE WHEN bdsnummer = 246 THEN getal END AS kleren,
    CASE WHEN bdsnummer = 235 AND getal BETWEEN 100 AND 3000 THEN getal END AS lengte,
    CASE WHEN bdsnummer = 245 AND getal BETWEEN 100 AND 300000 THEN getal END AS gewicht,
    CASE WHEN bdsnummer = 252 AND getal BETWEEN 100 AND 900 THEN getal END AS hoofdomtrek
  FROM (
    SELECT kind, datum, bdsnummer, TRY_CAST(waarde AS DOUBLE) AS getal
    FROM reg
    CROSS JOIN parameters AS p
    WHERE bdsnummer IN (235, 245, 246, 252) AND datum <= p.peildatum
  ) AS r
) AS m
GROUP BY kind, datum
HAVING bool_or(bdsnummer <> 246)
