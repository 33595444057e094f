"""Keys of a study: by hand and by the hmac of OpenSSL, families worked out on paper, and nothing that tells a BSN."""

from __future__ import annotations

import random
import subprocess

from bds_tool.base.identifiers import is_bsn
from bds_tool.export.cohort import linking
from bds_tool.export.cohort.linking import MOST, pseudonym

SECRET = b"een geheime sleutel van 32 tekens"
VARIABLES = [{"name": "geslacht", "derived": "geslacht"}]


def numbers(many: int, seed: int = 1) -> list[str]:
    """BSNs that pass the 11-test, made here: eight digits and the ninth that fits."""
    draw, made = random.Random(seed), []
    while len(made) < many:
        digits = [draw.randint(1, 9), *(draw.randint(0, 9) for _ in range(7))]
        last = sum(w * d for w, d in zip(range(9, 1, -1), digits, strict=True)) % 11
        if last < 10:
            made.append("".join(map(str, [*digits, last])))
    assert all(map(is_bsn, made))
    return made


A, B, C, D, E, F, *REST = numbers(60)


def child(name, own=None, parents=()):
    """A dossier with a contact, its own BSN and those of its parents."""
    rows = [(name, 20, "2022-03-01"), (name, 19, "1"), (name, 724, "2024-03-01", "2024-03-01")]
    rows += [
        (name, 494, "39", "2024-03-01"),
        (name, 1605, "01", "2024-03-01"),
        (name, 1577, "01", "2024-03-01"),
    ]
    rows += [] if own is None else [(name, 7, own)]
    return rows + [(name, 655, p, None, n) for n, p in enumerate(parents, 1)]


def keys(made, column, secret=SECRET):
    """Dossier → its key; which child is which follows from the pseudonym of its name."""
    names = {pseudonym(secret, "kind", f"a\x1fk{n:02}"): f"k{n:02}" for n in range(60)}
    return {names[r["kind"]]: r[column] for r in made.frame.iter_rows(named=True)}


def test_a_pseudonym_is_the_hmac_that_openssl_makes(program):
    done = subprocess.run(
        [program("openssl", package="openssl"), "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{SECRET.hex()}"],
        input=f"bsn\x1f{A}".encode(), capture_output=True, check=True,
    )  # fmt: skip
    assert pseudonym(SECRET, "bsn", A) == done.stdout.decode().split()[-1][:24]


def test_a_key_says_of_what_it_is_and_changes_with_the_secret():
    other = b"een andere sleutel van 32 tekens."
    made = {pseudonym(s, what, A) for s in (SECRET, other) for what in ("bsn", "kind", "huishouden")}
    assert len(made) == 6
    assert len({pseudonym(SECRET, "bsn", n) for n in numbers(2000, 3)}) == len(set(numbers(2000, 3)))
    # Parts are kept apart: "a", "bc" is not "ab", "c".
    assert pseudonym(SECRET, "kind", "a", "bc") != pseudonym(SECRET, "kind", "ab", "c")


def test_a_linking_key_is_of_one_real_number_alone(make_store, defined, studied):
    rows = [
        *child("k00", A), *child("k01", "123456789"), *child("k02"), *child("k03", "onbekend"), *child("k04", "000000000"),
        # Two numbers in one dossier: which of the two it is nobody knows.
        *child("k05", B), ("k05", 7, C, None, 2),
        # The same number with blanks around it.
        *child("k06", f" {D} "),
    ]  # fmt: skip
    store = make_store(rows)
    definition = defined(VARIABLES, link_bsn=True)
    found = keys(studied(definition, store, secret=SECRET), "koppelsleutel")
    assert found == {
        "k00": pseudonym(SECRET, "bsn", A), "k06": pseudonym(SECRET, "bsn", D),
        **dict.fromkeys(["k01", "k02", "k03", "k04", "k05"]),
    }  # fmt: skip
    # Whoever has the same key makes the same pseudonym of another delivery; another key makes another.
    again = make_store([*child("k00", A)], "b", organisatie="a")
    other = studied(definition, again, secret=b"x" * 32)
    assert keys(other, "koppelsleutel", b"x" * 32) == {"k00": pseudonym(b"x" * 32, "bsn", A)}
    assert pseudonym(b"x" * 32, "bsn", A) != found["k00"]


def test_households_by_hand(make_store, defined, studied):
    """k00 and k01 share mother A; k01 and k02 share father C: one chain. k03 has B alone. k04 has no parent's number.

    k05 has a number that is none. k06 and k07 share D and E; k08 has both too, in the other order.
    """
    rows = [
        *child("k00", parents=[A]), *child("k01", parents=[A, C]), *child("k02", parents=[C]), *child("k03", parents=[B]),
        *child("k04"), *child("k05", parents=["123456789"]),
        *child("k06", parents=[D, E]), *child("k07", parents=[D]), *child("k08", parents=[E, D]),
    ]  # fmt: skip
    store = make_store(rows)
    made = studied(defined(VARIABLES, household=True), store, secret=SECRET)
    found = keys(made, "huishouden")
    assert found["k00"] == found["k01"] == found["k02"] == pseudonym(SECRET, "huishouden", min(A, C))
    assert found["k03"] == pseudonym(SECRET, "huishouden", B)
    assert found["k04"] is None
    assert found["k05"] is None
    assert found["k06"] == found["k07"] == found["k08"] == pseudonym(SECRET, "huishouden", min(D, E))
    assert len({*found.values()}) == 4
    assert made.frame.height == 9


def test_a_number_that_stands_with_very_many_children_is_no_parent(make_store, defined, studied):
    """MOST children of one number is a family; one more is a number that stands for unknown."""
    rows = [row for n in range(MOST) for row in child(f"k{n:02}", parents=[A])]
    rows += [row for n in range(MOST, 2 * MOST + 1) for row in child(f"k{n:02}", parents=[F])]
    found = keys(studied(defined(VARIABLES, household=True), make_store(rows), secret=SECRET), "huishouden")
    assert len(found) == 2 * MOST + 1
    assert {found[f"k{n:02}"] for n in range(MOST)} == {pseudonym(SECRET, "huishouden", A)}
    assert {found[f"k{n:02}"] for n in range(MOST, 2 * MOST + 1)} == {None}


def test_families_are_those_of_a_search_through_the_graph():
    """Random parents; families found here by going from child to child, with no code of the program."""
    draw = random.Random(4)
    for _ in range(50):
        parents = {f"k{n:02}": draw.sample(REST[:30], draw.choice((1, 1, 2))) for n in range(40)}
        pairs = [(name, p) for name, of in parents.items() for p in of]
        draw.shuffle(pairs)
        group = linking._joined(pairs)
        for name, own in parents.items():
            family, front = {name}, [name]
            while front:
                here = front.pop()
                for other, of in parents.items():
                    if other not in family and set(of) & set(parents[here]):
                        family.add(other)
                        front.append(other)
            assert {k for k, of in parents.items() if group[of[0]] == group[own[0]]} == family
            # The name of a family does not hang on the order in which it was read.
            assert group[own[0]] == min(p for k in family for p in parents[k])


def test_no_number_and_no_key_stands_in_the_files(bds, make_store, defined, tmp_path):
    store = make_store([*child("k00", A, [B, C]), *child("k01", D, [B])])
    (tmp_path / "sleutel").write_bytes(SECRET)
    definition = defined(VARIABLES, link_bsn=True, household=True)
    done = bds("cohort", definition, store, "--to", tmp_path / "uit", "--key-file", tmp_path / "sleutel")
    assert done.code == 0, done.err
    files = [p for p in (tmp_path / "uit").rglob("*") if p.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        assert not [n for n in (A, B, C, D) if n.encode() in content], path.name
        assert SECRET not in content, path.name
    readme = (tmp_path / "uit" / "LEESMIJ.md").read_text(encoding="utf-8")
    assert "broer of zus" in readme
    assert "7:458" in readme
    # Without a key neither is made.
    assert bds("cohort", definition, store, "--to", tmp_path / "geen").code == 2
