-- rij: één kind met zijn kenmerken voor uitsplitsingen en zijn gebied
-- uit: kind, woont, levering
-- elementen: 8, 9, 12, 16, 19, 62, 66, 71, 697, 1453, 1454
-- gebied: waar het kind steeds woonde; leeg als het is verhuisd (dan staat het in verhuisd); levering: zie daar
SELECT k.kind, k.sex, k.education, k.origin, k.mother_age, w.gebied, l.levering
FROM kind AS k
LEFT JOIN levering AS l ON l.kind = k.kind
LEFT JOIN (
  SELECT kind, CASE WHEN count(*) = 1 THEN min(gebied) END AS gebied FROM woont GROUP BY kind
) AS w ON w.kind = k.kind
