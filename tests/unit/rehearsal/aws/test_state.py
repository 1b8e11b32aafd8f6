"""What is read back, joined with what only the state remembers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesari.rehearsal.aws.state import covers, own_tags, retag, same_document, settle

BLOCK = {
    "attributes": {
        "name": {"type": "string", "required": True},
        "wait": {"type": "number", "optional": True},
        "policy": {"type": "string", "optional": True, "computed": True},
        "groups": {"type": ["set", "string"], "optional": True},
        "arn": {"type": "string", "computed": True},
        "tags": {"type": ["map", "string"], "optional": True},
        "tags_all": {"type": ["map", "string"], "optional": True, "computed": True},
    },
    "block_types": {
        "rule": {
            "nesting_mode": "set",
            "block": {
                "attributes": {
                    "id": {"type": "string", "required": True},
                    "days": {"type": "number", "optional": True},
                }
            },
        }
    },
}


def joined(state: dict, seen: dict, defaults: dict | None = None, texts: tuple = ()) -> dict:
    return settle(BLOCK, state, seen, defaults or {}, texts)


def test_what_was_not_read_comes_from_the_state_and_everything_is_present() -> None:
    result = joined({"name": "a", "wait": 3}, {"arn": "arn:x"})
    assert result["wait"] == 3
    assert result["arn"] == "arn:x"
    assert set(result) == {*BLOCK["attributes"], "rule"}
    assert result["rule"] == []


def test_what_was_read_wins() -> None:
    assert joined({"name": "a", "wait": 3}, {"wait": 7})["wait"] == 7


def test_a_default_left_out_stays_null_until_it_is_another_value() -> None:
    assert joined({"name": "a"}, {"wait": 30}, {"wait": 30})["wait"] is None
    assert joined({"name": "a"}, {"wait": 31}, {"wait": 30})["wait"] == 31


def test_sets_keep_the_states_order_unless_they_differ() -> None:
    assert joined({"groups": ["b", "a"]}, {"groups": ["a", "b"]})["groups"] == ["b", "a"]
    assert joined({"groups": ["b", "a"]}, {"groups": ["a", "c"]})["groups"] == ["a", "c"]


def test_blocks_pair_by_likeness() -> None:
    state = {"rule": [{"id": "x", "days": 1}, {"id": "y", "days": None}]}
    seen = {"rule": [{"id": "y"}, {"id": "x", "days": 2}, {"id": "z", "days": 9}]}
    assert joined(state, seen)["rule"] == [
        {"id": "x", "days": 2},
        {"id": "y", "days": None},
        {"id": "z", "days": 9},
    ]


def test_a_document_that_means_the_same_keeps_its_text() -> None:
    held = '{"Statement": [{"Action": "s3:*", "Resource": ["b", "a"]}]}'
    same = '{"Statement":{"Action":["s3:*"],"Resource":["a","b"]}}'
    assert joined({"policy": held}, {"policy": same}, texts=("policy",))["policy"] == held
    other = same.replace("s3:*", "sqs:*")
    assert joined({"policy": held}, {"policy": other}, texts=("policy",))["policy"] == other


def test_default_tags_are_not_own_tags() -> None:
    state = {"tags": {"Name": "n"}, "tags_all": {"Name": "n", "product": "p"}}
    assert own_tags(state, {"Name": "n", "product": "p"}) == {"Name": "n"}
    assert own_tags(state, {"Name": "n", "product": "changed"}) == {"Name": "n", "product": "changed"}
    assert own_tags({"tags": None, "tags_all": {"product": "p"}}, {"product": "p"}) is None
    assert own_tags({"tags": {}, "tags_all": {"product": "p"}}, {"product": "p"}) == {}


def test_retag_removes_and_sets_only_what_changed() -> None:
    prior, planned = {"tags_all": {"a": "1", "b": "2"}}, {"tags_all": {"b": "3", "c": "4"}}
    assert retag(prior, planned) == (["a"], {"b": "3", "c": "4"})


@pytest.mark.parametrize(
    ("actual", "wanted", "expected"),
    [
        ({"a": 1, "more": []}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ([{"name": "x", "cpu": 0}], [{"name": "x", "secrets": []}], True),
        ([{"name": "x"}, {"name": "y"}], [{"name": "x"}], False),
    ],
)
def test_covers(actual: object, wanted: object, expected: bool) -> None:
    assert covers(actual, wanted) is expected


documents = st.recursive(
    st.text(max_size=3) | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(documents)
def test_a_document_equals_itself_however_it_is_written(document: object) -> None:
    assert same_document(json.dumps(document), json.dumps(document, indent=2))
