"""The facts of a message family (`../shared/dob_model`, `../shared/jgz_messages`) turned into the tables of `specs/dob/model`.

Run as `python model_tables.py FACTS OUT` to write them; the test beside it checks that what is in `specs` is this.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path


def rows(folder, name):
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


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
    if wanted:
        for r in rows(valuesets, "waardenlijsten.csv"):
            name = wanted.get((r["valueset_oid"], r["effective_date"]))
            if name and r["soort"] == "concept":
                found[name].append(f"{r['code']}:{r['codesystem_oid']}")
            elif name:
                found[name].append(f"{r['code']}:")
    return {k: " ".join(v) for k, v in found.items()}


def tables(facts):
    table, demands = places(facts)
    made = {
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
