-- rij: één kind met gegevens van een ouder
-- uit: ouder, opleidingsklasse, herkomstklasse, parameters
-- elementen: 62, 63, 66, 71
-- moeder_geboren: geboortedatum van de (oudste geregistreerde) biologische moeder
-- klasse: opleiding in 1 laag, 2 mbo van onbekend niveau (alleen bij cbs), 3 midden, 4 hoog; van de moeder of de hoogste van beide ouders (parameters.opleiding)
-- land: herkomstklasse volgens het geboorteland van de moeder, en als dat Nederland is dat van de vader
SELECT
  o.kind,
  min(CASE WHEN o.relatie = '02' THEN o.geboren END) AS moeder_geboren,
  max(CASE WHEN o.relatie = '02' OR p.opleiding = 'hoogste' THEN k.klasse END) AS klasse,
  coalesce(
    max(CASE WHEN o.relatie = '02' AND h.klasse <> 'Nederland' THEN h.klasse END),
    max(CASE WHEN o.relatie = '01' AND h.klasse <> 'Nederland' THEN h.klasse END),
    max(h.klasse)
  ) AS herkomst
FROM ouder AS o
CROSS JOIN parameters AS p
LEFT JOIN opleidingsklasse AS k ON k.code = o.opleiding
LEFT JOIN herkomstklasse AS h ON h.land = o.land
WHERE o.relatie IN ('01', '02')
GROUP BY o.kind
