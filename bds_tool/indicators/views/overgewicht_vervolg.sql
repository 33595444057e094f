-- rij: één kind met overgewicht of obesitas bij een meting, op de dag dat dat voor het eerst is gemeten
-- uit: groei, activiteit, parameters
-- elementen: 235, 245, 19, 20, 494, 495, 724, 725, 1424, 1577, 1605
-- datum: eerste meting met iotf >= 1; alleen kinderen van wie de zes maanden daarna om zijn op de peildatum
-- gevolgd: in die zes maanden minstens één gerealiseerde activiteit op indicatie (494 = 22) met reden gewicht (1424 = 09)
SELECT
  e.kind, e.datum, e.leeftijd_mnd, e.age,
  count(a.act) > 0 AS gevolgd
FROM (
  SELECT kind, min(datum) AS datum, min(leeftijd_mnd) AS leeftijd_mnd, min_by(age, datum) AS age
  FROM groei
  WHERE iotf >= 1
  GROUP BY kind
) AS e
CROSS JOIN parameters AS p
LEFT JOIN activiteit AS a ON a.kind = e.kind AND a.gerealiseerd AND a.soort = '22' AND a.gewicht_indicatie
  AND a.datum > e.datum AND a.datum <= e.datum + to_months(CAST(6 AS INTEGER))
WHERE e.datum + to_months(CAST(6 AS INTEGER)) <= p.peildatum
GROUP BY e.kind, e.datum, e.leeftijd_mnd, e.age
