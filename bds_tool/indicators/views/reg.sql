-- rij: één geregistreerde waarde van een element dat de gekozen indicatoren gebruiken
-- uit: registraties, bronnen, codering
-- elementen: (alle gebruikte)
-- kind: sleutel van het dossier (hash van dossier_id en organisatie; botsingen worden gecontroleerd)
-- act: sleutel van de activiteit binnen het dossier; leeg bij dossiergebonden gegevens
-- waarde: code in de BDS-codering volgens referenties/codering.csv, anders zoals geregistreerd
-- begrip: inhoudelijk begrip waarvoor dit element het antwoord geeft (ook na vervanging van een element)
-- tijdperk: 0 oud element of oude code, 1 nieuw; leeg als er geen wisseling is
SELECT
  SLEUTEL(r.dossier_id, coalesce(b.organisatie, '')) AS kind,
  CASE WHEN r.activiteit_id IS NOT NULL THEN SLEUTEL(r.activiteit_id, r.dossier_id) END AS act,
  r.datum,
  r.bdsnummer,
  r.volgnr,
  coalesce(c.waarde, r.waarde) AS waarde,
  c.begrip,
  c.tijdperk
FROM registraties AS r
JOIN bronnen AS b ON b.bron = r.bron
LEFT JOIN codering AS c ON c.bdsnummer = r.bdsnummer AND c.code = r.waarde
WHERE r.bdsnummer IN ($ELEMENTEN) AND r.waarde IS NOT NULL
