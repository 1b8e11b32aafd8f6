"""Lines of key paths, in each way that TOML has to write one."""

from sesari.manifest.positions import positions, search

TEXT = """\
top.a = 1
[x."y z".w]
k = { a = 1, b.c = [1, { d = 2 }] }
[[list]]
q = 1
[[list]]
q = 2
[list.sub]
t = 1
[x]
'single' = [
  1, # one
  2,
]
"""


def test_every_way_to_write_a_key() -> None:
    assert positions(TEXT) == {
        ("top",): 1,
        ("top", "a"): 1,
        ("x",): 10,
        ("x", "y z"): 2,
        ("x", "y z", "w"): 2,
        ("x", "y z", "w", "k"): 3,
        ("x", "y z", "w", "k", "a"): 3,
        ("x", "y z", "w", "k", "b"): 3,
        ("x", "y z", "w", "k", "b", "c"): 3,
        ("x", "y z", "w", "k", "b", "c", 0): 3,
        ("x", "y z", "w", "k", "b", "c", 1): 3,
        ("x", "y z", "w", "k", "b", "c", 1, "d"): 3,
        ("list",): 4,
        ("list", 0): 4,
        ("list", 0, "q"): 5,
        ("list", 1): 6,
        ("list", 1, "q"): 7,
        ("list", 1, "sub"): 8,
        ("list", 1, "sub", "t"): 9,
        ("x", "single"): 11,
        ("x", "single", 0): 12,
        ("x", "single", 1): 13,
    }


def test_what_is_said_twice_and_where_the_grammar_ends() -> None:
    found = search('a = 1\nb.c = 1\nb.d = 2\na = 2\n[t]\n[u]\n[t]\nx = "\n')
    assert found.repeats == {4: (("a",), 1), 7: (("t",), 5)}
    assert found.error == 8
    assert search("a = 1\n").error is None
