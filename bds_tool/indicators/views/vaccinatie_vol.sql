-- rij: één kind dat zijn tweede verjaardag bereikt
-- uit: vaccinatie
-- elementen: 461, 1409, 1584, 1589, 20
-- voltooid: alle series met grens 2 jaar die voor het geboortecohort gelden (dktp, hib, hepb, pneu, bmr, men)
-- onzeker: niet voltooid, maar dat ligt alleen aan vaccinaties zonder bruikbare datum
SELECT
  kind, min(datum) AS datum, '2' AS age,
  bool_and(voltooid) AS voltooid,
  NOT bool_and(voltooid) AND bool_and(voltooid OR onzeker) AS onzeker
FROM vaccinatie
WHERE serie LIKE '%_2j'
GROUP BY kind
