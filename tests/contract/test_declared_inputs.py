"""What processors return and models declare differs: lists, other precisions and values that `generate` refuses."""

import pytest
import torch
from tiny_models import picture, tokenizer

from lethebench.contract.models import as_declared, generation_inputs
from lethebench.contract.processors import processor_inputs
from lethebench.contract.tokens import encode


class Model:
    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        pixel_values: torch.Tensor | None = None,
        sizes: list[int] | None = None,
        grid: list[list[int]] | None = None,
        **options: object,
    ) -> None: ...

    def prepare_inputs_for_generation(self, token_type_ids: torch.Tensor | None = None) -> None: ...


class Processor:
    def __init__(self, pictures):
        self.tokenizer = tokenizer()
        self.pictures = pictures

    def apply_chat_template(self, messages, add_generation_prompt=False, **options):
        return messages[0]["content"][-1]["text"] + " Answer:" * add_generation_prompt

    def __call__(self, text, images=None, **options):
        if isinstance(self.pictures, Exception):
            raise self.pictures
        return {"input_ids": torch.ones(1, 3, dtype=torch.long), **self.pictures}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_pictures_in_half_precision_become_float32(dtype):
    inputs = processor_inputs(Processor({"pixel_values": torch.ones(1, 3, dtype=dtype)}), "text", ["picture"])
    assert inputs["pixel_values"].dtype == torch.float32
    assert inputs["input_ids"].dtype == torch.long


@pytest.mark.parametrize("value", [[0, 2], [[1, 1], [2, 1]]])
def test_lists_become_tensors_and_lists_again_for_the_model(value):
    name = "sizes" if isinstance(value[0], int) else "grid"
    inputs = processor_inputs(Processor({name: value, "pixel_values": torch.ones(1, 3)}), "text", ["picture"])
    assert inputs[name].tolist() == value
    declared = as_declared(Model(), inputs)
    assert declared[name] == value
    assert isinstance(declared["pixel_values"], torch.Tensor)


def test_generation_gets_no_values_per_token_that_the_model_ignores():
    ids = torch.ones(1, 3, dtype=torch.long)
    pictures = {"pixel_values": torch.ones(2, 3), "sizes": torch.tensor([1, 2])}
    inputs = {"input_ids": ids, "token_type_ids": ids, "mm_token_type_ids": ids, **pictures}
    taken = generation_inputs(Model(), inputs)
    assert list(taken) == ["input_ids", "token_type_ids", "pixel_values", "sizes"]
    assert taken["sizes"] == [1, 2]


@pytest.mark.parametrize("error", [ValueError("1 token, 2 images"), TypeError("transpose() takes 2"), KeyError("size")])
def test_rows_that_a_processor_cannot_process_are_refused_in_one_line(error):
    row = {"id": "a", "question": "Who?", "images": [picture(1)]}
    with pytest.raises(ValueError, match=r"^a: Processor cannot process its .*; leave out the row"):
        encode(Processor(error), [row], [[]])
