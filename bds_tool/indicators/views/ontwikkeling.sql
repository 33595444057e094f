-- rij: één Van Wiechenonderzoek (kind en dag) met minstens één gescoord kenmerk dat een moeilijkheid heeft
-- uit: vwo_item, dscore, kind
-- elementen: 879-1002, 1278, 1669, 1670, 82
-- d: D-score (sleutel dutch, van Buuren 2014), daz: z-score voor de leeftijd (nl_2014, naar zwangerschapsduur)
-- items: aantal gescoorde kenmerken; volgend_jaar: leeftijd in maanden bij het volgende onderzoek in het kalenderjaar,
-- 9999 als dit het laatste is
SELECT
  d.kind, d.datum, d.d, d.daz, d.items,
  $MND(k.geboren, d.datum) AS leeftijd_mnd,
  CAST(CAST(floor($MND(k.geboren, d.datum) / 12) AS INTEGER) AS VARCHAR) AS age,
  coalesce(lead($MND(k.geboren, d.datum)) OVER (PARTITION BY d.kind, year(d.datum) ORDER BY d.datum), 9999) AS volgend_jaar
FROM dscore AS d
JOIN kind AS k ON k.kind = d.kind
