-- rij: één kind met de leveringen (organisatie en BDS-versie) waarin het staat
-- uit: registraties, bronnen, bronlevering
-- elementen: 20
-- levering: een bit per organisatie en versie, van de bronnen waar het kind in staat
SELECT
  SLEUTEL(r.dossier_id, coalesce(b.organisatie, '')) AS kind,
  bit_or(l.levering) AS levering
FROM (
  SELECT dossier_id, bron FROM registraties WHERE bdsnummer = 20
  UNION ALL
  SELECT a.dossier_id, a.bron
  FROM registraties AS a
  JOIN bronlevering AS m ON m.bron = a.bron
  WHERE m.meer
) AS r
JOIN bronnen AS b ON b.bron = r.bron
JOIN bronlevering AS l ON l.bron = r.bron
GROUP BY 1
