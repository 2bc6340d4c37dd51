"""`lethebench.stream`: the requests of a build for a training loop of one's own, as `lethe run` answers them."""

import pytest
from datasets import load_dataset
from small_build import shared_stand_in_build

import lethebench
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.runs.build import open_build
from lethebench.runs.options import RunOptions, in_order
from lethebench.runs.stage import Run

SWAPPED = next(seed for seed in range(99) if in_order(2, seed) == [1, 0])
PARTS = ("forget", "retain", "asked", "waiting")


def ids(rows) -> list[str]:
    return list(rows["id"])


@pytest.mark.parametrize("options", [{}, {"order_seed": SWAPPED}, {"retain": "fixed"}, {"tasks": 1}])
def test_stream_has_the_rows_of_a_run(tmp_path, options):
    data = shared_stand_in_build()
    requests = lethebench.stream(data, **options)
    run = Run(open_build(data), RunOptions(data=data, **options), tmp_path, Console())
    assert [request.task_id for request in requests] == run.order
    for stage, request in enumerate(requests, start=1):
        assert request.number == stage
        for part in PARTS:
            assert ids(getattr(request, part)) == ids(getattr(run.request(stage), part))


def test_asked_and_waiting_share_the_forget_rows():
    everything = ids(load_dataset(str(shared_stand_in_build()), "continual", split="forget"))
    kept = ids(load_dataset(str(shared_stand_in_build()), "continual", split="retain"))
    first, last = lethebench.stream(shared_stand_in_build(), order_seed=SWAPPED)
    assert ids(first.forget) == ids(first.asked) == ids(last.waiting) + ids(first.forget)
    assert ids(first.waiting) == ids(last.forget)
    assert sorted(ids(first.asked) + ids(first.waiting)) == sorted(everything) == sorted(ids(last.asked))
    assert ids(first.retain) == ids(first.waiting) + kept
    assert ids(last.retain) == kept


def test_rows_are_as_load_dataset_gives_them():
    request = lethebench.stream(str(shared_stand_in_build()))[0]
    loaded = load_dataset(str(shared_stand_in_build()), "continual", split="forget", filters=[("task_id", "==", 0)])
    for part in PARTS:
        assert getattr(request, part).features == loaded.features
    for row, other in zip(request.forget, loaded, strict=True):
        assert row == other


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tasks": 3}, "--tasks 3: .* has 2 tasks; pass 1 to 2"),
        ({"retain": "all"}, "retain 'all': unknown; pass one of rest, released, fixed"),
        ({"retain": "released"}, "--retain released: .* has no retain set for task 0; pass rest or fixed"),
    ],
)
def test_stream_refuses_at_once_what_the_build_lacks(options, message):
    with pytest.raises(UserError, match=message):
        lethebench.stream(shared_stand_in_build(), **options)


def test_names_of_the_package():
    assert {"Request", "stream"} <= set(dir(lethebench))
    with pytest.raises(AttributeError, match="no attribute 'streams'"):
        _ = lethebench.streams
