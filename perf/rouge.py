"""Compare the speed and values of ROUGE-L with stemming with those of rouge_score.

    python perf/rouge.py [--pairs 16000] [--rounds 3]

Pairs are made of an English word list with inflections, accents, contractions and numbers, up to about 45 words
long; some predictions are empty. Every round of ours starts with empty caches. Prints the processor seconds of both,
the ratio of their medians, and the largest difference of precision, recall and F.
"""

import argparse
import random
import statistics
import time

from ratios import add_json_option, write_ratios
from rouge_score import rouge_scorer

from lethebench.evaluation.metrics.text import rouge_l_parts
from lethebench.evaluation.metrics.words import forget_stems

STEMS = (
    *("patient", "doctor", "hospital", "diagnose", "admit", "treat", "receive", "employ", "contract", "sign", "salary"),
    *("month", "address", "street", "number", "insure", "medicate", "allergy", "blood", "type", "negative", "positive"),
    *("date", "birth"),
)
ENDINGS = ("", "s", "ed", "ing", "er", "ation", "ly", "'s")
OTHERS = ("café", "Łódź", "don't", "12.5", "2024-03-11", "the", "of", "a", "is", "José", "A+", "—")


def make_pairs(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Return predictions and references that share part of their words."""
    generator = random.Random(seed)

    def words(most: int) -> list[str]:
        return [
            generator.choice(STEMS) + generator.choice(ENDINGS)
            if generator.random() < 0.7
            else generator.choice(OTHERS)
            for _ in range(generator.randint(0, most))
        ]

    pairs = []
    for _ in range(count):
        reference = [*words(44), "the"]
        shared = [word for word in reference if generator.random() < 0.6]
        pairs.append((" ".join(shared + words(20)), " ".join(reference)))
    return pairs


def own(pairs: list[tuple[str, str]]) -> list[tuple[float, float, float]]:
    """Return our scores, computed with empty caches."""
    forget_stems()
    return [rouge_l_parts(prediction, reference) for prediction, reference in pairs]


def theirs(pairs: list[tuple[str, str]]) -> list[tuple[float, float, float]]:
    """Return the scores of rouge_score."""
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)
    return [tuple(scorer.score(reference, prediction)["rougeL"]) for prediction, reference in pairs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=16_000)
    parser.add_argument("--rounds", type=int, default=3)
    add_json_option(parser)
    options = parser.parse_args()
    pairs = make_pairs(options.pairs)
    words = statistics.mean(len(text.split()) for pair in pairs for text in pair)
    print(f"{len(pairs):,} pairs, {words:.1f} words on average")
    seconds: dict[str, list[float]] = {"rouge_score": [], "ours": []}
    for number in range(1, options.rounds + 1):
        scores = {}
        for name, function in (("rouge_score", theirs), ("ours", own)):
            start = time.process_time()
            scores[name] = function(pairs)
            seconds[name].append(time.process_time() - start)
        print(f"round {number}: rouge_score {seconds['rouge_score'][-1]:.2f} s, ours {seconds['ours'][-1]:.3f} s")
    both = zip(scores["rouge_score"], scores["ours"], strict=True)
    worst = max(abs(one - other) for first, second in both for one, other in zip(first, second, strict=True))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    first, second = medians["rouge_score"], medians["ours"]
    print(f"medians {first:.2f} s and {second:.3f} s: {first / second:.1f}x; largest difference {worst:.1e}")
    write_ratios(options.json, higher={"over rouge_score": first / second})


if __name__ == "__main__":
    main()
