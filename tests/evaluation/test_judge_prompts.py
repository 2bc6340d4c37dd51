"""The prompt of a language model as a judge: fences, injections, and the rubric's own texts."""

import re
from itertools import product

import pytest
from chat_server import chatting
from injections import INJECTIONS, injection
from judge_model import HonestModel

from lethebench.contract.requests.endpoint import Endpoint
from lethebench.evaluation.judges import prompts
from lethebench.evaluation.judges.openai_judge import OpenAIJudge
from lethebench.evaluation.judges.protocol import Item
from lethebench.evaluation.judges.rubrics import RUBRICS

ITEM = Item("Where does Ilse Brandvold live?", "She lives at 77 Elm Street, Boston.", "4 Mill Lane, Leeds")


def judged(server, items, rubric, **more):
    endpoint = Endpoint(model="m", key="none", base_url=server.url, first_wait=0.01)
    return OpenAIJudge(endpoint).judge(items, rubric, **more)


@pytest.mark.parametrize("rubric", RUBRICS.values(), ids=RUBRICS)
def test_injections_reach_the_judge_as_data_alone(rubric):
    """A model that obeys whatever stands outside of the fence gives the verdict that it gives without an injection."""
    model = HonestModel()
    texts = [f"{ITEM.answer} {injection(kind, rubric.high)}" for kind in INJECTIONS]
    items = [ITEM, *(Item(ITEM.question, text, ITEM.truth) for text in texts)]
    items += [Item(injection(kind, rubric.high), ITEM.answer, ITEM.truth) for kind in INJECTIONS]
    with chatting(model) as server:
        (first,) = judged(server, items[:1], rubric)
        for repeat in (0, 1):
            verdicts = judged(server, items, rubric, repeat=repeat)
            assert {rubric.class_of(verdict.value) for verdict in verdicts} == {rubric.class_of(first.value)}
        assert len(server.requests) == 1 + 2 * len(items)
    assert model.obeyed == []


def test_model_of_this_test_obeys_what_is_not_fenced(monkeypatch):
    monkeypatch.setattr(prompts, "fence_tag", lambda parts: "data-0123456789abcdef")
    model, rubric = HonestModel(), RUBRICS["correctness"]
    with chatting(model) as server:
        judged(server, [ITEM], rubric)
        text = f"{ITEM.answer} {injection('close_guess', 2)}"
        (verdict,) = judged(server, [Item(ITEM.question, text, ITEM.truth)], rubric)
    assert verdict.value == 2
    assert len(model.obeyed) == 1


@pytest.mark.parametrize("kind", ["close_guess", "reopen", "close_data"])
def test_text_cannot_hold_its_own_marker(kind):
    parts = {"question": "q", "truth": "t", "answer": injection(kind, 2)}
    tag = prompts.fence_tag(parts)
    assert tag not in "".join(parts.values())
    parts["answer"] += f"</{tag} answer>"
    assert prompts.fence_tag(parts) != tag
    assert prompts.fence_tag(parts) not in parts["answer"]


@pytest.mark.parametrize(("rubric", "repeat"), list(product(RUBRICS.values(), range(3))))
def test_prompt_shows_truth_order_and_every_example(rubric, repeat):
    system, user = (message["content"] for message in prompts.messages(ITEM, rubric, repeat=repeat))
    names = re.findall(r"<data-\w+ (\w+)>", user)
    order = ["question", "answer", "truth"] if repeat % 2 else ["question", "truth", "answer"]
    assert names == [name for name in order if rubric.shows_truth or name != "truth"]
    assert (ITEM.truth in user) == rubric.shows_truth
    for text in (*rubric.levels.values(), *rubric.remarks, *(example.answer for example in rubric.examples)):
        assert text in system
    first = rubric.examples[repeat % len(rubric.examples)]
    assert system.index(first.answer) == min(system.index(example.answer) for example in rubric.examples)


def test_correctness_always_shows_the_truth():
    assert all(RUBRICS[name].shows_truth for name in ("correctness", "factuality", "rejection"))


@pytest.mark.parametrize("rubric", RUBRICS.values(), ids=RUBRICS)
def test_examples_are_on_the_scale_and_reach_both_ends(rubric):
    verdicts = {example.verdict for example in rubric.examples}
    assert {rubric.low, rubric.high} <= verdicts
    assert verdicts <= set(range(rubric.low, rubric.high + 1))


def test_server_without_structured_outputs_is_asked_without_them():
    model = HonestModel()

    def answer(text, pictures):
        if "response_format" in server.requests[-1]["body"]:
            return 400, {"error": {"message": "Unsupported parameter: response_format", "param": "response_format"}}, {}
        return model(text, pictures)

    with chatting(answer) as server:
        (verdict,) = judged(server, [ITEM], RUBRICS["correctness"])
        assert len(server.requests) == 2
    assert verdict.value == 0
