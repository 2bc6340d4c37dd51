"""How fast many answers to one question, and many questions about one picture, are scored: against the naive way.

    python perf/candidates.py [--candidates 512] [--questions 12] [--rounds 3] [--naive 16] [--batch-size 4]

A LLaVA of 73 M random parameters: a tower of 8 layers of 384 on 336 pixels, so 576 tokens of picture, and a Llama of 8
layers of 512 with 32,064 words. Behind a prefix of 600 tokens, candidates have 3 to 12 tokens, terminator included. The
naive way runs every prompt and answer whole, in right-padded batches with logits of the answer alone; it is timed on
`--naive` of the candidates and scaled to all. Both ways are `lethebench.evaluation`'s own.

Prints processor seconds of one thread, which other work on the machine disturbs less than the clock: medians of the
rounds, their ratio, the bound of the ratio, peak resident memory above that of the model, and the largest difference of
a sum of log-probabilities. The first call also tries which savings are exact for the model; it is shown apart.

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
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

from lethebench.contract.tokens import Answer, EncodedQuestion, Prompt, common_length
from lethebench.evaluation.likelihood.api import Score, score_encoded
from lethebench.evaluation.likelihood.forward import score_whole
from lethebench.evaluation.likelihood.prefix_sharing import Context, Tail

IMAGE, PICTURE_TOKENS, VOCABULARY, END = 32_000, 576, 32_064, 2
PREFIX, LENGTHS = 600, (3, 12)


def llava() -> LlavaForConditionalGeneration:
    """The model, in eval mode, with weights wide enough that its distributions are far from uniform."""
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
    """Random tokens of text."""
    return tuple(torch.randint(10, 31_000, (count,), generator=generator).tolist())


def answer(prompt: Prompt, generator: torch.Generator) -> Answer:
    """A random answer with its terminator."""
    length = int(torch.randint(LENGTHS[0], LENGTHS[1] + 1, (), generator=generator))
    return Answer(len(prompt.ids), (*words(length - 1, generator), END))


def row(question: int, answers: int, generator: torch.Generator) -> EncodedQuestion:
    """A question of so many tokens about the picture, and its answers."""
    pixels = torch.randn(1, 3, 336, 336, generator=torch.Generator().manual_seed(1))
    ids = (1, *[IMAGE] * PICTURE_TOKENS, *words(question, generator))
    prompt = Prompt(ids, {}, {"pixel_values": pixels}, (b"the picture",))
    return EncodedQuestion(prompt, tuple(answer(prompt, generator) for _ in range(answers)))


def resident() -> int:
    """Bytes of this process in memory (Linux)."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Peak:
    """Largest resident memory while it is entered, above that at the beginning, in MB."""

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
    """(processor seconds of this thread, what the work gave)."""
    start = time.thread_time()
    given = work()
    return time.thread_time() - start, given


def whole(model: Any, pairs: list[tuple[EncodedQuestion, Answer]], batch_size: int) -> list[float]:
    """The naive way: sums of log-probabilities."""
    sums = []
    contexts = [(Context(item.prompt, item.prompt.ids, 0), Tail(one.ids, 0, [])) for item, one in pairs]
    contexts.sort(key=lambda pair: len(pair[1].ids))  # as little padding as there can be
    with torch.no_grad():
        for at in range(0, len(contexts), batch_size):
            sums += [float(values[0].sum()) for values in score_whole(model, contexts[at : at + batch_size])]
    order = sorted(range(len(pairs)), key=lambda number: len(pairs[number][1].ids))
    return [found for _, found in sorted(zip(order, sums, strict=True))]


def compare(what: str, model: Any, rows: list[EncodedQuestion], sample: int, rounds: int, batch_size: int) -> None:
    """Runs both ways in turns and prints their figures."""
    pairs = [(item, one) for item in rows for one in item.answers]
    step = max(1, len(pairs) // sample)
    some = list(range(0, len(pairs), step))[:sample]
    scale = len(pairs) / len(some)
    with Peak() as peak:
        first, _ = timed(lambda: score_encoded(model, rows))
    naive, shared, peaks = [], [], [peak.megabytes]
    for _ in range(rounds):
        seconds, plain = timed(lambda: whole(model, [pairs[number] for number in some], batch_size))
        naive.append(seconds * scale)
        with Peak() as peak:
            seconds, scores = timed(lambda: score_encoded(model, rows))
        shared.append(seconds)
        peaks.append(peak.megabytes)
    found: list[Score] = [score for row in scores for score in row]
    worst = max(abs(found[number].logprob - one) for number, one in zip(some, plain, strict=True))
    prefix = sum(len(item.prompt.ids) for item in rows) / len(rows)
    length = sum(len(one.ids) for _, one in pairs) / len(pairs)
    common = common_length(*(choose(item.prompt.ids for item in rows) for choose in (min, max)))
    bound = len(pairs) * (prefix + length) / (common + len(pairs) * (prefix - common + length - 1))
    plain_s, shared_s = statistics.median(naive), statistics.median(shared)
    print(f"{what}: {len(pairs)} answers of {length:.1f} tokens on average, prompts of {prefix:.0f}")
    print(f"  naive   {plain_s:8.2f} s  (batches of {batch_size}, {len(some)} answers timed, times {scale:.0f})")
    print(f"  shared  {shared_s:8.2f} s  (first call, with its check: {first:.2f} s)")
    print(f"  ratio   {plain_s / shared_s:8.1f}    (first call: {plain_s / first:.1f}; bound {bound:.1f})")
    print(f"  memory  {max(peaks):8.0f} MB above the model's")
    print(f"  largest difference {worst:.1e} nats, of a sum of {min(one for one in plain):.0f}", flush=True)


def main() -> None:
    """Prints both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, default=512, help="answers to one question")
    parser.add_argument("--questions", type=int, default=12, help="questions about one picture, one answer each")
    parser.add_argument("--rounds", type=int, default=3, help="how often each of the two ways runs")
    parser.add_argument("--naive", type=int, default=16, help="answers that the naive way is timed on")
    parser.add_argument("--batch-size", type=int, default=4, help="of the naive way")
    options = parser.parse_args()
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    model = llava()
    print(f"{sum(parameter.numel() for parameter in model.parameters()) / 1e6:.1f} M parameters", flush=True)
    one = [row(PREFIX - 1 - PICTURE_TOKENS, options.candidates, generator)]
    compare("candidates", model, one, options.naive, options.rounds, options.batch_size)
    twelve = [row(12 + number % 5, 1, generator) for number in range(options.questions)]
    compare("one picture", model, twelve, options.questions, options.rounds, 1)


if __name__ == "__main__":
    main()
