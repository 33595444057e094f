-- rij: één Van Wiechenonderzoek (kind en dag) met minstens één gescoord kenmerk dat een moeilijkheid heeft
-- uit: vwo_item, dscore, kind
-- elementen: 879-1002, 1278, 1669, 1670, 82
-- d: D-score (sleutel dutch, van Buuren 2014), daz: z-score voor de leeftijd (nl_2014, naar zwangerschapsduur)
-- items: aantal gescoorde kenmerken; laatste_jaar: laatste onderzoek in het kalenderjaar
SELECT
  d.kind, d.datum, d.d, d.daz, d.items,
  $MND(k.geboren, d.datum) AS leeftijd_mnd,
  CAST(CAST(floor($MND(k.geboren, d.datum) / 12) AS INTEGER) AS VARCHAR) AS age,
  row_number() OVER (PARTITION BY d.kind, year(d.datum) ORDER BY d.datum DESC) = 1 AS laatste_jaar
FROM dscore AS d
JOIN kind AS k ON k.kind = d.kind
