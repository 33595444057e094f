-- rij: één Van Wiechenkenmerk van een kind in een kalenderjaar, zoals het laatst is gescoord
-- uit: reg, kind, parameters
-- elementen: 879-1002, 1278, 1660, 1662, 1664, 1669, 1670
-- kenmerk: het BDS-nummer; een links-rechtskenmerk heeft een rij per zijde
-- behaald: + of M (1 of 3); een andere code dan 1, 2 of 3 is geen score
SELECT
  r.kind, r.kenmerk, r.datum,
  r.waarde IN ('1', '3') AS behaald,
  $MND(k.geboren, r.datum) AS leeftijd_mnd,
  CAST(CAST(floor($MND(k.geboren, r.datum) / 12) AS INTEGER) AS VARCHAR) AS age
FROM (
  SELECT kind, bdsnummer AS kenmerk, year(datum) AS jaar, max(datum) AS datum, max_by(waarde, datum) AS waarde
  FROM reg
  WHERE (bdsnummer BETWEEN 879 AND 1002 OR bdsnummer IN (1278, 1660, 1662, 1664, 1669, 1670))
    AND waarde IN ('1', '2', '3')
  GROUP BY kind, bdsnummer, year(datum)
) AS r
JOIN kind AS k ON k.kind = r.kind
CROSS JOIN parameters AS p
WHERE r.datum BETWEEN k.geboren AND p.peildatum
