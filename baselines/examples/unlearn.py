"""One unlearning stage of a build in one process or many; see the README beside this file.

accelerate launch --config_file zero2.yaml unlearn.py npo build/mllmu --model learnt --preset mllmu-llava --out t001
"""

import argparse

from datasets import Image, List, load_dataset

from lethebench.baselines import TRAINERS, load_model, load_preset
from lethebench.baselines.trainer.weights import merged


def rows(build: str, split: str, task: int | None = None):
    """One split of a build's continual config, pictures undecoded; of a forget split one task alone."""
    filters = None if task is None else [("task_id", "==", task)]
    found = load_dataset(build, "continual", split=split, filters=filters)
    return found.cast_column("images", List(Image(decode=False)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("method", choices=list(TRAINERS))
    parser.add_argument("build", help="a folder that `lethe build` wrote")
    parser.add_argument("--model", required=True, help="the learnt model or adapter: a folder or a Hub id")
    parser.add_argument("--preset", required=True, help="see `lethe list models`")
    parser.add_argument("--task", type=int, default=0, help="the request to answer, 0-based")
    parser.add_argument("--out", required=True, help="where the weights or the adapter go")
    parser.add_argument("--four-bit", action="store_true", help="load the base in 4 bits, for LoRA")
    given = parser.parse_args()

    trainer_class, config_class = TRAINERS[given.method]
    preset = load_preset(given.preset, given.model)
    settings = preset.method_arguments(given.method)
    args = config_class(output_dir=given.out, report_to="none", save_strategy="no", **settings)
    model, processor = load_model(given.model, four_bit=given.four_bit)
    whole = given.method == "mmunlearner"  # trains the weights, into which a learnt adapter is merged
    model = merged(model) if whole else model
    needs_adapter = preset.lora is not None and not hasattr(model, "peft_config") and not whole
    trainer = trainer_class(
        model,
        args=args,
        train_dataset=rows(given.build, "forget", given.task),
        retain_dataset=rows(given.build, "retain"),
        processing_class=processor,
        peft_config=preset.lora.peft_config() if needs_adapter else None,
    )
    trainer.train()
    trainer.save_model(given.out)


if __name__ == "__main__":
    main()
