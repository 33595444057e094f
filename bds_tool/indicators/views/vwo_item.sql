-- rij: één gescoord Van Wiechenkenmerk van een kind op één dag
-- uit: reg, kind, vwoitem
-- elementen: 879-1002, 1278, 1660, 1662, 1664, 1669, 1670, 82
-- voldaan: 1 (+ of M), 0 (-); links-rechtskenmerken: 1 als beide zijden voldoen, 0 als er een niet voldoet,
-- en geen rij als maar één zijde bekend is en die voldoet. item: rij van de moeilijkheden in referenties
SELECT
  w.kind, w.datum, w.item,
  min(w.dag) AS dag, min(w.sex) AS sex, coalesce(min(floor(w.zwangerschap / 7)), 40) AS weken,
  CAST(min(w.voldaan) AS INTEGER) AS voldaan
FROM (
  SELECT
    r.kind, r.datum, r.bdsnummer, i.item, i.zijden, k.sex, k.zwangerschap,
    $DAG(k.geboren, r.datum) AS dag,
    CASE r.waarde WHEN '2' THEN 0 ELSE 1 END AS voldaan
  FROM reg AS r
  JOIN kind AS k ON k.kind = r.kind
  JOIN vwoitem AS i ON i.bdsnummer = r.bdsnummer
    AND $DAG(k.geboren, r.datum) >= i.van AND $DAG(k.geboren, r.datum) < i.tot
  WHERE r.waarde IN ('1', '2', '3') AND r.datum >= k.geboren
) AS w
GROUP BY w.kind, w.datum, w.item
HAVING min(w.voldaan) = 0 OR count(DISTINCT w.bdsnummer) >= min(w.zijden)
