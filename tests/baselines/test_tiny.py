"""The embedded model: built for its rows, warmed up, saved and loaded as any other, learning what it is given."""

import subprocess
import sys

import baselines_support as support
import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from lethebench.baselines import PRESETS, RowEncoder, learn_tiny, plan_for, tiny_processor, tiny_vlm
from lethebench.baselines.learn import learn
from lethebench.baselines.loading import save_model
from lethebench.baselines.tiny.muon import Muon, MuonAdamW, orthogonalized, split_parameters, warmup_cosine
from lethebench.baselines.tiny.vision_warmup import augment
from lethebench.baselines.trainer.rows import AnswerCollator, EncodedRows

LEARN = {"steps": 120, "vision_steps": 80, "batch_size": 24}


@pytest.fixture(scope="module")
def learnt():
    tiny = support.tiny(**LEARN)
    result = learn_tiny(tiny, support.rows(), preset=PRESETS["tiny"])
    return tiny, result


def exact(model, processor, rows):
    """Which rows greedy decoding answers exactly, end token included."""
    collate = AnswerCollator(RowEncoder(processor))
    hits = []
    for row in rows:
        batch = collate([row])
        labels = batch.pop("labels")[0]
        prompt = int((labels == -100).sum())
        batch = {name: value[:, :prompt] if value.ndim == 2 else value for name, value in batch.items()}
        out = model.generate(**batch, max_new_tokens=30, do_sample=False)[0, prompt:]
        hits.append(out.tolist() == labels[prompt:].tolist())
    return hits


def test_it_learns_both_modalities_by_heart(learnt):
    tiny, result = learnt
    assert result.steps == 120
    assert all(exact(result.model.eval(), tiny.processor, support.rows()))


def test_it_answers_from_the_picture_shown(learnt):
    tiny, result = learnt
    rows = [row for row in support.rows() if row["modality"] == "image_text"]
    swapped = [
        {**row, "images": support.rows()[4 * ((index // 2 + 1) % 6)]["images"]} for index, row in enumerate(rows)
    ]
    assert not any(exact(result.model.eval(), tiny.processor, swapped))


def test_the_vision_tower_is_warmed_up_then_left_alone(learnt):
    tiny, result = learnt
    assert tiny.vision_accuracy > 0.9
    reloaded = support.tiny(**LEARN)
    for name, value in result.model.named_parameters():
        if "vision_tower" in name:
            assert not value.requires_grad
            assert torch.equal(value, reloaded.model.get_parameter(name)), name
    cold = support.tiny(**{**LEARN, "vision_steps": 0}).model
    assert not torch.equal(
        cold.model.vision_tower.embeddings.patch_embedding.weight,
        reloaded.model.model.vision_tower.embeddings.patch_embedding.weight,
    )


def test_tiny_loads_with_auto_classes(learnt, tmp_path):
    tiny, result = learnt
    save_model(result.model, tiny.processor, tmp_path)
    assert (tmp_path / "model.safetensors").is_file()
    assert not list(tmp_path.glob("*.bin")) + list(tmp_path.glob("*.py"))
    model = AutoModelForImageTextToText.from_pretrained(tmp_path)
    processor = AutoProcessor.from_pretrained(tmp_path)
    rows = support.rows()[:5]
    own, theirs = (AnswerCollator(RowEncoder(p))(rows) for p in (tiny.processor, processor))
    assert all(torch.equal(own[name], theirs[name]) for name in own)
    with torch.no_grad():
        assert torch.equal(result.model.eval()(**own).logits, model.eval()(**theirs).logits)


def test_the_same_seed_gives_the_same_weights_to_the_bit():
    def weights(seed):
        torch.rand(seed + 3)  # What others drew before must not matter.
        tiny = support.tiny(seed, **{**LEARN, "steps": 5, "vision_steps": 5})
        learn_tiny(tiny, support.rows(), preset=PRESETS["tiny"], seed=seed)
        return tiny.model.state_dict()

    first, second, third = weights(0), weights(0), weights(1)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], third[name]) for name in first)


def test_making_a_model_leaves_the_global_generator_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    support.tiny(vision_steps=2)
    assert torch.equal(torch.rand(3), expected)


def test_gold_shares_plan_and_processor():
    tiny = support.tiny(vision_steps=2)
    held = len(tiny.encoder._rows)
    gold = tiny_vlm(support.rows(range(3, 6)), 0, plan=tiny.plan, processor=tiny.processor, encoder=tiny.encoder)
    assert gold.processor is tiny.processor
    assert len(tiny.encoder._rows) == held
    assert gold.plan == tiny.plan
    assert sum(p.numel() for p in gold.model.parameters()) == sum(p.numel() for p in tiny.model.parameters())


def test_the_tokenizer_gives_back_any_text():
    tokenizer = tiny_processor(support.rows(), support.PLAN).tokenizer
    for text in ("Zoë's 12,40 €", "  two  spaces ", "汉字", "A1\nB2"):
        assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text
    assert tokenizer.convert_ids_to_tokens([0, 1, 2, 3, 4]) == ["<pad>", "<s>", "</s>", "<unk>", "<image>"]


def test_the_chat_template_takes_strings_systems_and_pictures():
    processor = tiny_processor(support.rows(), support.PLAN)
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Who?"}]},
        {"role": "assistant", "content": "Ana"},
        {"role": "user", "content": "Sure?"},
    ]
    text = processor.apply_chat_template(messages, add_generation_prompt=True)
    assert text == "<s>Be brief.\nUSER: <image>\nWho? ASSISTANT: Ana</s>USER: Sure? ASSISTANT:"


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match="no rows"):
        tiny_vlm([], 0)
    tiny = support.tiny()
    with pytest.raises(ValueError, match="no rows"):
        learn(tiny.model, tiny.processor, [], preset=PRESETS["tiny"])


def test_text_rows_alone_make_a_model_whose_tower_is_untrained():
    rows = [row for row in support.rows() if row["modality"] == "text"]
    tiny = tiny_vlm(rows, 0, plan=support.PLAN)
    assert tiny.vision_accuracy != tiny.vision_accuracy


def test_what_has_to_grow_with_the_corpus_grows():
    def fake(profiles):
        return [{"profile_id": f"p{number}", "question": "q", "answer": "a"} for number in range(profiles)] * 16

    plans = [plan_for(fake(count)) for count in (24, 200, 1000)]
    for name in ("vocab_size", "vision_steps", "steps"):
        sizes = [getattr(plan, name) for plan in plans]
        assert sizes == sorted(sizes)
        assert sizes[0] < sizes[2], name


def test_disturbed_pictures_stay_pictures_of_the_same_thing():
    pictures = torch.randn(4, 3, 16, 16)
    moved = augment(pictures, torch.Generator().manual_seed(0))
    assert moved.shape == pictures.shape
    assert not torch.equal(moved, pictures)
    for index in range(4):
        shifts = [
            torch.corrcoef(
                torch.stack([moved[index].flatten(), pictures[index].roll((down, right), (1, 2)).flatten()])
            )[0, 1].item()
            for down in range(-2, 3)
            for right in range(-2, 3)
        ]
        assert max(shifts) > 0.95


def test_muon_takes_hidden_matrices_and_adamw_the_rest():
    model = support.tiny().model
    matrices, others = split_parameters(model)
    names = {id(value): name for name, value in model.named_parameters()}
    assert all(value.ndim == 2 for value in matrices)
    tables = {"lm_head.weight", "model.language_model.embed_tokens.weight"}
    assert tables <= {names[id(value)] for value in others}
    trained = sum(value.requires_grad for value in model.parameters())
    assert len(matrices) + len(others) == trained


@pytest.mark.parametrize("shape", [(32, 32), (96, 32), (32, 96), (32, 16)])
def test_muon_steps_equal_torchs_up_to_bfloat16(shape):
    torch.manual_seed(0)
    ours, theirs = (torch.nn.Parameter(torch.zeros(shape)) for _ in range(2))
    options = {"lr": 0.1, "momentum": 0.95, "weight_decay": 0.0}
    pairs = ((ours, Muon([ours], **options)), (theirs, torch.optim.Muon([theirs], **options)))
    for _ in range(3):
        gradient = torch.randn(shape)
        for parameter, optimizer in pairs:
            parameter.grad = gradient.clone()
            optimizer.step()
    assert (ours - theirs).norm() < 0.02 * theirs.norm()
    assert Muon([ours], **options).step(lambda: 7) == 7


@pytest.mark.parametrize("shape", [(24, 24), (48, 16), (16, 48)])
def test_newton_schulz_keeps_singular_vectors(shape):
    torch.manual_seed(0)
    left, values, right = torch.linalg.svd(torch.randn(shape, dtype=torch.float64), full_matrices=False)
    values = values.clamp(min=0.2 * values.max())
    result = orthogonalized((left * values @ right).float(), torch.float32).double()
    inner = left.T @ result @ right.T
    assert ((inner.diagonal() > 0.6) & (inner.diagonal() < 1.3)).all()
    assert (inner - inner.diagonal().diag()).abs().max() < 1e-4


def test_both_parts_follow_one_schedule_and_survive_a_checkpoint():
    model = support.tiny().model
    optimizer = MuonAdamW(model, muon_lr=0.02, adamw_lr=0.003)
    schedule = warmup_cosine(optimizer, 20)
    rates = []
    for _ in range(20):
        rates.append([group["lr"] for part in optimizer.parts for group in part.param_groups])
        for value in model.parameters():
            value.grad = torch.ones_like(value) if value.requires_grad else None
        optimizer.step()
        schedule.step()
    assert rates[0] == pytest.approx([0.01, 0.0015])
    assert rates[2] == pytest.approx([0.02, 0.003])
    assert rates[-1][0] < 0.001
    twin = MuonAdamW(model, muon_lr=0.02, adamw_lr=0.003)
    twin.load_state_dict(optimizer.state_dict())
    assert [len(part.state) for part in twin.parts] == [len(part.state) for part in optimizer.parts]
    assert twin.param_groups[0] is twin.parts[0].param_groups[0]


def test_import_and_method_list_need_no_torch():
    names = "list(b.METHODS); dir(b)"
    code = f"import sys, lethebench.baselines as b; {names}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there():
    import lethebench.baselines as baselines

    for name in baselines.__all__:
        found = getattr(baselines, name)
        assert found is getattr(baselines, name), name  # a function of its module's name would be the module next time
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = baselines.no_such_name


def test_encoded_rows_read_class_labels(learnt):
    from datasets import ClassLabel, Dataset, Features, Image, List, Value

    from lethebench.baselines.tiny.vision_warmup import identity_pictures

    rows = support.rows()
    text = {name: Value("string") for name in ("id", "profile_id", "question", "answer")}
    features = Features({**text, "modality": ClassLabel(names=["image_text", "text"]), "images": List(Image())})
    dataset = Dataset.from_list(
        [{**row, "modality": int(row["modality"] == "text")} for row in rows], features=features
    )
    encoder = RowEncoder(learnt[0].processor)
    pictures, labels = identity_pictures(EncodedRows(dataset, encoder))
    plain, plain_labels = identity_pictures(EncodedRows(rows, encoder))
    assert labels == plain_labels
    assert len(pictures) == 12
    assert all(torch.equal(a, b) for a, b in zip(pictures, plain, strict=True))
