-- rij: één kind dat in een jaar een fase van het basispakket afsluit
-- uit: kind, contactfase, misdatum, fase, jaren, parameters
-- elementen: 20, 21, 29, 488, 494, 495, 724, 725, 1577, 1605
-- fase: dag4_7, week2_mnd6, mnd7_12, jaar1_4, jaar4_12, jaar12_18; datum: laatste dag van de fase
-- contacten: gerealiseerde contacten met leeftijd in de fase (leeftijd, niet het soort contact), en die zonder bruikbare
-- datum (misdatum) waarvan het soort dat van de fase is
-- onzeker: geen contact in de fase, maar wel een contact zonder bruikbare datum en zonder soort van een fase
SELECT
  k.kind, f.fase, k.status_zorg,
  $VOL(k.geboren, f.tot_mnd) + to_days(CAST(f.tot_dag AS INTEGER)) AS datum,
  coalesce(c.contacten, 0) + coalesce(m.aantal, 0) AS contacten,
  c.contacten IS NULL AND m.aantal IS NULL AND w.kind IS NOT NULL AS onzeker,
  f.age
FROM kind AS k
CROSS JOIN fase AS f
CROSS JOIN parameters AS p
LEFT JOIN (
  SELECT kind, fase, count(*) AS contacten FROM contactfase GROUP BY kind, fase
) AS c ON c.kind = k.kind AND c.fase = f.fase
LEFT JOIN misdatum AS m ON m.kind = k.kind AND m.soort = f.soort
LEFT JOIN (
  SELECT DISTINCT kind FROM misdatum WHERE coalesce(soort, '') NOT IN (SELECT soort FROM fase)
) AS w ON w.kind = k.kind
WHERE $VOL(k.geboren, f.tot_mnd) + to_days(CAST(f.tot_dag AS INTEGER)) BETWEEN p.van AND p.peildatum
  AND (k.einde IS NULL OR k.einde > $VOL(k.geboren, f.tot_mnd) + to_days(CAST(f.tot_dag AS INTEGER)))
