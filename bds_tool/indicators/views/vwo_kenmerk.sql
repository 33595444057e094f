-- rij: één Van Wiechenkenmerk van een kind op één dag
-- uit: reg, kind, parameters
-- elementen: 879-1002, 1278, 1660, 1662, 1664, 1669, 1670
-- kenmerk: het BDS-nummer; 1660 telt als 986, dat het opvolgt; een links-rechtskenmerk heeft een rij per zijde
-- nieuw: 1 als het opvolgende element is gebruikt; behaald: + of M (1 of 3); een andere code dan 1, 2 of 3 is geen score
-- volgend: leeftijd in maanden bij de volgende score in hetzelfde kalenderjaar, 9999 als dit de laatste is
-- uitslagen van een dag die elkaar tegenspreken tellen niet; van oud en nieuw element op een dag geldt het nieuwe
SELECT
  r.kind, r.kenmerk, r.datum, r.nieuw,
  r.behaald = 1 AS behaald,
  $MND(k.geboren, r.datum) AS leeftijd_mnd,
  coalesce(
    lead($MND(k.geboren, r.datum)) OVER (PARTITION BY r.kind, r.kenmerk, year(r.datum) ORDER BY r.datum), 9999
  ) AS volgend,
  CAST(CAST(floor($MND(k.geboren, r.datum) / 12) AS INTEGER) AS VARCHAR) AS age
FROM (
  SELECT
    kind, datum,
    CASE bdsnummer WHEN 1660 THEN 986 ELSE bdsnummer END AS kenmerk,
    max(CASE bdsnummer WHEN 1660 THEN 1 ELSE 0 END) AS nieuw,
    coalesce(
      min(CASE WHEN waarde = '2' THEN 0 ELSE 1 END) FILTER (WHERE bdsnummer = 1660),
      min(CASE WHEN waarde = '2' THEN 0 ELSE 1 END)
    ) AS behaald,
    coalesce(
      max(CASE WHEN waarde = '2' THEN 0 ELSE 1 END) FILTER (WHERE bdsnummer = 1660),
      max(CASE WHEN waarde = '2' THEN 0 ELSE 1 END)
    ) AS hoogste
  FROM reg
  WHERE (bdsnummer BETWEEN 879 AND 1002 OR bdsnummer IN (1278, 1660, 1662, 1664, 1669, 1670))
    AND waarde IN ('1', '2', '3') AND datum IS NOT NULL
  GROUP BY kind, datum, CASE bdsnummer WHEN 1660 THEN 986 ELSE bdsnummer END
) AS r
JOIN kind AS k ON k.kind = r.kind
CROSS JOIN parameters AS p
WHERE r.behaald = r.hoogste AND r.datum BETWEEN k.geboren AND p.peildatum
