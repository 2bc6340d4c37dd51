"""`lethebench.stream`: the requests of a build for a training loop of one's own, as `lethe run` answers them."""

import pytest
from datasets import load_dataset
from small_build import shared_stand_in_build, use_stand_ins

import lethebench
from lethebench.builders import build
from lethebench.console import Console
from lethebench.errors import UserError
from lethebench.runs.build import open_build
from lethebench.runs.options import RunOptions
from lethebench.runs.sequence import in_order
from lethebench.runs.stage import Run

SWAPPED = next(seed for seed in range(99) if in_order(2, seed) == [1, 0])
PARTS = ("forget", "retain", "asked", "waiting", "replayed")


def ids(rows) -> list[str]:
    return list(rows["id"])


OPTIONS = [
    {},
    {"order_seed": SWAPPED},
    {"retain": "fixed"},
    {"tasks": 1},
    {"replay": "3", "seed": 4},
    {"replay": "all"},
    {"retain_rows": 5},
    {"tasks_per_request": 2},
    {"withdraw": "1"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
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


def test_order_seed_permutes_requests_and_gold_follows(tmp_path):
    data = shared_stand_in_build()
    plain, swapped = (
        Run(open_build(data), RunOptions(data=data, order_seed=seed), tmp_path, Console()) for seed in (None, SWAPPED)
    )
    assert swapped.order == plain.order[::-1] == [1, 0]
    assert ids(swapped.task(1)) == ids(plain.task(2))
    assert sorted(ids(swapped.not_asked(1))) == sorted(ids(plain.task(1)) + ids(plain.build.retain))
    assert sorted(ids(swapped.not_asked(2))) == sorted(ids(plain.not_asked(2)))


def test_replayed_rows_are_of_earlier_requests():
    first, last = lethebench.stream(shared_stand_in_build(), replay="all")
    assert ids(first.replayed) == []
    assert ids(first.unlearned) == ids(first.forget)
    assert ids(last.replayed) == ids(first.forget)
    assert ids(last.unlearned) == ids(last.forget) + ids(first.forget)
    for seed in (0, 1):
        drawn = lethebench.stream(shared_stand_in_build(), replay="3", seed=seed)[1].replayed
        assert len(drawn) == 3
        assert set(ids(drawn)) < set(ids(first.forget))


def test_retained_rows_are_drawn_anew_for_each_request():
    whole = lethebench.stream(shared_stand_in_build())
    few = lethebench.stream(shared_stand_in_build(), retain_rows=20)
    for one, other in zip(few, whole, strict=True):
        assert len(one.retain) == 20
        assert set(ids(one.retain)) < set(ids(other.retain))
    assert ids(few[0].retain) != ids(few[1].retain)


def test_withdrawn_request_is_retained():
    whole = lethebench.stream(shared_stand_in_build())
    (left,) = lethebench.stream(shared_stand_in_build(), withdraw="1")
    assert ids(left.forget) == ids(whole[1].forget)
    assert ids(left.waiting) == ids(whole[0].forget)
    assert set(ids(whole[0].forget)) < set(ids(left.retain))


def test_requests_of_two_tasks_equal_a_build_of_larger_tasks(tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        use_stand_ins(patch)
        for size in (1, 2):
            build("icu", tmp_path / str(size), size=8, options={"task_size": size}, preview=False)
    for order_seed in (None, SWAPPED):
        ours = lethebench.stream(tmp_path / "1", tasks_per_request=2, order_seed=order_seed)
        theirs = lethebench.stream(tmp_path / "2", order_seed=order_seed)
        assert [request.task_id for request in ours] == [request.task_id for request in theirs]
        for one, other in zip(ours, theirs, strict=True):
            for part in PARTS:
                columns = [getattr(request, part).select_columns(["id", "task_id"]) for request in (one, other)]
                assert columns[0].to_list() == columns[1].to_list()
            assert one.forget.features == other.forget.features


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
        ({"replay": "some"}, "--replay some: pass none, all, or the number of rows"),
        ({"withdraw": "1,1"}, "--withdraw 1,1: pass different numbers of requests"),
        ({"withdraw": "3"}, "--withdraw 3: .* has 2 requests"),
        ({"withdraw": "1,2"}, "--withdraw 1,2: no request is left"),
        ({"withdraw": "1", "tasks": 2}, "--tasks 2: .* has 2 requests, 1 of them withdrawn; pass 1 to 1"),
        ({"tasks_per_request": 2, "tasks": 2}, "--tasks 2: .* has 1 requests of 2 tasks each; pass 1 to 1"),
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
