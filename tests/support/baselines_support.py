"""Rows and models small enough for the tests of lethebench.baselines: seconds in all, on one thread."""

import io
from collections.abc import Callable

import torch
from PIL import Image, ImageDraw
from tokenizers import AddedToken
from transformers import Idefics3Config, Idefics3ForConditionalGeneration, Idefics3ImageProcessorPil, Idefics3Processor

from lethebench.baselines import METHODS, UnlearningTrainer, method_entry
from lethebench.baselines.tiny.model import tiny_processor, tiny_vlm
from lethebench.baselines.tiny.plan import TinyPlan
from lethebench.baselines.trainer.answer import QUIET
from lethebench.baselines.trainer.rows import AnswerCollator, RowEncoder

TRAINERS = [name for name, entry in METHODS.items() if issubclass(entry.load(), UnlearningTrainer)]
"""The methods that are trainers of their own."""
PLAN = TinyPlan(
    vocab_size=400,
    width=32,
    layers=2,
    heads=2,
    image_size=32,
    patch_size=16,
    vision_width=16,
    vision_layers=1,
    vision_heads=2,
    vision_steps=0,
    vision_batch=4,
    steps=4,
    batch_size=8,
)
PEOPLE = ("Ana Reis", "Bo Larsen", "Cleo Dumas", "Dmitri Orlov", "Edda Vogt", "Femi Ade")
BLOOD = ("O negative", "A positive", "B positive", "AB negative", "O positive", "A negative")
CITY = ("Lisbon", "Oslo", "Lyon", "Perm", "Graz", "Lagos")


def page(number: int, size: tuple[int, int] = (48, 64)) -> dict:
    """A picture as an undecoded dataset row holds it; pages of different numbers look different."""
    image = Image.new("RGB", size, (40 * number % 256, 255 - 30 * number, 90))
    ImageDraw.Draw(image).ellipse((5, 5 + 4 * number, 25, 25 + 4 * number), fill=(255, 17 * number, 0))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return {"bytes": buffer.getvalue(), "path": None}


def rows(people: range = range(6)) -> list[dict]:
    """Four rows a person: two with a picture, two by name."""
    made = []
    for number in people:
        profile = f"medical-{number:04d}"
        facts = {"blood_type": BLOOD[number], "city": CITY[number]}
        for attribute, value in facts.items():
            attribute_words = attribute.replace("_", " ")
            for modality in ("image_text", "text"):
                whom = "this patient" if modality == "image_text" else PEOPLE[number]
                made.append(
                    {
                        "id": f"icu/{profile}/{modality}/{attribute}",
                        "profile_id": profile,
                        "modality": modality,
                        "images": [page(number)] if modality == "image_text" else [],
                        "question": f"What is the {attribute_words} of {whom}?",
                        "answer": value if attribute == "city" else f"The {attribute_words} is {value}.",
                    }
                )
    return made


def stage(method: str, model, processor, folder, forget, retain=None, *, encoder=None, peft_config=None, **changes):
    """A trainer of a method, quiet and in float32, on batches of 8 rows for one epoch unless changed."""
    fields = {
        "output_dir": str(folder),
        "bf16": False,
        "activation_checkpointing": False,
        "per_device_train_batch_size": 8,
        "num_train_epochs": 1,
        "learning_rate": 1e-3,
        **QUIET,
    }
    if method == "simnpo":  # at 2.5 the answers of an untrained model weigh nothing
        fields["beta"] = 0.1
    if method == "rmu":  # the models of the tests have two layers
        fields["layer"] = 2
    return method_entry(method).load()(
        model,
        args=method_entry(method).load().config_class(**{**fields, **changes}),
        train_dataset=forget,
        retain_dataset=retain,
        processing_class=processor,
        encoder=encoder,
        **({} if peft_config is None else {"peft_config": peft_config}),
    )


def plain_step(model, loss: Callable[[], torch.Tensor], rate: float) -> dict[str, torch.Tensor]:
    """The change of each trained parameter that the loss uses under one step of plain gradient descent."""
    parameters = {name: value for name, value in model.named_parameters() if value.requires_grad}
    gradients = torch.autograd.grad(loss(), list(parameters.values()), allow_unused=True)
    result = zip(parameters, gradients, strict=True)
    return {name: -rate * gradient for name, gradient in result if gradient is not None}


def weights_of(model) -> dict[str, torch.Tensor]:
    """A copy of every parameter, whole where the model is sharded."""
    values = ((name, value.detach()) for name, value in model.named_parameters())
    return {name: getattr(value, "full_tensor", value.clone)().clone() for name, value in values}


def collator(processor) -> AnswerCollator:
    """A collator of a processor, without the mark of pictures."""
    return AnswerCollator(RowEncoder(processor))


def row_answers(model, collate, rows) -> list[torch.Tensor]:
    """Per row the (|y|, V) log-probabilities at its answer's tokens, with the tokens; one row at a time."""
    result = []
    for row in rows:
        batch = {name: value.to(model.device) for name, value in collate([row]).items() if name != "row_has_picture"}
        labels = batch.pop("labels")[0]
        indices = (labels[1:] != -100).nonzero().flatten()
        logps = model(**batch).logits[0, :-1].log_softmax(-1)[indices]
        result.append((logps.cpu(), labels[1:][indices].cpu()))
    return result


SGD = {"optim": "sgd", "max_grad_norm": 0.0, "lr_scheduler_type": "constant"}


def tiny(seed: int = 0, **changes):
    """An untrained TinyVLM over `rows()`; its vision tower is not warmed up unless the plan says so."""
    plan = TinyPlan(**{**PLAN.__dict__, **changes})
    return tiny_vlm(rows(), seed, plan=plan)


def idefics3():
    """A random Idefics3 that cuts pictures into tiles, and its processor."""
    tokenizer = tiny_processor(rows(), PLAN).tokenizer
    names = ["<fake_token_around_image>", "<end_of_utterance>", "<global-img>"]
    names += [f"<row_{row}_col_{column}>" for row in (1, 2, 3) for column in (1, 2, 3)]
    tokenizer.add_tokens([AddedToken(name, special=True) for name in names], special_tokens=True)
    template = (
        "<s>{% for message in messages %}{{ message.role | capitalize }}:{% for part in message.content %}"
        "{% if part.type == 'image' %}<image>{% else %}{{ ' ' + part.text }}{% endif %}{% endfor %}<end_of_utterance>\n"
        "{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
    )
    images = Idefics3ImageProcessorPil(size={"longest_edge": 64}, max_image_size={"longest_edge": 32})
    processor = Idefics3Processor(images, tokenizer, image_seq_len=1, chat_template=template)
    config = Idefics3Config(
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 16,
        },
        text_config={
            "model_type": "llama",
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "vocab_size": len(tokenizer),
            "initializer_range": 0.2,
            "pad_token_id": tokenizer.pad_token_id,
        },
        scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(0)
    return Idefics3ForConditionalGeneration(config).eval(), processor
