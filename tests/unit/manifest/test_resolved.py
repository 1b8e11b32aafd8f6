"""The canonical form that a manifest's digest is made from."""

import json

from hypothesis import given, settings
from tests.strategies import Tree, manifest_trees, written

from sesari.manifest import SourceFile, Sources, parse, resolved


def _resolved(tree: Tree) -> list[str]:
    manifest = parse(Sources(SourceFile("sesari.toml", written(tree).text)))
    return [json.dumps(resolved(environment)) for environment in manifest.environments.values()]


@settings(max_examples=30, deadline=None)
@given(manifest_trees())
def test_the_order_of_keys_in_the_file_does_not_matter(tree: Tree) -> None:
    turned = {name: dict(reversed(value.items())) for name, value in reversed(tree.items())}
    turned["environments"] = tree["environments"]
    # The order in which services stand decides the order of their secrets only inside each service's own list.
    assert _resolved(tree) == _resolved(turned)
