"""A stand-in for vLLM, which needs a CUDA GPU: `LLM` and `SamplingParams` over the generation of transformers.

It takes the arguments of vLLM's classes that lethebench passes, and refuses all others. The prompt's token ids have one
placeholder for each picture, which is expanded here as vLLM does.
"""

from dataclasses import dataclass

import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

ENGINES: list[dict] = []
"""The arguments of every `LLM`, and the requests that it answered."""


@dataclass(frozen=True, kw_only=True)
class SamplingParams:
    n: int = 1
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    repetition_penalty: float = 1.0
    seed: int | None = None
    stop_token_ids: list[int] | None = None
    max_tokens: int = 16


@dataclass(frozen=True)
class CompletionOutput:
    index: int
    text: str
    token_ids: tuple[int, ...]


@dataclass(frozen=True)
class RequestOutput:
    prompt_token_ids: list[int]
    outputs: list[CompletionOutput]


class LLM:
    def __init__(
        self,
        model: str,
        *,
        seed: int = 0,
        dtype: str = "auto",
        revision: str | None = None,
        gpu_memory_utilization: float = 0.9,
        limit_mm_per_prompt: dict[str, int] | None = None,
        max_model_len: int | None = None,
    ) -> None:
        if max_model_len is not None and max_model_len < 8:
            raise ValueError("max_model_len is too small\nfor the model")
        self.model = AutoModelForImageTextToText.from_pretrained(model, dtype=dtype).eval()
        self.processor = AutoProcessor.from_pretrained(model)
        self.facts = {"model": model, "dtype": dtype, "limit": limit_mm_per_prompt, "share": gpu_memory_utilization}
        ENGINES.append(self.facts)

    def generate(self, prompts, sampling_params=None, *, use_tqdm=True, lora_request=None) -> list[RequestOutput]:
        single = isinstance(sampling_params, SamplingParams)
        parameters = [sampling_params] * len(prompts) if single else sampling_params
        assert len(prompts) == len(parameters)
        self.facts.setdefault("requests", []).append(parameters)
        return [self._answer(*pair) for pair in zip(prompts, parameters, strict=True)]

    def _answer(self, prompt: dict, parameters: SamplingParams) -> RequestOutput:
        assert prompt.keys() <= {"prompt_token_ids", "multi_modal_data"}
        pictures = prompt.get("multi_modal_data", {}).get("image", [])
        assert len(pictures) <= self.facts["limit"]["image"]
        placeholder = self.model.config.image_token_id
        assert prompt["prompt_token_ids"].count(placeholder) == len(pictures)
        inputs, size = {}, 0
        if pictures:
            inputs = dict(self.processor.image_processor(pictures, return_tensors="pt"))
            vision = self.model.config.vision_config
            size = (vision.image_size // vision.patch_size) ** 2
        repeats = [size if token == placeholder else 1 for token in prompt["prompt_token_ids"]]
        ids = [t for t, count in zip(prompt["prompt_token_ids"], repeats, strict=True) for _ in range(count)]
        outputs = []
        for index in range(parameters.n):
            torch.manual_seed((parameters.seed or 0) + index)
            how = {"do_sample": False} if parameters.temperature == 0 else {"do_sample": True, "top_k": 0, "top_p": 1.0}
            if parameters.temperature:
                how["temperature"] = parameters.temperature
            out = self.model.generate(
                input_ids=torch.tensor([ids]),
                attention_mask=torch.ones(1, len(ids), dtype=torch.long),
                **inputs,
                **how,
                max_new_tokens=parameters.max_tokens,
                eos_token_id=parameters.stop_token_ids,
                pad_token_id=0,
            )
            new = tuple(out[0, len(ids) :].tolist())
            outputs.append(CompletionOutput(index, self.processor.tokenizer.decode(new), new))
        return RequestOutput(ids, outputs)
