-- rij: één kind in één kalenderjaar waarin het minstens eenmaal is gezien
-- uit: activiteit
-- elementen: 494, 495, 724, 725, 1577, 1605
-- leeftijden: bitmasker, bit h (0-40) staat aan als het kind is gezien op een leeftijd van h halve jaren, bit 41 + m als
-- het is gezien op een leeftijd van m maanden (0-21)
-- datum: laatste keer gezien in het jaar; age: leeftijd toen
SELECT
  kind,
  jaar,
  max(datum) AS datum,
  count(*) AS contacten,
  bit_or(
    (CAST(1 AS BIGINT) << CAST(least(floor(leeftijd_mnd / 6), 40) AS INTEGER))
    | CASE WHEN leeftijd_mnd < 22 THEN CAST(1 AS BIGINT) << CAST(41 + leeftijd_mnd AS INTEGER) ELSE 0 END
  ) AS leeftijden,
  CAST(max(CAST(age AS INTEGER)) AS VARCHAR) AS age
FROM activiteit
WHERE gezien
GROUP BY kind, jaar
