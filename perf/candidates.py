"""Measure scoring of many answers to one question, and of many questions about one picture, against the naive way.

    python perf/candidates.py [--candidates 512] [--questions 12] [--rounds 3] [--naive 16] [--batch-size 4]

A LLaVA of 73 M random parameters: a tower of 8 layers of 384 on 336 pixels, so 576 tokens of picture, and a Llama of 8
layers of 512 with 32,064 words. Behind a prefix of 600 tokens, candidates have 3 to 12 tokens, terminator included. The
naive way runs every prompt and answer whole, in right-padded batches with logits of the answer only; it is timed on
`--naive` of the candidates and scaled to all. Both ways are part of `lethebench.evaluation`.

Prints processor seconds of one thread, which vary less with other load than wall time: medians of the rounds, their
ratio, the bound of the ratio, peak resident memory above that of the model, and the largest difference between sums of
log-probabilities. The first call also tests which savings are exact for the model; it is printed separately.

The bound counts text tokens: naive n (P + L), shared P + n (L - 1), with P tokens of prefix and L of an answer.
"""

import argparse
import os
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from ratios import add_json_option, write_ratios
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

from lethebench.contract.prompts import Prompt
from lethebench.contract.tokens import Answer, EncodedQuestion, common_length
from lethebench.evaluation.likelihood.api import Score, score_encoded
from lethebench.evaluation.likelihood.forward import score_whole
from lethebench.evaluation.likelihood.prefix_sharing import Context, Tail

IMAGE, PICTURE_TOKENS, VOCABULARY, END = 32_000, 576, 32_064, 2
PREFIX, LENGTHS = 600, (3, 12)


def llava() -> LlavaForConditionalGeneration:
    """Return the model in eval mode, with weights large enough for distributions far from uniform."""
    vision = CLIPVisionConfig(
        hidden_size=384,
        intermediate_size=1536,
        num_hidden_layers=8,
        num_attention_heads=6,
        image_size=336,
        patch_size=14,
        projection_dim=384,
    )
    text = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=512,
        intermediate_size=1376,
        num_hidden_layers=8,
        num_attention_heads=8,
        max_position_embeddings=4096,
    )
    torch.manual_seed(0)
    model = LlavaForConditionalGeneration(
        LlavaConfig(vision_config=vision, text_config=text, image_token_index=IMAGE, vision_feature_layer=-1)
    )
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=0.06)
    return model.eval()


def words(count: int, generator: torch.Generator) -> tuple[int, ...]:
    """Return random text tokens."""
    return tuple(torch.randint(10, 31_000, (count,), generator=generator).tolist())


def answer(prompt: Prompt, generator: torch.Generator) -> Answer:
    """Return a random answer with its terminator."""
    length = int(torch.randint(LENGTHS[0], LENGTHS[1] + 1, (), generator=generator))
    return Answer(len(prompt.ids), (*words(length - 1, generator), END))


def row(question: int, answers: int, generator: torch.Generator) -> EncodedQuestion:
    """Return a question of `question` tokens about the picture, with `answers` answers."""
    pixels = torch.randn(1, 3, 336, 336, generator=torch.Generator().manual_seed(1))
    ids = (1, *[IMAGE] * PICTURE_TOKENS, *words(question, generator))
    prompt = Prompt(ids, {}, {"pixel_values": pixels}, (b"the picture",))
    return EncodedQuestion(prompt, tuple(answer(prompt, generator) for _ in range(answers)))


def resident() -> int:
    """Return the resident memory of this process in bytes (Linux)."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Peak:
    """Context manager for the peak resident memory above that on entry, in MB."""

    def __enter__(self) -> "Peak":
        self._before = self._most = resident()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._stop.wait(0.005):
            self._most = max(self._most, resident())

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()
        self.megabytes = (self._most - self._before) / 1e6


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the processor seconds of this thread and the result of the work."""
    start = time.thread_time()
    result = work()
    return time.thread_time() - start, result


def whole(model: Any, pairs: list[tuple[EncodedQuestion, Answer]], batch_size: int) -> list[float]:
    """Return sums of log-probabilities computed the naive way."""
    sums = []
    contexts = [(Context(item.prompt, item.prompt.ids, 0), Tail(one.ids, 0, [])) for item, one in pairs]
    contexts.sort(key=lambda pair: len(pair[1].ids))  # minimizes padding
    with torch.no_grad():
        for start in range(0, len(contexts), batch_size):
            sums += [float(values[0].sum()) for values in score_whole(model, contexts[start : start + batch_size])]
    order = sorted(range(len(pairs)), key=lambda number: len(pairs[number][1].ids))
    return [logprob for _, logprob in sorted(zip(order, sums, strict=True))]


def compare(title: str, model: Any, rows: list[EncodedQuestion], sample: int, rounds: int, batch_size: int) -> float:
    """Run both ways alternately, print their figures and return the ratio."""
    pairs = [(item, one) for item in rows for one in item.answers]
    step = max(1, len(pairs) // sample)
    sampled = list(range(0, len(pairs), step))[:sample]
    scale = len(pairs) / len(sampled)
    with Peak() as peak:
        first, _ = timed(lambda: score_encoded(model, rows))
    naive, shared, peaks = [], [], [peak.megabytes]
    for _ in range(rounds):
        seconds, plain = timed(lambda: whole(model, [pairs[number] for number in sampled], batch_size))
        naive.append(seconds * scale)
        with Peak() as peak:
            seconds, scores = timed(lambda: score_encoded(model, rows))
        shared.append(seconds)
        peaks.append(peak.megabytes)
    flat: list[Score] = [score for row in scores for score in row]
    worst = max(abs(flat[number].logprob - one) for number, one in zip(sampled, plain, strict=True))
    prefix = sum(len(item.prompt.ids) for item in rows) / len(rows)
    length = sum(len(one.ids) for _, one in pairs) / len(pairs)
    common = common_length(*(choose(item.prompt.ids for item in rows) for choose in (min, max)))
    bound = len(pairs) * (prefix + length) / (common + len(pairs) * (prefix - common + length - 1))
    plain_s, shared_s = statistics.median(naive), statistics.median(shared)
    print(f"{title}: {len(pairs)} answers of {length:.1f} tokens on average, prompts of {prefix:.0f}")
    print(f"  naive   {plain_s:8.2f} s  (batches of {batch_size}, {len(sampled)} answers timed, times {scale:.0f})")
    print(f"  shared  {shared_s:8.2f} s  (first call, with its check: {first:.2f} s)")
    print(f"  ratio   {plain_s / shared_s:8.1f}    (first call: {plain_s / first:.1f}; bound {bound:.1f})")
    print(f"  memory  {max(peaks):8.0f} MB above the model's")
    print(f"  largest difference {worst:.1e} nats, of a sum of {min(one for one in plain):.0f}", flush=True)
    return plain_s / shared_s


def main() -> None:
    """Print both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, default=512, help="answers to one question")
    parser.add_argument("--questions", type=int, default=12, help="questions about one picture, one answer each")
    parser.add_argument("--rounds", type=int, default=3, help="repetitions of each way")
    parser.add_argument("--naive", type=int, default=16, help="number of answers to time the naive way on")
    parser.add_argument("--batch-size", type=int, default=4, help="batch size of the naive way")
    add_json_option(parser)
    options = parser.parse_args()
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    model = llava()
    print(f"{sum(parameter.numel() for parameter in model.parameters()) / 1e6:.1f} M parameters", flush=True)
    one = [row(PREFIX - 1 - PICTURE_TOKENS, options.candidates, generator)]
    candidates = compare("candidates", model, one, options.naive, options.rounds, options.batch_size)
    twelve = [row(12 + number % 5, 1, generator) for number in range(options.questions)]
    pictured = compare("one picture", model, twelve, options.questions, options.rounds, 1)
    write_ratios(options.json, higher={"candidates": candidates, "questions about one picture": pictured})


if __name__ == "__main__":
    main()
