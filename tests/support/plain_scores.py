"""The definition of an answer's log-probability: one forward pass over the whole conversation."""

import torch
from tiny_models import CANDIDATES


def plain_score(model, processor, row, answer):
    """Log-probability and number of tokens of an answer: log-softmax of one pass, summed after the common prefix."""
    content = [{"type": "image"}] * len(row["images"]) + [{"type": "text", "text": row["question"]}]
    user = [{"role": "user", "content": content}]
    assistant = [{"role": "assistant", "content": [{"type": "text", "text": answer}]}]
    images = {"images": [row["images"]]} if row["images"] else {}
    prompt, full = (
        processor(text=[text], add_special_tokens=False, return_tensors="pt", **images)
        for text in (
            processor.apply_chat_template(user, add_generation_prompt=True),
            processor.apply_chat_template(user + assistant),
        )
    )
    ids, short = full["input_ids"][0].tolist(), prompt["input_ids"][0].tolist()
    start = next((i for i, token in enumerate(short) if token != ids[i]), len(short))
    inputs = {name: value.to(model.dtype) if value.is_floating_point() else value for name, value in full.items()}
    with torch.no_grad():
        logprobs = model(**inputs).logits[0].double().log_softmax(-1)
    return sum(logprobs[i - 1, ids[i]].item() for i in range(start, len(ids))), len(ids) - start


def answers_of(row):
    truth = row["keywords"][0]
    filled = [row["answer"].replace(truth, value) for value in CANDIDATES[row["attribute"]]]
    return [row["answer"], *row["paraphrases"], *row["perturbed"], *filled]
