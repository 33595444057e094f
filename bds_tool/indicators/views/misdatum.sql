-- rij: één kind met contacten die zijn uitgevoerd maar geen bruikbare datum hebben
-- uit: contactwaarden, kind, parameters
-- elementen: 494, 495, 724, 725, 1577, 1605, 20
-- zonder datum, voor de geboorte, of na de dag waarop is opgeleverd terwijl de status gerealiseerd is: of zij in een fase vallen is
-- onbekend, en dus ook of een kind zonder ander contact in die fase is bereikt
SELECT a.kind, count(*) AS aantal
FROM contactwaarden AS a
JOIN kind AS k ON k.kind = a.kind
CROSS JOIN parameters AS p
WHERE (a.status = '01' OR a.status IS NULL AND a.status_725 = '01')
  AND (
    coalesce(TRY_CAST(left(a.datum, 10) AS DATE), a.dag) IS NULL
    OR coalesce(TRY_CAST(left(a.datum, 10) AS DATE), a.dag) < k.geboren
    OR coalesce(TRY_CAST(left(a.datum, 10) AS DATE), a.dag) > p.opgeleverd
  )
GROUP BY a.kind
