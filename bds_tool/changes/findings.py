"""What a check of a change package can find: code, name, severity, sentence and remedy, in two languages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bds_tool.base.text import language

SEVERITIES = ("info", "waarschuwing", "fout")


@dataclass(frozen=True, slots=True)
class Soort:
    """A kind of finding. Sentences are templates over the parameters of a finding."""

    code: str
    naam: str
    severity: str
    nl: str
    en: str
    help_nl: str
    help_en: str


@dataclass(frozen=True, slots=True)
class Bevinding:
    """One finding. `onderwerp` is the id of the change, (`verzoek`, JGZ-nnn), (`regel`, id) or (`pakket`, name)."""

    code: str
    onderwerp: tuple[str, str]
    parameters: dict[str, Any] = field(default_factory=dict, compare=False)
    severity: str = ""
    #: Changes that a finding about an example points at.
    betreft: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    @property
    def soort(self) -> Soort:
        return CATALOGUE[self.code]

    @property
    def ernst(self) -> str:
        return self.severity or self.soort.severity

    @property
    def tekst(self) -> str:
        template = self.soort.en if language() == "en" else self.soort.nl
        return template.format(
            **{"soort": self.onderwerp[0], "sleutel": self.onderwerp[1], **self.parameters}
        )

    @property
    def hulp(self) -> str:
        return self.soort.help_en if language() == "en" else self.soort.help_nl


def _rows() -> list[tuple[str, str, str, str, str, str, str]]:
    f, w, i = "fout", "waarschuwing", "info"
    return [
        # completeness
        ("BDS901", "wijziging-ontbreekt", f,
         "Het verschil {soort} {sleutel} staat niet in het pakket.",
         "The difference {soort} {sleutel} is not in the package.",
         "Voeg de wijziging toe met `bds change add`, of herstel de definitie.",
         "Add the change with `bds change add`, or mend the definition."),
        ("BDS902", "wijziging-zonder-verschil", f,
         "{soort} {sleutel} staat in het pakket, maar de definities verschillen daar niet.",
         "{soort} {sleutel} is in the package, but the definitions do not differ there.",
         "Haal de wijziging weg of pas de nieuwe definitie aan.",
         "Remove the change or adapt the new definition."),
        ("BDS903", "wijziging-anders", f,
         "{soort} {sleutel}: kolom {veld} verandert volgens het pakket anders dan volgens de definities.",
         "{soort} {sleutel}: column {veld} changes differently in the package than in the definitions.",
         "Neem de waarden over van `bds spec diff`.", "Take the values from `bds spec diff`."),
        ("BDS904", "wijziging-dubbel", f,
         "{soort} {sleutel} staat {aantal} keer in het pakket.", "{soort} {sleutel} is in the package {aantal} times.",
         "Laat er een staan.", "Keep one of them."),
        ("BDS905", "verzoek-ontbreekt", f,
         "{soort} {sleutel} hoort bij geen bekend wijzigingsverzoek ({jgz}).",
         "{soort} {sleutel} belongs to no known change request ({jgz}).",
         "Zet bij `jgz` een verzoek dat onder `verzoeken` staat.", "Put a request listed under `verzoeken` in `jgz`."),
        ("BDS906", "verzoek-zonder-nummer", i,
         "Verzoek {sleutel} heeft geen JGZ-nummer; {aantal} wijzigingen hangen eraan.",
         "Request {sleutel} has no JGZ number; {aantal} changes hang on it.",
         "Vul het nummer in zodra het bekend is.", "Fill in the number once it is known."),
        ("BDS907", "omrekening-ontbreekt", f,
         "{soort} {sleutel} zegt niet wat er {richting} met de gegevens gebeurt.",
         "{soort} {sleutel} does not say what happens to data {richting}.",
         "Geef `heen` en `terug`, ook als er niets verandert ({{doe: behoud}}).",
         "Give `heen` and `terug`, also when nothing changes ({{doe: behoud}})."),
        ("BDS908", "afschaffing-ontbreekt", f,
         "{soort} {sleutel} gaat eruit zonder afschaffingsnotitie{waarom}.",
         "{soort} {sleutel} goes out of use without a deprecation note{waarom}.",
         "Noteer onder `afschaffing` vanaf welke versie en wat er met oude waarden gebeurt.",
         "Note under `afschaffing` from which version, and what becomes of old values."),
        ("BDS909", "voorbeeld-ontbreekt", f,
         "{soort} {sleutel} heeft geen voorbeeld {richting}.", "{soort} {sleutel} has no example {richting}.",
         "Voeg bij het verzoek een fragment toe waarin dit voorkomt.", "Add a fragment with this to the request."),
        ("BDS910", "levensloop-strijdig", f,
         "{soort} {sleutel}: {waarom}.", "{soort} {sleutel}: {waarom}.",
         "Breng de levensloop (nieuw, afgeschaft, vervallen) over de versies in orde.",
         "Put the life cycle (new, deprecated, removed) over the versions in order."),
        ("BDS911", "verzoek-onvolledig", w,
         "Verzoek {sleutel}: {waarom}.", "Request {sleutel}: {waarom}.",
         "Vul aanleiding en besluit aan.", "Complete cause and decision."),
        ("BDS912", "verzoek-leeg", w,
         "Verzoek {sleutel} heeft geen wijzigingen.", "Request {sleutel} has no changes.",
         "Haal het weg of voeg de wijzigingen toe.", "Remove it or add the changes."),
        ("BDS913", "naam-anders", f,
         "{soort} {sleutel}: de naam in het pakket is niet die van de definitie.",
         "{soort} {sleutel}: the name in the package is not that of the definition.",
         "Neem de naam van de definitie over.", "Take the name of the definition."),
        ("BDS914", "verzoek-dubbel", f,
         "Verzoek {sleutel} staat meer dan eens in het pakket.", "Request {sleutel} is in the package more than once.",
         "Voeg ze samen.", "Merge them."),
        # soundness
        ("BDS921", "nummer-hergebruikt", f,
         "{soort} {sleutel}: dit nummer had in {versie} een andere betekenis ({oud}).",
         "{soort} {sleutel}: this number had another meaning in {versie} ({oud}).",
         "Geef een nieuw nummer uit; nummers en codes worden nooit hergebruikt.",
         "Issue a new number; numbers and codes are never reused."),
        ("BDS922", "betekenis-in-hernoeming", w,
         "{soort} {sleutel}: de nieuwe naam deelt geen woord met de oude; verandert de betekenis?",
         "{soort} {sleutel}: the new name shares no word with the old; does the meaning change?",
         "Leg in `toelichting` uit dat de betekenis gelijk blijft, of geef een nieuw nummer uit.",
         "Explain in `toelichting` that the meaning stays, or issue a new number."),
        ("BDS923", "tabel-niet-volledig", f,
         "{soort} {sleutel}: de omrekentabel ({richting}) mist {aantal} code(s): {codes}.",
         "{soort} {sleutel}: the recoding table ({richting}) misses {aantal} code(s): {codes}.",
         "Vul de tabel aan of zeg met `anders` wat er met de rest gebeurt.",
         "Complete the table or say with `anders` what happens to the rest."),
        ("BDS924", "tabel-buiten-doellijst", f,
         "{soort} {sleutel}: de omrekentabel ({richting}) maakt codes die de doellijst niet kent: {codes}.",
         "{soort} {sleutel}: the recoding table ({richting}) makes codes the target list does not know: {codes}.",
         "Gebruik codes van de doellijst.", "Use codes of the target list."),
        ("BDS925", "terug-herstelt-niet", f,
         "{soort} {sleutel}: heen en terug geeft niet terug wat er was, en er is geen verlies verklaard{waarom}.",
         "{soort} {sleutel}: there and back does not restore what was, and no loss is declared{waarom}.",
         "Maak de omrekeningen elkaars omgekeerde of noem bij `verlies` wat weg is.",
         "Make the conversions each other's inverse or name in `verlies` what is gone."),
        ("BDS926", "verlies-niet-verklaard", f,
         "{soort} {sleutel}: waarden verdwijnen {richting} en dat staat er niet bij.",
         "{soort} {sleutel}: values vanish {richting} and that is not stated.",
         "Beschut ze als niet-BDS-gegeven, of verklaar het verlies bij `verlies`.",
         "Shelter them as non-BDS data, or declare the loss in `verlies`."),
        ("BDS927", "waarde-zonder-onderdak", f,
         "{soort} {sleutel}: de doelversie kent dit niet en de waarde krijgt {richting} geen onderdak.",
         "{soort} {sleutel}: the target version does not know this and the value gets no shelter {richting}.",
         "Kies beschut, naar-tekst, hercodeer of verplaats.", "Choose beschut, naar-tekst, hercodeer or verplaats."),
        ("BDS928", "omrekening-past-niet", f,
         "{soort} {sleutel}: `{doe}` past {richting} niet bij deze soort wijziging{waarom}.",
         "{soort} {sleutel}: `{doe}` does not fit this kind of change {richting}{waarom}.",
         "Kijk of heen en terug verwisseld zijn.", "See whether there and back were swapped."),
        ("BDS929", "regels-strijdig", f,
         "{soort} {sleutel}: twee omrekeningen zeggen {richting} iets anders over hetzelfde ({waarom}).",
         "{soort} {sleutel}: two conversions say different things about the same {richting} ({waarom}).",
         "Laat er een gelden.", "Let one of them hold."),
        ("BDS930", "regel-onbereikbaar", f,
         "{soort} {sleutel}: deze omrekening komt nooit aan de beurt ({waarom}).",
         "{soort} {sleutel}: this conversion never gets a turn ({waarom}).",
         "Haal haar weg of maak haar bereikbaar.", "Remove it or make it reachable."),
        ("BDS931", "dubbele-code", f,
         "{soort} {sleutel}: code {codes} staat dubbel.", "{soort} {sleutel}: code {codes} is there twice.",
         "Haal de dubbele weg; kijk of er een andere code bedoeld was.",
         "Remove the double; see whether another code was meant."),
        ("BDS932", "code-ontbreekt-in-lijst", f,
         "{soort} {sleutel}: de opsomming mist {codes} van {lijst}.", "{soort} {sleutel}: the enumeration misses {codes} of {lijst}.",
         "Vul de opsomming aan.", "Complete the enumeration."),
        ("BDS933", "nummer-onbekend", f,
         "{soort} {sleutel}: {nummer} is geen element van {versie}.", "{soort} {sleutel}: {nummer} is no element of {versie}.",
         "Gebruik een bestaand BDS-nummer.", "Use an existing BDS number."),
        ("BDS934", "kwalificatie-als-waarneming", f,
         "{soort} {sleutel}: {nummer} staat in het bericht bij een andere waarneming en is er zelf geen.",
         "{soort} {sleutel}: {nummer} sits on another observation in the message and is none itself.",
         "Verwijs naar het element dat de waarneming draagt.", "Refer to the element that carries the observation."),
        ("BDS935", "rubriek-anders", w,
         "{soort} {sleutel}: {nummer} hoort in {rubriek} en niet in {genoemd}.",
         "{soort} {sleutel}: {nummer} belongs in {rubriek}, not in {genoemd}.",
         "Verbeter de rubriek.", "Correct the rubriek."),
        ("BDS936", "element-onvolledig", w,
         "{soort} {sleutel}: {waarom}.", "{soort} {sleutel}: {waarom}.",
         "Vul de definitie aan, of leg in `toelichting` uit waarom dat niet kan.",
         "Complete the definition, or explain in `toelichting` why that cannot be done."),
        ("BDS937", "raakt-vreemd-element", f,
         "{soort} {sleutel}: deze regel schrijft ook {nummer}, dat niet bij de wijziging hoort.",
         "{soort} {sleutel}: this rule also writes {nummer}, which is no part of the change.",
         "Schrijf alleen wat bij de wijziging hoort.", "Write only what belongs to the change."),
        ("BDS938", "pad-dubbel", f,
         "{soort} {sleutel}: het pad noemt {stap} twee keer achter elkaar en raakt daardoor iets anders dan bedoeld.",
         "{soort} {sleutel}: the path names {stap} twice in a row and so hits something else than meant.",
         "Verbeter het pad.", "Correct the path."),
        ("BDS939", "lijst-ongebruikt", w,
         "{soort} {sleutel}: geen element van {versie} gebruikt deze lijst.",
         "{soort} {sleutel}: no element of {versie} uses this list.",
         "Koppel de lijst aan een element of laat haar weg.", "Tie the list to an element or leave it out."),
        ("BDS940", "naam-mogelijk-tikfout", w,
         "{soort} {sleutel}: het woord {woord} lijkt een tikfout van {bekend}.",
         "{soort} {sleutel}: the word {woord} looks like a slip of {bekend}.",
         "Verbeter de naam, of leg in `toelichting` uit dat hij zo gepubliceerd is.",
         "Correct the name, or explain in `toelichting` that it was published so."),
        ("BDS941", "regel-uitgeschakeld", f,
         "{soort} {sleutel}: deze omrekening is uitgeschakeld, terwijl het pakket er niets voor in de plaats zet.",
         "{soort} {sleutel}: this conversion is switched off, and the package puts nothing in its place.",
         "Zet haar aan, of geef de wijziging een andere omrekening.",
         "Switch it on, or give the change another conversion."),
        ("BDS942", "verlies-verklaard", i,
         "{soort} {sleutel}: verklaard verlies {richting}: {verlies}",
         "{soort} {sleutel}: declared loss {richting}: {verlies}",
         "Geen actie nodig; de gebruiker ziet dit in het migratieverslag.",
         "No action needed; users see this in the migration report."),
        ("BDS943", "register-mist-nummer", w,
         "{soort} {sleutel}: het nummer staat niet in het register van {versie}.",
         "{soort} {sleutel}: the number is not in the register of {versie}.",
         "Neem het op in het register (W0647), of leg in `toelichting` uit waarom niet.",
         "Add it to the register (W0647), or explain in `toelichting` why not."),
        ("BDS944", "pad-onbekend-kenmerk", f,
         "{soort} {sleutel}: het pad noemt {stap}, dat in geen enkel bericht voorkomt.",
         "{soort} {sleutel}: the path names {stap}, which occurs in no message.",
         "Verbeter het pad.", "Correct the path."),
        # class
        ("BDS951", "klasse-onjuist", f,
         "{soort} {sleutel}: klasse {richting} is {is_nu}, maar deze wijziging is {moet}.",
         "{soort} {sleutel}: class {richting} is {is_nu}, but this change is {moet}.",
         "Neem de klasse van `bds change check` over.", "Take the class of `bds change check`."),
        ("BDS952", "pakketklasse-onjuist", f,
         "Het pakket noemt zich {richting} {is_nu}, maar het is {moet} door {aantal} wijziging(en).",
         "The package calls itself {is_nu} {richting}, but it is {moet} because of {aantal} change(s).",
         "Verhoog de klasse, of haal die wijzigingen eruit.", "Raise the class, or take those changes out."),
        ("BDS953", "versienummer-past-niet", f,
         "{sleutel} is een patch volgens het versienummer, maar de wijzigingen zijn {moet}.",
         "{sleutel} is a patch by its version number, but the changes are {moet}.",
         "Geef het pakket een hoger versienummer.", "Give the package a higher version number."),
        # examples
        ("BDS961", "voorbeeld-vooraf-ongeldig", f,
         "{soort} {sleutel}, voorbeeld {nummer}: het fragment vooraf klopt niet in {versie}: {waarom}.",
         "{soort} {sleutel}, example {nummer}: the fragment before is not right in {versie}: {waarom}.",
         "Verbeter het fragment.", "Correct the fragment."),
        ("BDS962", "voorbeeld-achteraf-ongeldig", f,
         "{soort} {sleutel}, voorbeeld {nummer}: het fragment achteraf klopt niet in {versie}: {waarom}.",
         "{soort} {sleutel}, example {nummer}: the fragment after is not right in {versie}: {waarom}.",
         "Kijk of de omrekening inhoud van de oude versie laat staan.",
         "See whether the conversion leaves content of the old version."),
        ("BDS963", "voorbeeld-uitkomst-anders", f,
         "{soort} {sleutel}, voorbeeld {nummer}: de omrekening geeft iets anders dan het fragment achteraf (element {elementen}).",
         "{soort} {sleutel}, example {nummer}: the conversion gives something else than the fragment after (element {elementen}).",
         "Verbeter de omrekening of het fragment.", "Correct the conversion or the fragment."),
        ("BDS964", "voorbeeld-terug-anders", f,
         "{soort} {sleutel}, voorbeeld {nummer}: de weg terug geeft niet wat er was (element {elementen}).",
         "{soort} {sleutel}, example {nummer}: the way back does not give what was there (element {elementen}).",
         "Maak de omrekeningen elkaars omgekeerde of geef `weerom` en verklaar het verlies.",
         "Make the conversions each other's inverse or give `weerom` and declare the loss."),
        ("BDS965", "voorbeeld-niet-ingevuld", f,
         "{soort} {sleutel}, voorbeeld {nummer}: rij {rijen} bevat een oningevulde variabele van een sjabloon.",
         "{soort} {sleutel}, example {nummer}: row {rijen} holds an unfilled variable of a template.",
         "Vul het voorbeeld in.", "Fill in the example."),
        ("BDS966", "toepassen-mislukt", f,
         "{soort} {sleutel} past niet op {versie}: {waarom}.", "{soort} {sleutel} does not fit {versie}: {waarom}.",
         "Maak het pakket opnieuw op de juiste versie.", "Make the package anew on the right version."),
        ("BDS967", "voorbeeld-spreekt-tegen", f,
         "{soort} {sleutel}: het pakket laat dit vallen, terwijl voorbeeld {nummer} van {verzoek} het in {versie} nog gebruikt.",
         "{soort} {sleutel}: the package drops this, while example {nummer} of {verzoek} still uses it in {versie}.",
         "Beslis of het element vervalt; verbeter het voorbeeld of de wijziging.",
         "Decide whether the element expires; correct the example or the change."),
        # impact
        ("BDS971", "geraakt-onvolledig", w,
         "Verzoek {sleutel} raakt ook {kind}: {namen}.", "Request {sleutel} also touches {kind}: {namen}.",
         "Neem ze op onder `geraakt`, en kijk of ze mee moeten veranderen.",
         "List them under `geraakt`, and see whether they must change as well."),
    ]  # fmt: skip


CATALOGUE: dict[str, Soort] = {row[0]: Soort(*row) for row in _rows()}
