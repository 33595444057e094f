-- rij: één tijdvak in een gebied, van kinderen die meer dan één tijdvak hebben
-- uit: woont
-- elementen: 8, 9, 12, 16, 697, 1453, 1454
-- van (vanaf), tot (niet meer); gebied: als in woont
SELECT w.kind, w.van, w.tot, w.gebied
FROM woont AS w
JOIN (SELECT kind FROM woont GROUP BY kind HAVING count(*) > 1) AS v ON v.kind = w.kind
