-- rij: één kind; per moment de melkvoeding
-- uit: reg, kind, venster, parameters
-- elementen: 496, 747, 1340
-- w2, m1, m3, m6, m9, m12: W0177 van het contact dat binnen het venster het dichtst bij de leeftijd ligt (bij gelijke
-- afstand het eerste); leeg als er in het venster geen waarde is. Twee antwoorden op een dag tellen niet. geboorte en dag8 uit 747 en 1340.
-- dagen_oud: leeftijd in dagen op de peildatum (om kinderen die een moment nog niet haalden weg te laten)
SELECT
  k.kind, k.geboren,
  k.voeding_geboorte AS geboorte,
  k.voeding_dag8 AS dag8,
  v.w2, v.m1, v.m3, v.m6, v.m9, v.m12,
  $DAG(k.geboren, p.peildatum) AS dagen_oud,
  '0' AS age
FROM kind AS k
CROSS JOIN parameters AS p
LEFT JOIN (
  SELECT
    r.kind,
    min_by(r.waarde, abs(r.dag - w.doel) * 2 + CASE WHEN r.dag > w.doel THEN 1 ELSE 0 END) FILTER (WHERE w.moment = 'w2') AS w2,
    min_by(r.waarde, abs(r.dag - w.doel) * 2 + CASE WHEN r.dag > w.doel THEN 1 ELSE 0 END) FILTER (WHERE w.moment = 'm1') AS m1,
    min_by(r.waarde, abs(r.dag - w.doel) * 2 + CASE WHEN r.dag > w.doel THEN 1 ELSE 0 END) FILTER (WHERE w.moment = 'm3') AS m3,
    min_by(r.waarde, abs(r.dag - w.doel) * 2 + CASE WHEN r.dag > w.doel THEN 1 ELSE 0 END) FILTER (WHERE w.moment = 'm6') AS m6,
    min_by(r.waarde, abs(r.dag - w.doel) * 2 + CASE WHEN r.dag > w.doel THEN 1 ELSE 0 END) FILTER (WHERE w.moment = 'm9') AS m9,
    min_by(r.waarde, abs(r.dag - w.doel) * 2 + CASE WHEN r.dag > w.doel THEN 1 ELSE 0 END) FILTER (WHERE w.moment = 'm12') AS m12
  FROM (
    SELECT r.kind, min(r.waarde) AS waarde, min($DAG(k.geboren, r.datum)) AS dag
    FROM reg AS r
    JOIN kind AS k ON k.kind = r.kind
    WHERE r.bdsnummer = 496 AND r.waarde IN ('01', '02', '03', '04', '05', '06')
    GROUP BY r.kind, r.datum
    HAVING min(r.waarde) = max(r.waarde)
  ) AS r
  JOIN venster AS w ON r.dag BETWEEN w.van AND w.tot
  GROUP BY r.kind
) AS v ON v.kind = k.kind
