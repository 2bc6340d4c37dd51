"""One unlearning stage of a build in one process or many; see the README beside this file.

accelerate launch --config_file zero2.yaml unlearn.py npo build/mllmu --model learnt --preset mllmu-llava --out t001
"""

import argparse

from datasets import Image, List, load_dataset

from lethebench.baselines import METHODS, load_model, load_preset, method_entry
from lethebench.baselines.trainer.weights import merged


def rows(build: str, split: str, task: int | None = None):
    """Return one split of a build's continual config, pictures undecoded; of a forget split one task."""
    filters = None if task is None else [("task_id", "==", task)]
    split_rows = load_dataset(build, "continual", split=split, filters=filters)
    return split_rows.cast_column("images", List(Image(decode=False)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("method", help="a method that trains: " + ", ".join(METHODS))
    parser.add_argument("build", help="a folder that `lethe build` wrote")
    parser.add_argument("--model", required=True, help="the trained model or adapter: a folder or a Hub id")
    parser.add_argument("--preset", required=True, help="see `lethe list models`")
    parser.add_argument("--task", type=int, default=0, help="the task to unlearn, from 0")
    parser.add_argument("--out", required=True, help="output folder for the weights or the adapter")
    parser.add_argument("--four-bit", action="store_true", help="load the base in 4 bits, for LoRA")
    options = parser.parse_args()

    trainer_class = method_entry(options.method).load()
    preset = load_preset(options.preset, options.model)
    settings = preset.method_arguments(options.method)
    args = trainer_class.config_class(output_dir=options.out, report_to="none", save_strategy="no", **settings)
    model, processor = load_model(options.model, four_bit=options.four_bit)
    if trainer_class.base_weights:
        model = merged(model)
    lora = None if trainer_class.base_weights or hasattr(model, "peft_config") else preset.lora
    trainer = trainer_class(
        model,
        args=args,
        train_dataset=rows(options.build, "forget", options.task),
        retain_dataset=rows(options.build, "retain"),
        processing_class=processor,
        peft_config=None if lora is None else lora.peft_config(),
    )
    trainer.train()
    trainer.save_model(options.out)


if __name__ == "__main__":
    main()
