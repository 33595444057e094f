-- rij: één kind met zijn kenmerken voor uitsplitsingen en zijn gebied
-- uit: kind, woont, levering, parameters
-- elementen: 8, 9, 12, 16, 19, 21, 23, 29, 62, 66, 71, 488, 697, 1453, 1454
-- gebied: waar het kind steeds woonde; leeg als het is verhuisd (dan staat het in verhuisd); levering: zie daar
-- origin: herkomstland of geboren in Nederland (parameters.herkomst), zie kind
-- lot op de peildatum: 1 overleden, 2 vertrokken of uit zorg, 0 geen van beide
SELECT k.kind, k.sex, k.education, CASE WHEN p.herkomst = 'geboren' THEN k.born_nl ELSE k.origin END AS origin, k.mother_age, w.gebied, l.levering,
  CASE WHEN k.overleden <= p.peildatum THEN 1 WHEN k.einde <= p.peildatum THEN 2 ELSE 0 END AS lot
FROM kind AS k
CROSS JOIN parameters AS p
LEFT JOIN levering AS l ON l.kind = k.kind
LEFT JOIN (
  SELECT kind, CASE WHEN count(*) = 1 THEN min(gebied) END AS gebied FROM woont GROUP BY kind
) AS w ON w.kind = k.kind
