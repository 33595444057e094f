-- rij: één kind in één kalenderjaar waarin het minstens eenmaal is gezien
-- uit: activiteit
-- elementen: 494, 495, 724, 725, 1577, 1605
-- leeftijden: bitmasker, bit h staat aan als het kind is gezien op een leeftijd van h halve jaren
-- datum: laatste keer gezien in het jaar; age: leeftijd toen
SELECT
  kind,
  jaar,
  max(datum) AS datum,
  count(*) AS contacten,
  bit_or(CAST(1 AS BIGINT) << CAST(least(floor(leeftijd_mnd / 6), 40) AS INTEGER)) AS leeftijden,
  CAST(max(CAST(age AS INTEGER)) AS VARCHAR) AS age
FROM activiteit
WHERE gezien
GROUP BY kind, jaar
