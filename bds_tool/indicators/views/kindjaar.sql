-- rij: één kind op 31 december van een jaar in de periode (of op de peildatum als die eerder valt)
-- uit: kind, jaren
-- elementen: 20, 21, 29, 487, 488, 1197
-- datum: de meetdatum; leeftijd_mnd, age: leeftijd dan; alleen kinderen die geboren en niet vertrokken zijn
SELECT
  k.kind, j.jaar, j.datum, k.status_zorg,
  $MND(k.geboren, j.datum) AS leeftijd_mnd,
  CAST(CAST(floor($MND(k.geboren, j.datum) / 12) AS INTEGER) AS VARCHAR) AS age
FROM kind AS k
JOIN jaren AS j ON k.geboren <= j.datum AND (k.einde IS NULL OR k.einde > j.datum)
WHERE $MND(k.geboren, j.datum) < 216
