"""How a stage of a run gets its weights: learning, and unlearning one task."""

from collections.abc import Sequence
from pathlib import Path

from datasets import Dataset
from transformers import TrainerCallback, set_seed

from lethebench.baselines.learn import TrainResult, learn, learn_tiny
from lethebench.baselines.loading import Loaded, load_model
from lethebench.baselines.presets import Preset
from lethebench.baselines.stage import Unlearnt, unlearn
from lethebench.baselines.tiny.model import plan_for, tiny_processor, tiny_vlm
from lethebench.baselines.trainer.rows import RowEncoder
from lethebench.console import Tick
from lethebench.errors import UserError

TINY = "tiny"


class Ticks(TrainerCallback):
    """Tells the console how far a trainer is."""

    def __init__(self, tick: Tick) -> None:
        self.tick = tick

    def on_step_end(self, args, state, control, **kwargs):
        self.tick(state.global_step, state.max_steps)


def learn_all(
    model: str, preset: Preset, rows: Dataset, values: Sequence[str], *, seed: int, tick: Tick
) -> tuple[TrainResult, Loaded]:
    """Stage 1 on all rows.

    Args:
        model: `tiny`, a folder or a Hub id.
        preset: the settings.
        rows: what is learnt.
        values: every value that exposure will rank over. The tokenizer of `tiny` sees them all, since a value that it
            had to spell out would look less likely than the ones it knows.
        seed: of weights and order.
        tick: told how far it is.

    Returns:
        What training tells, and the model with its processor.
    """
    set_seed(seed)
    if model == TINY:
        plan = plan_for(rows)
        texts = [*rows.select_columns(["question", "answer"]), *({"question": "", "answer": value} for value in values)]
        tiny = tiny_vlm(rows, seed, plan=plan, processor=tiny_processor(texts, plan))
        result = learn_tiny(tiny, rows, preset=preset, seed=seed, callbacks=[Ticks(tick)])
        return result, Loaded(result.model, tiny.processor)
    loaded = load_model(model, **preset.model)
    result = learn(loaded.model, loaded.processor, rows, preset=preset, seed=seed, callbacks=[Ticks(tick)])
    return result, Loaded(result.model, loaded.processor)


def unlearn_task(
    method: str,
    preset: Preset,
    before: Path,
    encoder: RowEncoder,
    forget: Dataset,
    retain: Dataset,
    *,
    seed: int,
    tick: Tick,
) -> tuple[Unlearnt, Loaded]:
    """One stage: the model in the folder `before` is made to forget the rows of one task.

    Args:
        method: a name in METHODS.
        preset: the settings.
        before: the stage before.
        encoder: the run's.
        forget, retain: the rows.
        seed: of the order of rows.
        tick: told how far it is.

    Raises:
        UserError: the method cannot be run on this model or these rows.
    """
    set_seed(seed)
    model = load_model(before, **preset.model).model
    try:
        result = unlearn(
            method,
            model,
            encoder.processor,
            forget,
            retain,
            preset=preset,
            seed=seed,
            encoder=encoder,
            callbacks=[Ticks(tick)],
        )
    except ValueError as error:
        raise UserError(f"{method}: {error}") from error
    return result, Loaded(result.model, result.processor)
