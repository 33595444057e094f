-- rij: één gescoord Van Wiechenkenmerk van een kind op één dag
-- uit: reg, kind, vwoitem, parameters
-- elementen: 879-1002, 1278, 1660, 1662, 1664, 1669, 1670, 82
-- voldaan: 1 (+ of M), 0 (-); links-rechtskenmerken: 1 als beide zijden voldoen, 0 als er een niet voldoet,
-- en geen rij als maar één zijde bekend is en die voldoet. Twee uitslagen van een dag die strijden tellen niet. item: rij van de moeilijkheden in referenties
SELECT
  w.kind, w.datum, w.item,
  min(w.dag) AS dag, min(w.sex) AS sex, coalesce(min(floor(w.zwangerschap / 7)), 40) AS weken,
  CAST(min(w.voldaan) AS INTEGER) AS voldaan
FROM (
  SELECT
    r.kind, r.datum, r.bdsnummer, i.item, i.zijden, k.sex, k.zwangerschap,
    $DAG(k.geboren, r.datum) AS dag,
    r.voldaan
  FROM (
    SELECT kind, datum, bdsnummer, min(CASE waarde WHEN '2' THEN 0 ELSE 1 END) AS voldaan
    FROM reg
    CROSS JOIN parameters AS p
    WHERE waarde IN ('1', '2', '3') AND datum <= p.peildatum
      AND (bdsnummer BETWEEN 879 AND 1002 OR bdsnummer IN (1278, 1660, 1662, 1664, 1669, 1670))
    GROUP BY kind, datum, bdsnummer
    HAVING count(DISTINCT waarde = '2') = 1
  ) AS r
  JOIN kind AS k ON k.kind = r.kind
  JOIN vwoitem AS i ON i.bdsnummer = r.bdsnummer
    AND $DAG(k.geboren, r.datum) >= i.van AND $DAG(k.geboren, r.datum) < i.tot
  WHERE r.datum >= k.geboren
) AS w
GROUP BY w.kind, w.datum, w.item
HAVING min(w.voldaan) = 0 OR count(DISTINCT w.bdsnummer) >= min(w.zijden)
