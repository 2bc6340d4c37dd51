"""LUMoE: an adapter per task, the learnt model untouched, three gates, and what is saved."""

import copy

import baselines_support as support
import pytest
import torch
from PIL import Image

from lethebench.baselines.learn import learn
from lethebench.baselines.loading import load_model, save_model
from lethebench.baselines.lumoe.gates import EmbeddingGate, Features, VLMGate, local_asker, match
from lethebench.baselines.presets import LoraSettings, Preset
from lethebench.baselines.stage import Stage, unlearn
from lethebench.contract.folder_kinds import STAGE
from lethebench.contract.own_folder import new_folder

ROWS = [{**row, "task_id": {0: 0, 1: 1}.get(int(row["profile_id"][-4:]), -1)} for row in support.rows()]
TASKS = [[row for row in ROWS if row["task_id"] == task] for task in (0, 1)]
RETAIN = [row for row in ROWS if row["task_id"] == -1]
SHARED = {"bf16": False, "activation_checkpointing": False, "learning_rate": 5e-3, "per_device_train_batch_size": 8}


def preset(lora=None, **lumoe):
    stages = {"learn": {"num_train_epochs": 20}, "unlearn": {"num_train_epochs": 12}}
    return Preset("test", "", "any", lora, None, SHARED, **stages, methods={"lumoe": lumoe})


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folders of a learnt model: its weights, and an adapter on the untrained base."""
    folder = tmp_path_factory.mktemp("lumoe")
    tiny = support.tiny(init_range=0.2)
    save_model(tiny.model, tiny.processor, folder / "base")
    for name, lora in (("full", None), ("lora", LoraSettings(rank=8, alpha=16))):
        loaded = load_model(folder / "base")
        result = learn(loaded.model, loaded.processor, ROWS, preset=preset(lora))
        save_model(result.model, loaded.processor, folder / name)
    return folder


def logits(model, processor, rows):
    collate = support.collator(processor)
    with torch.no_grad():
        return [logps for logps, _ in support.row_answers(model.eval(), collate, rows)]


@pytest.mark.parametrize("kind", ["full", "lora"])
def test_true_task_gate_keeps_retain_outputs(trained, tmp_path, kind):
    loaded = load_model(trained / kind)
    plain = load_model(trained / kind).model
    plain = plain.merge_and_unload() if kind == "lora" else plain
    before = logits(plain, loaded.processor, ROWS)
    model = loaded.model
    for task in TASKS:
        result = unlearn(Stage("lumoe", model, loaded.processor, task, RETAIN, preset=preset(gate="true_task")))
        assert result.steps == 12
        model = result.model
        save_model(model, loaded.processor, tmp_path / f"t{len(model.tasks)}")
        model = load_model(tmp_path / f"t{len(model.tasks)}").model
    assert model.tasks == [0, 1]
    groups = model.groups(ROWS)
    assert {task: [ROWS[place] for place in indices] for task, indices in groups.items()} == {
        0: TASKS[0],
        1: TASKS[1],
        None: RETAIN,
    }
    for task, indices in groups.items():
        with model.using(task) as chosen:
            after = logits(chosen, loaded.processor, [ROWS[place] for place in indices])
        same = [torch.equal(before[place], value) for place, value in zip(indices, after, strict=True)]
        assert all(same) if task is None else not any(same)
    forgotten = [
        before[ROWS.index(row)].max(-1).values.sum() - _answer(model, 0, loaded.processor, row) for row in TASKS[0]
    ]
    assert sum(forgotten) / len(forgotten) > 2


def _answer(model, task, processor, row):
    with model.using(task) as chosen, torch.no_grad():
        ((logps, tokens),) = support.row_answers(chosen.eval(), support.collator(processor), [row])
    return logps.gather(-1, tokens[:, None]).sum()


def test_embedding_gate_routes_the_same_after_reload(trained, tmp_path):
    model, processor = load_model(trained / "full")
    for task in TASKS:
        stage = Stage("lumoe", model, processor, task, RETAIN, preset=preset(), overrides={"num_train_epochs": 1})
        model = unlearn(stage).model
    with new_folder(tmp_path / "stage", STAGE) as folder:  # as in a run, which writes a stage elsewhere first
        save_model(model, processor, folder)
    routes = model.route(ROWS)
    right = [route == (None if row["task_id"] < 0 else row["task_id"]) for route, row in zip(routes, ROWS, strict=True)]
    assert sum(right) >= 0.9 * len(ROWS)
    reloaded = load_model(tmp_path / "stage").model
    assert reloaded.route(ROWS) == routes
    assert not any(path.name == "model.safetensors" for path in (tmp_path / "stage").rglob("*"))


def test_features_ignore_active_adapter(trained):
    model, processor = load_model(trained / "full")
    single = Features(copy.deepcopy(model), processor)(ROWS[:2])
    stage = Stage("lumoe", model, processor, TASKS[0], RETAIN, preset=preset(), overrides={"num_train_epochs": 1})
    mixture = unlearn(stage).model
    with mixture.using(0), mixture.using(None):
        inside = mixture.gate.features(ROWS[:2])
    assert all(torch.equal(first, second) for first, second in zip(single, inside, strict=True))
    assert [len(vector) for vector in single] == [32 + 16, 32 + 32]  # hidden with vision, hidden with embedding
    assert all(vector.norm() == pytest.approx(2**0.5) for vector in single)


def test_lumoe_refuses_mixed_and_repeated_tasks(trained):
    loaded = load_model(trained / "full")
    settings = {"preset": preset(), "overrides": {"num_train_epochs": 1}}
    with pytest.raises(ValueError, match="forget rows of 2 tasks"):
        unlearn(Stage("lumoe", loaded.model, loaded.processor, [*TASKS[0], *TASKS[1]], RETAIN, **settings))
    unnamed = [{**row, "task_id": None} for row in TASKS[0]]
    result = unlearn(Stage("lumoe", loaded.model, loaded.processor, unnamed, RETAIN, **settings))
    assert result.model.tasks == [0]
    known = {name: value.clone() for name, value in result.model.gate.state().items()}
    with pytest.raises(ValueError, match="task 0 is unlearned already"):
        unlearn(Stage("lumoe", result.model, loaded.processor, TASKS[0], RETAIN, **settings))
    assert all(torch.equal(value, known[name]) for name, value in result.model.gate.state().items())
    for method in ("npo", "manu", "prompt"):
        with pytest.raises(ValueError, match=f"{method} cannot start from a LUMoE: pass the initial model"):
            unlearn(Stage(method, result.model, loaded.processor, TASKS[1], RETAIN, preset=preset()))


def test_an_embedding_gate_tells_tasks_apart_and_knows_none():
    at = {"a": [[0.0, 0.0], [1.0, 0.0]], "b": [[4.0, 0.0], [4.0, 1.0]], "kept": [[2.0, 9.0]], "c": [[0.0, 5.0]]}
    rows = {
        name: [{"question": point, "images": [], "profile_id": name} for point in points] for name, points in at.items()
    }
    gate = EmbeddingGate(lambda rows: [torch.tensor(row["question"]) for row in rows])
    gate.add(5, rows["a"], [*rows["b"], *rows["c"], *rows["kept"]])
    assert gate([*rows["a"], *rows["b"], *rows["c"]]) == [5, 5, None, None, None]
    gate.add(2, rows["b"], [*rows["c"], *rows["kept"]])  # who was kept is forgotten now
    assert gate([*rows["a"], *rows["b"], *rows["c"], *rows["kept"]]) == [5, 5, 2, 2, None, None]

    def ask(*point, **more):
        return gate([{"question": list(point), "images": [], **more}])

    assert ask(0.4, 0.3) == [5]
    assert ask(0.4, 2.6) == ask(-9.0, -9.0) == [None]  # nearer to c; near to nobody
    assert ask(0.0, 0.0, images=["picture"]) == [None]  # nothing is known of picture rows


class Oracle:
    """Answers as a large vision-language model would, and keeps what it was asked."""

    def __init__(self, names):
        self.names, self.asked = names, []

    def __call__(self, pictures, text):
        self.asked.append((len(pictures), text))
        assert all(isinstance(picture, Image.Image) for picture in pictures)
        if "One word" in text:
            return "person"
        assert "this kind: person" in text
        return self.names.pop(0)


def test_the_vlm_gate_asks_twice_and_matches_names_loosely():
    request = [row for row in ROWS if row["images"]][:4]
    oracle = Oracle(["ana  REIS.", "It is nobody I know", "Cleo Dumas", "Bo Larson"])
    gate = VLMGate(oracle, {0: ["Ana Reis"], 1: ["Bo Larsen"], 2: ["Cleo Dumas"]})
    gate.add(0, [], [])
    gate.add(1, [], [])
    assert gate(request) == [0, None, None, 1]  # task 2 was not unlearnt
    assert [pictures for pictures, _ in oracle.asked] == [1] * 8
    assert all(row["question"] in text for row, (_, text) in zip(request, oracle.asked[::2], strict=True))
    with pytest.raises(ValueError, match="no names for task 7"):
        gate.add(7, [], [])
    assert match("Ana Reis", {}, 0.8) is None


def test_a_model_that_is_loaded_here_can_be_asked(trained):
    model, processor = load_model(trained / "full")
    ask = local_asker(model, processor, max_new_tokens=12)
    row = TASKS[0][3]
    assert ask([], row["question"]).strip() == row["answer"]
    assert isinstance(ask([Image.new("RGB", (48, 64))], "What is this?"), str)
