-- rij: één activiteit (contact) van een kind
-- uit: contactwaarden, kind, parameters
-- elementen: 494, 495, 724, 725, 1424, 1577, 1605, 20
-- datum: datum activiteit (724); soort: 494 in de indeling vanaf 4.0 (oude soorten omgezet, andere = XX)
-- tijdperk: 0 als 494 een soort van vóór 4.0 is, anders 1
-- status: 1605 (W0690); oude 725 en 495 omgezet; leeg als de bron geen status geeft
-- gerealiseerd: status 01, of geen status en de datum is voorbij
-- gezien: gerealiseerd met het kind of de ouder erbij: vorm 01, 03, 06, 07 of geen vorm bekend
-- indicatie: een van de redenen (1424); leeftijd_mnd, leeftijd_dag: volle maanden en dagen op datum; halfjaar: leeftijd_mnd / 6
SELECT
  a.act, a.kind, a.datum, a.soort, a.tijdperk, a.status, a.vorm, a.indicatie, a.gewicht_indicatie,
  coalesce(a.status, CASE WHEN a.datum <= p.peildatum THEN '01' END) = '01' AS gerealiseerd,
  coalesce(a.status, CASE WHEN a.datum <= p.peildatum THEN '01' END) = '01'
    AND coalesce(a.vorm, '03') IN ('01', '03', '06', '07')
    AND coalesce(a.soort, '39') IN ('01', '37', '38', '39', '40', '41', '20', '22', '35') AS gezien,
  $MND(k.geboren, a.datum) AS leeftijd_mnd,
  $DAG(k.geboren, a.datum) AS leeftijd_dag,
  year(a.datum) AS jaar,
  CAST(CAST(floor($MND(k.geboren, a.datum) / 12) AS INTEGER) AS VARCHAR) AS age
FROM (
  SELECT
    act, kind, soort, vorm, indicatie,
    coalesce(TRY_CAST(left(datum, 10) AS DATE), dag) AS datum,
    coalesce(tijdperk, 1) AS tijdperk,
    CASE
      WHEN status IS NOT NULL THEN status
      WHEN status_725 = '01' THEN '01'
      WHEN status_495 IS NOT NULL THEN status_495
      WHEN status_725 = '02' THEN '08'
    END AS status,
    gewicht IS NOT NULL AS gewicht_indicatie
  FROM contactwaarden
) AS a
JOIN kind AS k ON k.kind = a.kind
CROSS JOIN parameters AS p
WHERE a.datum IS NOT NULL AND a.datum <= p.peildatum AND a.datum >= k.geboren
