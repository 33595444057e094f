-- rij: één school van een kind met haar begin
-- uit: reg, parameters
-- elementen: 605, 1473, 1474
-- van: begin (1473), anders de dag waarop zij is vastgelegd, zonder die altijd (1900-01-01); na: de dag na haar eind (1474), zonder eind
-- 2999-12-31; volgend: begin van de volgende, of 2999-12-31. Twee scholen die op één dag beginnen zijn er geen
SELECT
  kind, van, school, na,
  coalesce(lead(van) OVER (PARTITION BY kind ORDER BY van), DATE '2999-12-31') AS volgend
FROM (
  SELECT
    b.kind, b.van,
    CASE WHEN min(laag) = max(hoog) THEN min(laag) END AS school,
    max(na) AS na
  FROM (
    SELECT
      kind, laag, hoog,
      coalesce(TRY_CAST(left(aanvang, 10) AS DATE), datum, DATE '1900-01-01') AS van,
      coalesce(CAST(TRY_CAST(left(eind, 10) AS DATE) + to_days(1) AS DATE), DATE '2999-12-31') AS na
    FROM (
      SELECT
        kind, datum,
        min(waarde) FILTER (WHERE bdsnummer = 605) AS laag,
        max(waarde) FILTER (WHERE bdsnummer = 605) AS hoog,
        max(waarde) FILTER (WHERE bdsnummer = 1473) AS aanvang,
        max(waarde) FILTER (WHERE bdsnummer = 1474) AS eind
      FROM (
        SELECT kind, act, volgnr, datum, bdsnummer, upper(trim(waarde)) AS waarde
        FROM reg
        WHERE bdsnummer IN (605, 1473, 1474)
      ) AS w
      GROUP BY kind, act, volgnr, datum
    ) AS g
    WHERE laag IS NOT NULL
  ) AS b
  CROSS JOIN parameters AS q
  WHERE b.van <= q.peildatum AND b.van < b.na
  GROUP BY b.kind, b.van
) AS v
