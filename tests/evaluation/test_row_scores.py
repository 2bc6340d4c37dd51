"""Greedy answers and all columns of per-row scores."""

import copy
import math

import datasets
import numpy as np
import pytest
import torch
from tiny_models import CANDIDATES, idefics3, llava, qa_rows

from lethebench.contract.errors import UserError
from lethebench.contract.tokens import encode
from lethebench.evaluation.answers import greedy
from lethebench.evaluation.answers import rows as rows_module
from lethebench.evaluation.answers.choice import choose_by_probability
from lethebench.evaluation.answers.greedy import greedy_answers
from lethebench.evaluation.answers.prepare import candidate_answers
from lethebench.evaluation.answers.rows import CARRIED_COLUMNS, SCORE_COLUMNS, evaluate_rows, prepare_rows
from lethebench.evaluation.likelihood import prefix_sharing
from lethebench.evaluation.likelihood.api import score_answers, score_candidates, score_many
from lethebench.evaluation.likelihood.prefix_sharing import plan_contexts
from lethebench.evaluation.likelihood.ranking import LEFT
from lethebench.evaluation.metrics.exposure import exposure
from lethebench.evaluation.metrics.tables import distributions


def greedy_by_hand(model, processor, row, steps):
    """Append the most likely token until the end of text, without padding or cache."""
    content = [{"type": "image"}] * len(row["images"]) + [{"type": "text", "text": row["question"]}]
    prompt = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    images = {"images": [row["images"]]} if row["images"] else {}
    inputs = dict(processor(text=[prompt], add_special_tokens=False, return_tensors="pt", **images))
    inputs = {name: value.to(model.dtype) if value.is_floating_point() else value for name, value in inputs.items()}
    del inputs["attention_mask"]
    begin = inputs["input_ids"].shape[1]
    for _ in range(steps):
        with torch.no_grad():
            token = model(**inputs).logits[0, -1].argmax()
        if token == 2:
            break
        inputs["input_ids"] = torch.cat([inputs["input_ids"], token[None, None]], dim=1)
    return processor.tokenizer.decode(inputs["input_ids"][0, begin:], skip_special_tokens=True).strip()


@pytest.fixture(scope="module")
def trained():
    """A LLaVA trained until it memorizes the six rows, and the rows."""
    model, processor = llava(dtype=torch.float32)
    rows = qa_rows()
    encoded = prepare_rows(processor, rows).encoded
    optimizer = torch.optim.Adam(model.model.language_model.parameters(), lr=3e-3)
    model.train()
    for _ in range(60):
        optimizer.zero_grad()
        for item in encoded:
            answer = item.answers[0]
            ids = torch.tensor([[*item.prompt.ids[: answer.start], *answer.ids]])
            logits = model(input_ids=ids, **item.prompt.per_row).logits[0, answer.start - 1 : -1]
            torch.nn.functional.cross_entropy(logits, ids[0, answer.start :]).backward()
        optimizer.step()
    return model.eval(), processor, rows


@pytest.mark.parametrize("make", [llava, idefics3])
def test_greedy_batches_equal_single_rows(make):
    model, processor = make()
    rows = qa_rows()
    together = greedy_answers(model, processor, rows, max_new_tokens=6)
    assert together == [greedy_by_hand(model, processor, row, 6) for row in rows]
    assert len(set(together)) > 1
    assert greedy_answers(model, processor, rows, max_new_tokens=6, batch_size=2) == together


def test_greedy_ignores_generation_config():
    """Qwen2.5-VL's has a repetition penalty and sampling."""
    model, processor = llava()
    rows = qa_rows()
    plain = greedy_answers(model, processor, rows, max_new_tokens=12)
    model.generation_config.update(
        repetition_penalty=2.0, do_sample=True, temperature=1e-6, top_k=1, no_repeat_ngram_size=1, min_new_tokens=3
    )
    assert greedy_answers(model, processor, rows, max_new_tokens=12) == plain


def test_memorized_answers_need_no_generation(trained, monkeypatch):
    model, processor, rows = trained
    num_generated = []
    original = rows_module.generate_encoded

    def counted(model, processor, encoded, **options):
        num_generated.append(len(encoded))
        return original(model, processor, encoded, **options)

    monkeypatch.setattr(rows_module, "generate_encoded", counted)
    results = evaluate_rows(model, processor, rows, candidates=CANDIDATES)
    assert num_generated == [0]
    assert [row["generated"] for row in results] == greedy_answers(model, processor, rows)
    assert [row["generated"] for row in results] == [row["answer"] for row in rows]
    for row in results:
        assert row["exact_match"] == row["keyword_match"] == row["rouge_l"] == row["rouge_l_recall"] == 1.0
        assert row["rank"] == 1.0
        assert row["exposure"] == math.log2(row["num_candidates"])
        assert row["probability"] > 0.5


def test_wrong_greedy_answer_from_scores(trained):
    model, processor, rows = trained
    wrong = [{**row, "answer": row["perturbed"][0], "perturbed": [row["answer"]]} for row in rows if row["perturbed"]]
    results = evaluate_rows(model, processor, wrong)
    assert [row["generated"] for row in results] == greedy_answers(model, processor, wrong)
    assert all(row["exact_match"] == 0.0 for row in results)


def test_extraction_of_memorized_answers(trained):
    """A cut answer has likely tokens and an unlikely terminator, which does not count."""
    model, processor, rows = trained
    cut = [{**row, "answer": " ".join(row["answer"].split()[:-1])} for row in rows if " " in row["answer"]]
    assert cut
    for result in [*evaluate_rows(model, processor, rows), *evaluate_rows(model, processor, cut)]:
        assert result["extraction_strength"] == result["exact_memorization"] == 1.0
    longer = [{**row, "answer": f"{row['answer']} of Tom"} for row in rows]
    assert {result["extraction_strength"] for result in evaluate_rows(model, processor, longer)} == {0.0}


def test_columns_equal_separate_scores():
    model, processor = llava()
    rows = qa_rows()
    shares = []
    results = evaluate_rows(model, processor, rows, candidates=CANDIDATES, progress=shares.append)
    assert [list(row) for row in results] == [[*CARRIED_COLUMNS, *SCORE_COLUMNS]] * len(rows)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    scores = score_answers(model, processor, rows)
    for row, result, score in zip(rows, results, scores, strict=True):
        assert {name: result[name] for name in CARRIED_COLUMNS} == {name: row[name] for name in CARRIED_COLUMNS}
        assert result["logprob"] == pytest.approx(score.logprob, abs=1e-9)
        assert result["num_tokens"] == score.num_tokens
        assert result["probability"] == pytest.approx(math.exp(score.logprob / score.num_tokens), abs=1e-12)
        filled, truth = candidate_answers(row["answer"], CANDIDATES[row["attribute"]], row_id=row["id"])
        values = [one.logprob for one in score_candidates(model, processor, row, filled)]
        assert result["exposure"] == pytest.approx(exposure(values, truth), abs=1e-12)
        assert result["candidate_logprobs"] == pytest.approx(values, abs=1e-9)
        assert result["num_candidates"] == len(filled)
        assert result["exposure_normalised"] == pytest.approx(result["exposure"] / math.log2(len(filled)))
        if row["perturbed"]:
            (right,) = score_many(model, processor, [row], [row["paraphrases"]])
            (wrong,) = score_many(model, processor, [row], [row["perturbed"]])
            means = [sum(one.logprob / one.num_tokens for one in side) / len(side) for side in (wrong, right)]
            assert result["truth_ratio"] == pytest.approx(math.exp(means[0] - means[1]), rel=1e-9)
        else:
            assert result["truth_ratio"] is None


def test_choice_match_needs_the_likeliest_option():
    model, processor = llava()
    options = ["asthma", "migraine", "Type 2 diabetes", "latex"]
    rows = [{**row, "options": options[: 2 + n % 3], "correct": n % 2} for n, row in enumerate(qa_rows())]
    picked = [one.picked for one in choose_by_probability(model, processor, rows)]
    matches = [row["choice_match"] for row in evaluate_rows(model, processor, rows)]
    assert matches == [float(one == row["correct"]) for one, row in zip(picked, rows, strict=True)]
    assert set(matches) == {0.0, 1.0}
    (tied,) = evaluate_rows(model, processor, [{**rows[0], "options": ["latex", "latex"], "correct": 0}])
    assert tied["choice_match"] == 0.0
    assert {row["choice_match"] for row in evaluate_rows(model, processor, qa_rows()[:2])} == {None}
    for wrong in (-1, 2, None):
        with pytest.raises(ValueError, match=rf"a/vqa/diagnosis: the right option is {wrong}"):
            prepare_rows(processor, [{**rows[0], "correct": wrong}])


def test_exposure_needs_candidates():
    model, processor = llava()
    for row in evaluate_rows(model, processor, qa_rows(), candidates={"allergy": CANDIDATES["allergy"]}):
        ranked = row["attribute"] == "allergy"
        assert row["num_candidates"] == (3 if ranked else 0)
        assert all((row[name] is not None) is ranked for name in ("rank", "exposure_normalised", "candidate_logprobs"))


def test_prepared_rows_and_chunks_give_equal_scores(monkeypatch):
    model, processor = llava()
    rows = qa_rows()
    direct = evaluate_rows(model, processor, rows, candidates=CANDIDATES)
    prepared = prepare_rows(processor, rows, candidates=CANDIDATES)
    assert evaluate_rows(model, processor, prepared) == direct
    monkeypatch.setattr(rows_module, "CHUNK", 4)
    shares = []
    chunked = evaluate_rows(model, processor, rows, candidates=CANDIDATES, progress=shares.append)
    assert shares == sorted(shares)
    for one, two in zip(chunked, direct, strict=True):
        for name in one:
            assert one[name] == (pytest.approx(two[name], abs=1e-9) if isinstance(two[name], float) else two[name])
    with pytest.raises(ValueError, match="prepare_rows"):
        evaluate_rows(model, processor, prepared, candidates=CANDIDATES)


def test_kept_plans_score_the_next_model_equally(monkeypatch):
    model, processor = llava()
    other = copy.deepcopy(model)
    with torch.no_grad():
        for value in other.parameters():
            value.mul_(1.1)
    planned = []
    monkeypatch.setattr(prefix_sharing, "plan_contexts", lambda *args: planned.append(args[1]) or plan_contexts(*args))
    prepared = prepare_rows(processor, qa_rows(), candidates=CANDIDATES)
    evaluate_rows(model, processor, prepared)
    first, planned[:] = len(planned), []
    kept = evaluate_rows(other, processor, prepared)
    assert first
    assert planned == []
    assert kept == evaluate_rows(other, processor, prepare_rows(processor, qa_rows(), candidates=CANDIDATES))


def test_dataset_scores_equal_those_of_dicts():
    model, processor = llava()
    rows = qa_rows()
    features = datasets.Features(
        {name: datasets.Value("string") for name in ("id", "profile_id", "format", "attribute", "question", "answer")}
        | {"task_id": datasets.Value("int32"), "hops": datasets.Value("int8")}
        | {"role": datasets.ClassLabel(names=["forget", "retain"])}
        | {"modality": datasets.ClassLabel(names=["image_text", "text"])}
        | {name: datasets.List(datasets.Value("string")) for name in ("keywords", "paraphrases", "perturbed")}
        | {"images": datasets.List(datasets.Image())}
    )
    columns = [{name: row[name] for name in features} for row in rows]
    dataset = datasets.Dataset.from_list(columns, features=features)
    undecoded = dataset.cast_column("images", datasets.List(datasets.Image(decode=False)))
    expected = evaluate_rows(model, processor, rows, candidates=CANDIDATES, split="test")
    assert {row["split"] for row in expected} == {"test"}
    for table in (dataset, undecoded):
        assert evaluate_rows(model, processor, table, candidates=CANDIDATES, split="test") == expected


def test_truth_is_the_longest_candidate_in_the_answer():
    values = ["O", "negative", "O negative", "AB negative"]
    assert candidate_answers("It is O negative.", values, row_id="r")[1] == 2
    assert candidate_answers("It is AB negative.", values, row_id="r")[1] == 3
    filled, _ = candidate_answers("Maria's type is O negative (O).", values, row_id="r")
    assert filled[3] == "Maria's type is AB negative (O)."
    assert candidate_answers("female", ["female", "male"], row_id="r")[1] == 0
    assert candidate_answers("a male nurse, not female", ["x", "male"], row_id="r")[0][0] == "a x nurse, not female"


@pytest.mark.parametrize(
    ("values", "reason"),
    [(["pollen", "penicillin"], "holds none"), (["latex"], "at least 2"), (["latex", "latex"], "distinct")],
)
def test_invalid_candidates_name_the_row(values, reason):
    _, processor = llava()
    with pytest.raises(ValueError, match=f"b/vqa/allergy.*{reason}"):
        prepare_rows(processor, qa_rows(), candidates={"allergy": values})


def test_truth_is_not_inside_a_word():
    with pytest.raises(ValueError, match="r: the true answer"):
        candidate_answers("She is female.", ["male", "man"], row_id="r")


def test_empty_and_repeated_rows_raise():
    model, processor = llava()
    with pytest.raises(ValueError, match="no rows"):
        evaluate_rows(model, processor, [])
    with pytest.raises(ValueError, match=r"icu/medical-0001/a/vqa/diagnosis.*occurs twice"):
        evaluate_rows(model, processor, qa_rows() + qa_rows()[:1])


def test_infinite_weights_name_the_row():
    model, processor = llava()
    with torch.no_grad():
        model.lm_head.weight[7, 0] = float("nan")
    with pytest.raises(UserError, match=r"icu/medical-0001/a/vqa/diagnosis.*log-probability nan: .*learning rate"):
        evaluate_rows(model, processor, qa_rows()[:1], candidates=CANDIDATES)


def test_answers_generated_in_two_steps_are_those_of_one(monkeypatch):
    model, processor = llava()
    encoded = encode(processor, qa_rows(), [[] for _ in qa_rows()])
    done: list[int] = []
    for length in (6, 24):
        monkeypatch.setattr(greedy, "LONG", 1000)
        whole = greedy.generate_encoded(model, processor, encoded, max_new_tokens=length)
        monkeypatch.setattr(greedy, "LONG", 1)
        done.clear()
        steps = greedy.generate_encoded(model, processor, encoded, max_new_tokens=length, progress=done.append)
        assert steps == whole
        assert done == sorted(done)
        assert done[-1] == len(encoded)
    assert any(len(processor.tokenizer(text)["input_ids"]) > 8 for text in whole)  # some need the second step


def test_generated_picture_token_is_no_picture_of_the_second_step(monkeypatch):
    """A model may generate any token, and a prompt with one picture token more than pictures cannot be run."""
    model, processor = llava()
    row = qa_rows()[0]
    with torch.no_grad():  # every answer is picture tokens
        model.lm_head.weight.copy_(torch.zeros_like(model.lm_head.weight))
        model.lm_head.register_forward_hook(lambda module, args, out: out + 9 * (torch.arange(out.shape[-1]) == 4))
    encoded = encode(processor, [row, row], [[], []])
    monkeypatch.setattr(greedy, "LONG", 1)
    assert greedy.generate_encoded(model, processor, encoded, max_new_tokens=9) == ["", ""]


def test_bounded_rows_differ_in_log_probabilities_of_candidates_alone():
    model, processor = llava()
    whole = evaluate_rows(model, processor, qa_rows(), candidates=CANDIDATES)
    bounded = evaluate_rows(model, processor, qa_rows(), candidates=CANDIDATES, bound_candidates=True)
    for one, two in zip(whole, bounded, strict=True):
        values = one.pop("candidate_logprobs"), two.pop("candidate_logprobs")
        assert two == pytest.approx(one, nan_ok=True)
        if values[0] is not None:
            shares = distributions(values)
            assert np.abs(shares[0] - shares[1]).sum() / 2 <= LEFT
    with_membership = evaluate_rows(model, processor, qa_rows(), candidates=CANDIDATES, membership=True)
    again = evaluate_rows(model, processor, qa_rows(), candidates=CANDIDATES, membership=True, bound_candidates=True)
    assert again == with_membership
