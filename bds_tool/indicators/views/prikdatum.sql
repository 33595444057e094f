-- rij: één toegediende vaccinatie (groep) van een kind met de datum die telt
-- uit: prikwaarden, kind, parameters
-- elementen: 461, 1409, 1589, 20
-- datum: 1409 als die tussen geboorte en peildatum ligt, anders de datum van de activiteit; leeg als geen van beide kan
-- code: W0422; een code waarvan de nul vooraan weg is, krijgt hem terug
-- een door het RIVM afgekeurde vaccinatie (1589) telt niet; een vaccinatie na de peildatum is er nog niet, een na de dag van
-- oplevering is verkeerd gedateerd
SELECT
  g.kind, k.geboren,
  CASE WHEN regexp_full_match(g.code, '[0-9]') THEN '0' || g.code ELSE g.code END AS code,
  CASE
    WHEN TRY_CAST(left(g.datum, 10) AS DATE) BETWEEN k.geboren AND p.peildatum THEN TRY_CAST(left(g.datum, 10) AS DATE)
    WHEN g.dag BETWEEN k.geboren AND p.peildatum THEN g.dag
  END AS datum
FROM prikwaarden AS g
JOIN kind AS k ON k.kind = g.kind
CROSS JOIN parameters AS p
WHERE coalesce(g.afgekeurd, '2') <> '1' AND NOT coalesce(
  coalesce(TRY_CAST(left(g.datum, 10) AS DATE), g.dag) > p.peildatum
  AND coalesce(TRY_CAST(left(g.datum, 10) AS DATE), g.dag) <= p.opgeleverd, FALSE
)
