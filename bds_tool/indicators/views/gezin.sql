-- rij: één kind met gegevens van een ouder
-- uit: ouder, opleidingsklasse, herkomstklasse, parameters
-- elementen: 62, 63, 66, 71
-- moeder_geboren: geboortedatum van de (oudste geregistreerde) biologische moeder
-- klasse: opleiding in 1 laag, 2 mbo van onbekend niveau (alleen bij cbs), 3 midden, 4 hoog; van de moeder of de hoogste van beide ouders (parameters.opleiding)
-- moeder_land, vader_land: klasse van het geboorteland (herkomstklasse), ook onbekend; leeg als het land er niet staat of er twee zijn
SELECT
  o.kind,
  min(CASE WHEN o.relatie = '02' THEN o.geboren END) AS moeder_geboren,
  max(CASE WHEN o.relatie = '02' OR p.opleiding = 'hoogste' THEN k.klasse END) AS klasse,
  CASE
    WHEN min(CASE WHEN o.relatie = '02' THEN h.klasse END) = max(CASE WHEN o.relatie = '02' THEN h.klasse END)
      THEN max(CASE WHEN o.relatie = '02' THEN h.klasse END)
  END AS moeder_land,
  CASE
    WHEN min(CASE WHEN o.relatie = '01' THEN h.klasse END) = max(CASE WHEN o.relatie = '01' THEN h.klasse END)
      THEN max(CASE WHEN o.relatie = '01' THEN h.klasse END)
  END AS vader_land
FROM ouder AS o
CROSS JOIN parameters AS p
LEFT JOIN opleidingsklasse AS k ON k.code = o.opleiding
LEFT JOIN herkomstklasse AS h ON h.land = o.land
WHERE o.relatie IN ('01', '02')
GROUP BY o.kind
