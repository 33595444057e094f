"""Every public message to FHIR: base R4 by fhirkit, profiles by a check written straight from Nictiz' own XML.

The check below shares nothing with the exporter's: it walks the StructureDefinitions, and evaluates their
invariants with a FHIRPath engine. It is still not the HL7 validator.
"""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path

import fhirkit
import pytest
from lxml import etree

from bds_tool.export.fhir.plan import load_plan
from bds_tool.export.fhir.profiles import load_profiles
from bds_tool.export.fhir.writer import Opdracht, export
from bds_tool.formats import read
from bds_tool.schema.zib import load_zib

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
FHIR = SHARED / "real/fhir"
F = "{http://hl7.org/fhir}"
KEY = b"a key of at least sixteen characters"
FILES = sorted([*SHARED.glob("real/dob/**/*.xml"), *SHARED.glob("real/james/**/*.json")])


# ---- the independent check -----------------------------------------------------------------------------------


def val(node, path):
    found = node.find("/".join(F + p for p in path.split("/")))
    return found.get("value") if found is not None else None


@cache
def definitions():
    roots = (etree.parse(str(p)).getroot() for p in FHIR.glob("profiles/**/*.xml"))
    return {val(r, "url"): r for r in roots if r.tag == F + "StructureDefinition"}


@cache
def value_set(url):
    """Codes of an enumerated value set, else None."""
    for path in FHIR.glob("terminology/ValueSet-*.xml"):
        root = etree.parse(str(path)).getroot()
        if val(root, "url") == url:
            includes = root.findall(f"{F}compose/{F}include")
            if any(i.find(F + "concept") is None or i.find(F + "valueSet") is not None for i in includes):
                return None
            return {(val(i, "system"), val(c, "code")) for i in includes for c in i.findall(F + "concept")}
    return None


@cache
def chain(url):
    """Profiles from the named one to the base, nearest first."""
    root = definitions()[url]
    base = val(root, "baseDefinition")
    return (root, *(chain(base) if base in definitions() else ()))


def children(node, name):
    if name.endswith("[x]"):
        return [v for k, v in node.items() if k.startswith(name[:-3]) and k[len(name) - 3 :][:1].isupper()]
    found = node.get(name, [])
    return found if isinstance(found, list) else [found]


def codings(node):
    if not isinstance(node, dict):
        return {(None, node)}
    if "coding" in node:
        return {(c.get("system"), c.get("code")) for c in node["coding"]}
    return {(node.get("system"), node.get("code"))}


def fixed(element):
    for child in element:
        if isinstance(child.tag, str) and child.tag.removeprefix(F).startswith(("pattern", "fixed")):
            if child.get("value"):
                return (None, child.get("value"))
            system, code = child.find(f".//{F}system"), child.find(f".//{F}code")
            return (
                system.get("value") if system is not None else None,
                code.get("value") if code is not None else None,
            )
    return None


def has(node, pattern):
    return any(s == pattern[0] and pattern[1] in (None, c) for s, c in codings(node))


def check(resource, url):
    """Violations of fixed codes, patterns, cardinality and enumerable required bindings, slices by code included."""
    problems = []
    slice_codes = {}
    for root in chain(url):
        for e in root.iterfind(f"{F}differential/{F}element"):
            pattern = fixed(e)
            if pattern and ".component:" in e.get("id") and e.get("id").endswith(".code"):
                slice_codes[e.get("id")[: -len(".code")]] = pattern
    for root in chain(url):
        for e in root.iterfind(f"{F}differential/{F}element"):
            path = e.get("id").split(".")[1:]
            nodes = [resource]
            for depth, step in enumerate(path):
                parents = nodes
                name, _, sliced = step.partition(":")
                nodes = [n for p in parents if isinstance(p, dict) for n in children(p, name)]
                if sliced:
                    key = e.get("id").split(".")[0] + "." + ".".join(path[: depth + 1])
                    if key not in slice_codes:
                        nodes = None
                        break
                    nodes = [n for n in nodes if any(has(c, slice_codes[key]) for c in children(n, "code"))]
            if not path or nodes is None:
                continue
            low, high = val(e, "min"), val(e, "max")
            if (
                low
                and low != "0"
                and any(isinstance(p, dict) for p in parents)
                and len(nodes) < int(low) * len([p for p in parents if isinstance(p, dict)])
            ):
                problems.append(f"{e.get('id')}: min {low}")
            if high and high != "*" and len(nodes) > int(high) * max(1, len(parents)):
                problems.append(f"{e.get('id')}: max {high}")
            pattern = fixed(e)
            if pattern:
                problems += [f"{e.get('id')}: {pattern}" for n in nodes if not has(n, pattern)]
            binding = e.find(F + "binding")
            if binding is not None and val(binding, "strength") == "required":
                codes = value_set(val(binding, "valueSet"))
                for n in nodes if codes else ():
                    if not codings(n) & codes and not (isinstance(n, str) and any(c == n for _, c in codes)):
                        problems.append(f"{e.get('id')}: binding")
    return problems


@cache
def invariants(url):
    """(element path, FHIRPath) of the error-level invariants on the resource and its parts."""
    return [
        (e.get("id"), val(c, "expression"))
        for root in chain(url)
        for e in root.iterfind(f"{F}differential/{F}element")
        for c in e.findall(F + "constraint")
        if val(c, "severity") == "error" and ":" not in e.get("id")
    ]


def broken_invariants(resource, url):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import fhirpathpy
        from fhirpathpy.models import models
    return [
        f"{element}: {expression}"
        for element, expression in invariants(url)
        if not step_is_value(element)
        and fhirpathpy.evaluate(resource, f"{element}.all({expression})", model=models["r4"])
        not in ([True], [])
    ]


def step_is_value(element):
    """Primitive choice values lose their type once taken out of the resource; the engine cannot judge them alone."""
    return element.endswith("[x]")


def skeleton(node, key=""):
    """What a profile can see of a resource: structure and codes; free text and dates are blanked."""
    if isinstance(node, dict):
        return {
            k: skeleton(v, k) for k, v in node.items() if k not in {"id", "source", "display", "reference"}
        }
    if isinstance(node, list):
        return [skeleton(v, key) for v in node]
    return (
        node
        if key
        in {"system", "code", "url", "use", "resourceType", "type", "profile", "status", "unit", "gender"}
        else type(node).__name__
    )


# ---- the run over everything ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(shared, tmp_path_factory):
    """(file, loss, resources, rows, rows that came back) of every message and document on its own."""
    out = []
    folder = tmp_path_factory.mktemp("fhir")
    for number, file in enumerate(FILES):
        with read([file]) as store:
            target = folder / str(number)
            loss = export(store, target, Opdracht(KEY, werkers=1))
            lines = [
                line
                for f in sorted(target.glob("*.ndjson"))
                for line in f.read_text(encoding="utf-8").splitlines()
            ]
            files = sorted(target.glob("*.ndjson"))
            rows = store.registraties().collect()
        back = None
        if files:
            with read(files) as again:
                back = again.registraties().collect()
        out.append((file, loss, lines, rows, back))
    assert len(out) > 250
    return out


def test_every_resource_is_valid_base_r4(exported):
    count = 0
    for file, _, lines, _, _ in exported:
        for line in lines:
            count += 1
            problems = fhirkit.validate(line)
            assert not problems, (file.name, [(p.path, p.message) for p in problems])
    assert count > 9_000


def test_no_claimed_profile_has_an_error_by_the_independent_check(exported):
    seen, claims = set(), Counter()
    for file, _, lines, _, _ in exported:
        for line in lines:
            resource = json.loads(line)
            for url in resource.get("meta", {}).get("profile", ()):
                claims[url] += 1
                shape = (url, json.dumps(skeleton(resource), sort_keys=True))
                if shape in seen:
                    continue
                seen.add(shape)
                assert not check(resource, url), (file.name, check(resource, url))
                assert not broken_invariants(resource, url), (file.name, broken_invariants(resource, url))
    assert len(claims) >= 15, claims


def test_hardly_anything_had_to_go_without_its_profile(exported):
    reasons = Counter()
    for _, loss, *_ in exported:
        reasons.update(loss.zonder_profiel)
    # Four documents hold a birth weight but no birth date, and the profile of a weight wants a date.
    assert dict(reasons) == {("nl-core-BodyWeight", "Observation.effective[x]: minstens 1 nodig"): 4}


def test_every_row_is_accounted_for(exported):
    for file, loss, _, rows, _ in exported:
        assert sum(loss.rijen.values()) == rows.height, file.name


def test_no_bsn_leaves(exported):
    for file, _, lines, rows, _ in exported:
        secret = {
            w
            for n, w, c in rows.select("bdsnummer", "waarde", "codesysteem").iter_rows()
            if w and (n in (7, 655) or c == "2.16.840.1.113883.2.4.6.3")
        }
        text = "\n".join(lines)
        # A dossier number may by chance be the same text; BSNs are nine digits.
        assert not [s for s in secret if len(s) == 9 and f'"{s}"' in text], file.name


def normal(n, waarde, nullflavor, tekst):
    """A value apart from its coding and notation: HL7 and BDS code, 153.0 and 153, tel:… are the same value."""
    if waarde is None:
        return n, nullflavor, tekst if nullflavor == "OTH" else None
    regel = load_plan().regels.get(n)
    text = waarde.removeprefix("tel:").removeprefix("mailto:")
    if regel is not None:
        targets = regel.vertaal.get("HL7", {}).get(text) or regel.vertaal.get("BDS", {}).get(text)
        if targets:
            return n, "code", targets[0].bds
        if regel.soort in {"hoeveelheid", "geheel"}:
            try:
                return n, "getal", Decimal(text).normalize()
            except InvalidOperation:
                pass
    return n, "waarde", text


def test_every_value_that_was_kept_comes_back(exported):
    plan = load_plan()
    kept = 0
    for file, _, _, rows, back in exported:
        expected = Counter()
        for n, w, nf, tekst, system in rows.select(
            "bdsnummer", "waarde", "nullflavor", "tekst", "codesysteem"
        ).iter_rows():
            regel = plan.regels.get(n)
            if (
                n is None
                or regel is None
                or n in (695, 1377)
                or regel.gevoelig
                or (w is None and nf is None)
                or system == "2.16.840.1.113883.2.4.6.3"
            ):
                continue
            expected[normal(n, w, nf, tekst)] += 1
        found = Counter()
        if back is not None:
            found.update(
                normal(*r)
                for r in back.select("bdsnummer", "waarde", "nullflavor", "tekst").iter_rows()
                if r[0] is not None
            )
        assert not expected - found, (file.name, {k[0] for k in expected - found})
        kept += sum(expected.values())
    assert kept > 12_000


def test_dates_and_contacts_come_back_with_their_values(exported):
    for file, _, _, rows, back in exported:
        if back is None:
            continue
        measured = [235, 245, 252]
        filled = rows.drop_nulls("waarde")
        wanted = Counter(
            (n, str(d)) for n, d in filled.select("bdsnummer", "datum").iter_rows() if n in measured
        )
        found = Counter(
            (n, str(d)) for n, d in back.select("bdsnummer", "datum").iter_rows() if n in measured
        )
        assert wanted == found, file.name


# ---- the compiled table --------------------------------------------------------------------------------------


def test_the_table_equals_a_fresh_compilation(shared, tmp_path):
    """Fixed codes, units and required bindings in the shipped table are those of the published profiles."""
    from bds_tool.base.specs import specs_dir
    from bds_tool.export.fhir.profile_build import compile_profiles

    names = sorted(load_profiles().eisen)
    compile_profiles(FHIR, names, tmp_path / "p.csv", tmp_path / "b.csv")
    folder = specs_dir() / "zib/fhir"
    assert (tmp_path / "p.csv").read_text(encoding="utf-8") == (folder / "profielen.csv").read_text(
        encoding="utf-8"
    )
    assert (tmp_path / "b.csv").read_text(encoding="utf-8") == (folder / "bindingen.csv").read_text(
        encoding="utf-8"
    )


def test_fixed_codes_of_the_forms_equal_the_profiles(shared):
    """Read here from the XML, not from the table."""
    kaart, plan = load_zib(), load_plan()
    compared = 0
    for vorm in plan.vormen.vormen.values():
        if vorm.soort != "observatie" or not vorm.profiel:
            continue
        patterns = {}
        for root in chain(plan.vormen.basis + vorm.profiel):
            for e in root.iterfind(f"{F}differential/{F}element"):
                if fixed(e):
                    patterns.setdefault(e.get("id"), fixed(e))
        ours = {(kaart.uri(c.partition("|")[0]), c.partition("|")[2]) for c in vorm.codes}
        assert patterns["Observation.code"] in ours, vorm.naam
        published = {v for k, v in patterns.items() if k.endswith(".code") and ".component:" in k}
        for place in vorm.plaatsen.values():
            if place.component:
                assert (
                    kaart.uri(place.component.partition("|")[0]),
                    place.component.partition("|")[2],
                ) in published, vorm.naam
        compared += 1
    assert compared >= 14


def test_both_checks_agree_on_the_official_examples(shared):
    """Neither may find an error in an example that Nictiz published for a profile in the table."""
    table = load_profiles()
    count = 0
    for path in sorted(FHIR.glob("examples/*.xml")):
        resource = xml_to_json(etree.parse(str(path)).getroot())
        for url in resource.get("meta", {}).get("profile", ()):
            name = url.rsplit("/", 1)[-1]
            if name in table.eisen:
                assert not check(resource, url), path.name
                assert not table.check(resource, name), (path.name, table.check(resource, name))
                count += 1
    assert count >= 20


LISTS = {
    "coding",
    "extension",
    "identifier",
    "name",
    "given",
    "telecom",
    "address",
    "line",
    "category",
    "component",
    "note",
    "profile",
    "performer",
    "reasonCode",
    "contact",
    "relationship",
    "communication",
    "hasMember",
    "participant",
    "type",
    "protocolApplied",
    "targetDisease",
    "basedOn",
    "contained",
    "location",
    "referenceRange",
}
SINGLE = {("Address", "type"), ("subject", "type"), ("Immunization", "location"), ("period", "type")}


def xml_to_json(root):
    """FHIR XML to JSON, enough for the examples; lists by name, primitives typed by their look."""
    found = {"resourceType": root.tag.removeprefix(F)}
    fill(found, root, root.tag.removeprefix(F))
    return found


def fill(found, node, parent):
    for child in node:
        if not isinstance(child.tag, str) or not child.tag.startswith(F):
            continue
        name = child.tag.removeprefix(F)
        if name == "text" and parent[:1].isupper():
            continue
        value = child.get("value")
        inner = {"url": child.get("url")} if child.get("url") else {}
        if name == "contained":
            inner = xml_to_json(child[0])
        else:
            fill(inner, child, name)
        many = (
            name in LISTS
            and not (name == "type" and parent not in {"Encounter", "Organization"})
            and not (name == "location" and parent in {"Immunization", "location"})
            and not (name == "name" and parent == "Organization")
            and not (name == "name" and parent == "contact")
        )
        if value is None:
            put(found, name, inner, many)
        else:
            put(found, name, primitive(name, value), many)
            if inner:
                put(found, "_" + name, inner, many)
            elif many and "_" + name in found:
                found["_" + name].append(None)


def put(found, name, value, many):
    if many:
        found.setdefault(name, []).append(value)
    else:
        found[name] = value


def primitive(name, value):
    if name.endswith("Boolean") or value in {"true", "false"}:
        return value == "true"
    if name.endswith("Integer"):
        return int(value)
    if (
        name == "value"
        and value.replace(".", "", 1).isdigit()
        and ((len(value) < 7 and not value.startswith("0")) or value.startswith("0."))
    ):
        return float(value) if "." in value else int(value)
    return value
