-- rij: één contact waarbij een kind is gezien, in de fase van het basispakket waarin zijn leeftijd valt
-- uit: activiteit, fase
-- elementen: 20, 494, 495, 724, 725, 1577, 1605
-- fase: zie fasejaar; een contact buiten de fasen heeft geen rij
SELECT a.kind, a.act, a.datum, f.fase
FROM activiteit AS a
JOIN fase AS f ON a.leeftijd_mnd >= f.van_mnd AND a.leeftijd_dag >= f.van_dag
  AND (a.leeftijd_mnd < f.tot_mnd OR f.tot_mnd = 0 AND a.leeftijd_dag < f.tot_dag)
WHERE a.gezien
