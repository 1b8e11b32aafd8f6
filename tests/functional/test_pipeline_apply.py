from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.functional.bench import Shop, data, emulator, prepare, write_root

from sesari.pipeline.apply import apply_plan
from sesari.pipeline.plan import make_plan


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulator(tmp_path_factory.mktemp("emulator")) as url:
        prepare(url)
        yield url


@pytest.fixture
def shop(cloud: str, tmp_path: Path) -> Shop:
    return Shop(tmp_path, cloud)


def test_a_saved_plan_is_applied_and_the_next_is_empty(shop: Shop) -> None:
    write_root(shop.project, "staging", data("a", "one"))
    seen = []
    planned = make_plan(shop.tools(report=seen.append))
    assert planned.saved.changes == {"create": 1}
    assert planned.saved.state.serial == 0
    applied = apply_plan(shop.tools(report=seen.append))
    assert applied.saved == planned.saved
    assert make_plan(shop.tools()).plan.empty
