-- rij: één ouder of verzorger (groep G014) van een kind
-- uit: ouderwaarden
-- elementen: 62, 63, 66, 71
-- relatie: W0096 in BDS-codering (01 vader, 02 moeder, …)
-- geboren: geboortedatum ouder; leeg als die niet volledig is
-- opleiding: W0658; land: landcode tabel 34
SELECT kind, volgnr, relatie, TRY_CAST(left(geboren, 10) AS DATE) AS geboren, opleiding, land
FROM ouderwaarden
