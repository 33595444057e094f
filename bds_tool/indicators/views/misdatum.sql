-- rij: één kind en één soort contact (494), van contacten die zijn uitgevoerd maar geen bruikbare datum hebben
-- uit: contactwaarden, kind, parameters
-- elementen: 494, 495, 724, 725, 1577, 1605, 20
-- zonder datum, voor de geboorte, of na de dag waarop is opgeleverd terwijl de status gerealiseerd is: of zij in een fase vallen is
-- alleen aan het soort te zien. Bij een ander soort dan die van fase is het onbekend, en dus ook of een kind is bereikt
SELECT a.kind, a.soort, count(*) AS aantal
FROM contactwaarden AS a
JOIN kind AS k ON k.kind = a.kind
CROSS JOIN parameters AS p
WHERE (a.status = '01' OR a.status IS NULL AND a.status_725 = '01')
  AND coalesce(a.vorm, '03') IN ('01', '03', '06', '07')
  AND coalesce(a.soort, '39') IN ('01', '37', '38', '39', '40', '41', '20', '22', '35')
  AND (
    coalesce(TRY_CAST(left(a.datum, 10) AS DATE), a.dag) IS NULL
    OR coalesce(TRY_CAST(left(a.datum, 10) AS DATE), a.dag) < k.geboren
    OR coalesce(TRY_CAST(left(a.datum, 10) AS DATE), a.dag) > p.opgeleverd
  )
GROUP BY a.kind, a.soort
