"""The facts of a message family (`../shared/dob_model`, `../shared/jgz_messages`) turned into the tables of `specs/dob/model`.

Run as `python model_tables.py FACTS OUT` to write them; the test beside it checks that what is in `specs` is this.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path

#: Editions of the messages beside the dossieroverdrachtbericht: BDS versions whose rules differ from those of 4.1.3.
EDITIONS = {"3.2.7": ("", "4.0.2"), "4.0.2": ("4.0.2", "4.1.3")}
#: From this version on no templates are public.
UNPUBLISHED = "4.2.0"


def rows(folder, name):
    found = _rows(folder, name)
    return EDITED[name](folder, found) if folder.name == "jgz_messages" and name in EDITED else found


def _rows(folder, name):
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _differences(facts):
    """(template, path, kind, target, value, absent, role) → keys that have the row beside 7.1, keys that lack it."""
    more, less = defaultdict(list), defaultdict(list)
    for r in _rows(facts, "differences_70.csv"):
        fact = tuple(r[k] for k in ("template", "path", "kind", "target", "value", "absent_ok", "role"))
        (more if r["only_in"] == "7.0" else less)[fact].append(f"{r['message']}@{r['bds_of_70']}")
    # the one observation differs by its list alone, which is a row of its parameters
    assert all("W0681@" in "".join(f) for f in (*more, *less) if f[0] == "tpl:41584")
    return [{f: keys for f, keys in found.items() if f[0] != "tpl:41584"} for found in (more, less)]


def _without(versions, keys):
    return " ".join([versions, *(f"!{key}" for key in keys)])


def _contexts(facts, found):
    """The contexts of 7.0 in the place of those of 7.1 with the same name."""
    more, less = _differences(facts)
    at = {(r["template"], r["path"]): r for r in found}
    for (template, path, kind, *_), keys in less.items():
        if kind == "context":
            at[template, path]["versions"] = _without(at[template, path]["versions"], keys)
    for (template, path, kind, target, value, *_), keys in more.items():
        if kind != "context":
            continue
        parent, name = "/".join(steps(path)[:-1]), steps(path)[-1].partition("[")[0]
        order = next(
            r["order"]
            for (of, there), r in at.items()
            if of == template
            and "!" in r["versions"]
            and "/".join(steps(there)[:-1]) == parent
            and steps(there)[-1].partition("[")[0] == name
        )
        assert not target
        found.append(
            {"context": f"{template} {path}", "versions": " ".join(keys), "template": template, "order": order,
             "path": path, "datatypes": value}
        )  # fmt: skip
    return found


def _structural(facts, found):
    more, less = _differences(facts)
    context = {(r["template"], r["path"]): r["context"] for r in rows(facts, "contexts.csv")}
    known = {
        (
            r["context"],
            r["kind"],
            r["target"],
            r["value"],
            r["absent_ok"],
            r["role"],
            *r["versions"].split()[:1],
        ): r
        for r in found
    }
    for (template, path, kind, *rest), keys in less.items():
        if kind != "context":
            row = known[context[template, path], kind, *rest, "vaccinaties"]
            row["versions"] = _without(row["versions"], keys)
    for (template, path, kind, target, value, absent, role), keys in more.items():
        if kind != "context":
            found.append(
                {"id": "", "context": context[template, path], "versions": " ".join(keys), "kind": kind,
                 "target": target, "value": value, "absent_ok": absent, "role": role}
            )  # fmt: skip
    return found


def _old_keys(versions):
    return [f"{v}@{edition}" for edition in EDITIONS for v in versions.split()]


def _parameters(_facts, found):
    new = next(r for r in found if r["list.value"] == "W0681@2024-04-25")
    old = new | {"versions": " ".join(_old_keys(new["versions"])), "list.value": "W0681@2019-07-16"}
    return [new | {"versions": _without(new["versions"], _old_keys(new["versions"]))}, old]


def _lists(facts, found):
    """With the lists that 7.0 has and 7.1 has not."""
    of_dossiers = {r["list"]: r for r in _rows(facts.parent / "dob_model", "lists.csv")}
    new = next(r for r in found if r["list"] == "W0681@2024-04-25")
    old = of_dossiers["W0681@2019-07-16"] | {"versions": " ".join(_old_keys(new["versions"]))}
    kinds = of_dossiers["W0188.1"] | {"versions": "vaccinaties@3.2.7 geanonimiseerd@3.2.7"}
    return [*found, old, kinds]


EDITED = {
    "contexts.csv": _contexts,
    "templates_structural.csv": _structural,
    "observation_parameters.csv": _parameters,
    "lists.csv": _lists,
}


def steps(path):
    """`a[b/c]/d` → [`a[b/c]`, `d`]: a slash inside brackets or quotes divides nothing."""
    found, depth, quoted, current = [], 0, False, ""
    for sign in path:
        quoted ^= sign == '"'
        if not quoted:
            depth += (sign == "[") - (sign == "]")
            if sign == "/" and not depth:
                found.append(current)
                current = ""
                continue
        current += sign
    return [*found, current]


def occurrence(low, high):
    known = {("1", "1"): "", ("0", "1"): "?", ("0", "*"): "*", ("1", "*"): "+"}
    return known.get((low, high), f"{{{low},{high}}}")


def particle(tree, row):
    often = occurrence(row["min"], row["max"])
    if row["particle"] == "any":
        return "#ander" + often
    if row["particle"] == "element":
        foreign = "nl:" if row["namespace"] else ""
        return f"{foreign}{row['name']}={row['child_type']}{'~' if row['nillable'] else ''}{often}"
    parts = [particle(tree, child) for child in tree[row["position"]]]
    return "(" + (" " if row["particle"] == "sequence" else " | ").join(parts) + ")" + often


def types(facts):
    children, attributes = defaultdict(lambda: defaultdict(list)), defaultdict(list)
    for row in rows(facts, "xsd_children.csv"):
        for root in row["roots"].split():
            children[row["type"], root][row["parent"]].append(row)
    for row in rows(facts, "xsd_attributes.csv"):
        mark = "!" if row["use"] == "required" else ""
        value = f"={row['fixed']}" if row["fixed"] else f"~{row['default']}" if row["default"] else ""
        for root in row["roots"].split():
            attributes[row["type"], root].append(f"{row['attribute']}{mark}:{row['simple_type']}{value}")
    yield "type", "versies", "basis", "abstract", "gemengd", "inhoud", "attributen"
    for row in rows(facts, "xsd_types.csv"):
        same = {}  # content and attributes → the roots that have them
        for root in row["roots"].split():
            key = row["type"], root
            content = " ".join(particle(children[key], top) for top in children[key][""])
            assert bool(content) == (row["content"] == "elements"), key
            same.setdefault((content, " ".join(attributes[key])), []).append(root)
        for (content, own), roots in same.items():
            yield row["type"], " ".join(roots), row["base"], row["abstract"], row["mixed"], content, own


def simple(facts):
    lexical = {r["lexical"]: r["expression"] for r in rows(facts, "xsd_lexical.csv")}
    yield "vorm", "soort", "basis", "leden", "waarden", "patroon", "minimaal", "witruimte"
    for r in rows(facts, "xsd_simple.csv"):
        pattern = lexical[r["lexical"]] if r["lexical"] else ""
        base = r["base"] or r["primitive"]
        yield (
            r["name"],
            r["variety"],
            base,
            r["members"],
            r["enumeration"].replace("|", " "),
            pattern,
            r["min_length"],
            r["whitespace"],
        )


def short(numbers):
    """[1, 2, 3, 7] → `1-3 7`."""
    parts, start = [], 0
    for i, n in enumerate(numbers):
        if i + 1 == len(numbers) or numbers[i + 1] != n + 1:
            parts.append(str(n) if i == start else f"{numbers[start]}-{n}")
            start = i + 1
    return " ".join(parts)


def places(facts):
    """The contexts as one tree of steps, and the distinct demands they refer to."""
    demanded = defaultdict(list)
    numbers = {}
    for r in rows(facts, "templates_structural.csv"):
        demand = r["versions"], r["kind"], r["target"], r["value"], r["absent_ok"], r["role"]
        demanded[r["context"]].append(numbers.setdefault(demand, len(numbers) + 1))
    table = [("plaats", "onder", "sjabloon", "stap", "versies", "volgorde", "datatypen", "eisen")]
    known = {}
    for r in rows(facts, "contexts.csv"):
        path = (
            ["/"]
            if r["path"] == "/"
            else ["/", *steps(r["path"][1:])]
            if r["path"].startswith("/")
            else steps(r["path"])
        )
        template = r["template"].removeprefix("tpl:")
        for depth in range(1, len(path) + 1):
            key, above = (template, *path[:depth]), known.get((template, *path[: depth - 1]), "")
            if key in known and depth < len(path):
                continue
            fresh = key not in known
            number = known.setdefault(key, len(known) + 1)
            step = path[depth - 1] if fresh else ""
            if depth < len(path):
                table.append((number, above, template if depth == 1 else "", step, "", "", "", ""))
            else:
                own = short(sorted(set(demanded[r["context"]])))
                flavours = " ".join(dict.fromkeys(r["datatypes"].split()))
                table.append(
                    (
                        number,
                        above,
                        template if depth == 1 and fresh else "",
                        step,
                        r["versions"],
                        r["order"],
                        flavours,
                        own,
                    )
                )
    demands = [("eis", "versies", "soort", "doel", "waarde", "mag_ontbreken", "rol")]
    demands += [(n, *d) for d, n in numbers.items()]
    return table, demands


def observations(facts):
    yield "kenmerk", "volgorde", "pad", "soort", "doel", "waarde", "mag_ontbreken", "rol"
    for r in rows(facts, "templates_observation.csv"):
        yield tuple(
            r[k] for k in ("feature", "order", "path", "kind", "target", "value", "absent_ok", "role")
        )


def parameters(facts):
    yield (
        "versies",
        "element",
        "sjabloon",
        "uitgave",
        "code",
        "codesysteem",
        "kenmerken",
        "lijsten",
        "eenheid",
        "bereik",
        "plaats_in",
    )
    for r in rows(facts, "observation_parameters.csv"):
        lists = " ".join(
            f"{k}={r[k]}"
            for k in ("list.value", "list.methodCode", "list.targetSiteCode", "list.code", "list.code2")
            if r[k]
        )
        yield (
            r["versions"],
            r["element"],
            r["template"].removeprefix("tpl:"),
            r["edition"],
            r["code"],
            r["code_system"],
            r["features"],
            lists.replace("list.", ""),
            r["unit"],
            r["range"],
            r["placed_in"].replace("tpl:", ""),
        )


def flavours(facts):
    own = defaultdict(list)
    for r in rows(facts, "datatypes.csv"):
        own[r["flavour"]].append(r)
    yield "datatype", "breidt_uit", "eis", "soort", "doel", "waarde", "rol"
    for f in rows(facts, "datatype_flavours.csv"):
        for r in own[f["flavour"]] or [dict.fromkeys(("id", "kind", "target", "value", "role"), "")]:
            yield f["flavour"], f["extends"], r["id"], r["kind"], r["target"], r["value"], r["role"]


def lists(facts, codes):
    """`codes`: list → the codes of a part of a value list of the BDS (three lists of activities in 3.2.7)."""
    yield "lijst", "versies", "waardeset", "ingang", "codes"
    for r in rows(facts, "lists.csv"):
        yield r["list"], r["versions"], r["valueset_oid"], r["effective_date"], codes.get(r["list"], "")


def parts_of_lists(facts, valuesets):
    """The codes of the lists of 3.2.7 that the BDS tables of the project hold as one."""
    wanted = {
        (r["valueset_oid"], r["effective_date"]): r["list"]
        for r in rows(facts, "lists.csv")
        if r["list"].startswith("W0188.")
    }
    found = defaultdict(list)
    own = []
    if (facts / "valuesets.csv").is_file():  # lists that no data set has
        own = rows(facts, "valuesets.csv")
        listed = {(r["valueset_oid"], r["effective_date"]): r["list"] for r in rows(facts, "lists.csv")}
        wanted |= {key: listed[key] for key in ((r["valueset_oid"], r["effective_date"]) for r in own)}
    if wanted:
        for r in [*rows(valuesets, "waardenlijsten.csv"), *own]:
            name = wanted.get((r["valueset_oid"], r["effective_date"]))
            if name and r["soort"] == "concept":
                found[name].append(f"{r['code']}:{r['codesystem_oid']}")
            elif name:
                found[name].append(f"{r['code']}:")
    return {k: " ".join(v) for k, v in found.items()}


def messages(facts):
    """`basis`: the key whose rows hold as well; `vanaf` and `tot`: the BDS versions the edition is of."""
    yield "sleutel", "bericht", "starttype", "typen", "sjablonen", "trigger", "basis", "vanaf", "tot"
    differing = {key for found in _differences(facts) for keys in found.values() for key in keys}
    for r in rows(facts, "messages.csv"):
        key, trigger = r["message"], r["trigger_event"]
        start = r["root"], r["xsd_start_type"], key
        older = [f"{key}@{edition}" for edition in EDITIONS if f"{key}@{edition}" in differing]
        yield key, *start, "ja", trigger, "", "4.1.3" if older else "", UNPUBLISHED
        for edition, (since, until) in EDITIONS.items():
            if f"{key}@{edition}" in differing:
                yield f"{key}@{edition}", *start, "ja", trigger, key, since, until
        yield f"{key}@{UNPUBLISHED}", *start, "", trigger, key, UNPUBLISHED, ""


def tables(facts):
    table, demands = places(facts)
    made = {"berichten.csv": list(messages(facts))} if facts.name == "jgz_messages" else {}
    made |= {
        "typen.csv": list(types(facts)),
        "vormen.csv": list(simple(facts)),
        "plaatsen.csv": table,
        "eisen.csv": demands,
        "waarnemingen.csv": list(observations(facts)),
        "parameters.csv": list(parameters(facts)),
        "datatypen.csv": list(flavours(facts)),
        "lijsten.csv": list(lists(facts, parts_of_lists(facts, facts.parent / "bds/3.2.7"))),
    }
    return {name: [[str(c) for c in row] for row in content] for name, content in made.items()}


def write(facts, out):
    out.mkdir(parents=True, exist_ok=True)
    for name, content in tables(facts).items():
        with (out / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(content)


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
