-- rij: één kind en één serie van de tabel vaccinatieserie die voor zijn geboortecohort geldt
-- uit: kind, prik, prikdatum, vaccin, vaccinatieserie, parameters
-- elementen: 461, 1409, 1584, 1589, 20
-- datum: dag waarop het kind de leeftijdsgrens bereikt, eenmaal per geboortedag uitgerekend; voltooid: serie geldig voltooid vóór die dag
-- onzeker: niet voltooid, maar er is een vaccinatie van deze serie zonder bruikbare datum
-- Een dosis telt vanaf min_dag en min_mnd (volle maanden) en, na de eerste, met minstens min_tussen dagen sinds de vorige; voor series met een
-- revaccinatie moet de laatste vereiste dosis of een latere minstens reva_tussen dagen na de vorige zijn, en vanaf reva_dag:
-- een gat van 120 dagen in de eerste doses is geen revaccinatie. Was de tweede te vroeg, dan herstelt een derde dat (herstel_tussen, bij twee doses):
-- min_tussen dagen na de eerste die telt, en herstel_tussen na de vorige.
SELECT
  s.kind, s.serie, s.datum, s.age, s.vereist,
  coalesce(d.hersteld, FALSE)
    OR (coalesce(d.geldig, 0) >= s.vereist AND (s.reva_tussen = 0 OR coalesce(d.reva, 0) >= s.vereist)) AS voltooid,
  u.kind IS NOT NULL AND NOT (
    coalesce(d.hersteld, FALSE)
    OR (coalesce(d.geldig, 0) >= s.vereist AND (s.reva_tussen = 0 OR coalesce(d.reva, 0) >= s.vereist))
  ) AS onzeker,
  coalesce(d.gegeven, 0) AS gegeven
FROM (
  SELECT
    k.kind, v.nr, v.serie, v.component, v.age, v.reva_tussen, v.datum,
    CASE WHEN v.doses_schema2 > 0 AND k.dktp_schema = '01' THEN v.doses_schema2 ELSE v.doses END AS vereist
  FROM kind AS k
  JOIN (
    SELECT
      g.geboren, v.nr, v.serie, v.component, v.sex, v.age, v.reva_tussen, v.doses, v.doses_schema2,
      $VOL(g.geboren, v.grens_mnd) + to_days(CAST(v.grens_dag AS INTEGER)) AS datum
    FROM (SELECT DISTINCT geboren FROM kind) AS g
    JOIN vaccinatieserie AS v ON g.geboren >= v.cohort_van AND g.geboren < v.cohort_tot
  ) AS v ON v.geboren = k.geboren AND coalesce(v.sex, '') IN ('', k.sex)
  CROSS JOIN parameters AS p
  WHERE v.datum BETWEEN p.van AND p.peildatum AND (k.einde IS NULL OR k.einde > v.datum)
) AS s
LEFT JOIN (
  SELECT
    r.kind, r.nr, max(r.rang) AS geldig, max(r.rang) FILTER (WHERE r.reva) AS reva, count(*) AS gegeven,
    max(r.dag) FILTER (WHERE r.herstelt) - min(r.dag) FILTER (WHERE r.oud_genoeg) >= max(r.min_tussen) AS hersteld
  FROM (
    SELECT
      p.kind, v.nr, p.dag, v.min_tussen,
      p.dag >= v.min_dag AND p.maand >= v.min_mnd AS oud_genoeg,
      v.herstel_tussen > 0 AND coalesce(p.tussen, 0) >= v.herstel_tussen AS herstelt,
      coalesce(p.tussen >= v.reva_tussen AND p.dag >= v.reva_dag, FALSE) AS reva,
      count(*) FILTER (WHERE p.dag >= v.min_dag AND p.maand >= v.min_mnd AND coalesce(p.tussen, 99999) >= v.min_tussen)
        OVER (PARTITION BY p.kind, v.nr ORDER BY p.datum) AS rang
    FROM prik AS p
    JOIN vaccinatieserie AS v ON v.component = p.component
      AND p.geboren >= v.cohort_van AND p.geboren < v.cohort_tot
    WHERE CASE WHEN v.grens_dag = 0 THEN p.maand < v.grens_mnd
      ELSE p.datum < $VOL(p.geboren, v.grens_mnd) + to_days(CAST(v.grens_dag AS INTEGER)) END
  ) AS r
  GROUP BY r.kind, r.nr
) AS d ON d.kind = s.kind AND d.nr = s.nr
LEFT JOIN (
  SELECT DISTINCT g.kind, v.component
  FROM prikdatum AS g
  JOIN vaccin AS v ON v.code = g.code
  WHERE g.datum IS NULL
) AS u ON u.kind = s.kind AND u.component = s.component
