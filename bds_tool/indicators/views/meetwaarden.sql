-- rij: één kind op één dag met een lengte, gewicht of hoofdomtrek
-- uit: reg
-- elementen: 235, 245, 252
-- lengte (mm), gewicht (g), hoofdomtrek (mm): alleen binnen ruime grenzen (bdsreader: 100-3000, 100-300000, 100-900);
-- bij meer dan één waarde op een dag de hoogste
SELECT
  kind,
  datum,
  max(TRY_CAST(waarde AS DOUBLE)) FILTER (WHERE bdsnummer = 235 AND TRY_CAST(waarde AS DOUBLE) BETWEEN 100 AND 3000) AS lengte,
  max(TRY_CAST(waarde AS DOUBLE)) FILTER (WHERE bdsnummer = 245 AND TRY_CAST(waarde AS DOUBLE) BETWEEN 100 AND 300000) AS gewicht,
  max(TRY_CAST(waarde AS DOUBLE)) FILTER (WHERE bdsnummer = 252 AND TRY_CAST(waarde AS DOUBLE) BETWEEN 100 AND 900) AS hoofdomtrek
FROM reg
WHERE bdsnummer IN (235, 245, 252) AND datum IS NOT NULL
GROUP BY kind, datum
