-- rij: één kind in één jaar waarin het is gezien, met de verwijzingen van dat jaar
-- uit: contactjaar, reg, parameters
-- elementen: 483, 1159, 494, 1605
-- verwezen: minstens één interventie 483 = 6 of een doel 1159; huisarts, logopedist, dietist, vve, jeugdhulp, specialist:
-- doel 1159 (W0621); specialist telt ook de oude codes die in 16 zijn opgegaan
SELECT
  c.kind, c.jaar, c.datum, c.age, c.leeftijden,
  coalesce(v.verwezen, FALSE) AS verwezen,
  coalesce(v.huisarts, FALSE) AS huisarts,
  coalesce(v.logopedist, FALSE) AS logopedist,
  coalesce(v.dietist, FALSE) AS dietist,
  coalesce(v.vve, FALSE) AS vve,
  coalesce(v.jeugdhulp, FALSE) AS jeugdhulp,
  coalesce(v.specialist, FALSE) AS specialist,
  coalesce(v.tijdperk, 1) AS tijdperk
FROM contactjaar AS c
LEFT JOIN (
  SELECT
    kind, year(datum) AS jaar,
    TRUE AS verwezen,
    bool_or(bdsnummer = 1159 AND waarde = '01') AS huisarts,
    bool_or(bdsnummer = 1159 AND waarde = '04') AS logopedist,
    bool_or(bdsnummer = 1159 AND waarde = '21') AS dietist,
    bool_or(bdsnummer = 1159 AND waarde = '11') AS vve,
    bool_or(bdsnummer = 1159 AND waarde IN ('07', '08', '30', '31', '32')) AS jeugdhulp,
    bool_or(bdsnummer = 1159 AND waarde IN ('02', '15', '16', '20', '23', '24', '27')) AS specialist,
    CASE WHEN bool_or(bdsnummer = 1159 AND waarde IN ('02', '07', '08', '15', '20', '23', '24', '27')) THEN 0 ELSE 1 END AS tijdperk
  FROM reg
  CROSS JOIN parameters AS p
  WHERE (bdsnummer = 1159 OR bdsnummer = 483 AND waarde = '6') AND datum <= p.peildatum
  GROUP BY kind, year(datum)
) AS v ON v.kind = c.kind AND v.jaar = c.jaar
