"""Loading with sentence-transformers and PEFT, and encoding in float32 with length-sorted batches."""

import os

from common import fail, sorted_batches


def load_model(path, limit=None, adapter=None):
    """The model of a sentence-transformers folder in float32, with a PEFT adapter on it where one is given.

    Every tensor of the adapter's file must have arrived in the model unchanged, and none may be missing: PEFT itself
    only warns about that.
    """
    import torch
    from sentence_transformers import SentenceTransformer

    if not os.path.isdir(path):
        fail(f"no model folder at {path}")
    model = SentenceTransformer(path, device="cpu", model_kwargs={"dtype": torch.float32})
    if limit is not None:
        model.max_seq_length = limit
    if adapter is not None:
        attach_adapter(model, adapter)
    return model.eval()


def attach_adapter(model, folder):
    import torch
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors.torch import load_file

    file = os.path.join(folder, "adapter_model.safetensors")
    for needed in (file, os.path.join(folder, "adapter_config.json")):
        if not os.path.isfile(needed):
            fail(f"{folder} is no PEFT adapter: {os.path.basename(needed)} is missing")
    try:
        tuned = PeftModel.from_pretrained(model[0].auto_model, folder, is_trainable=False)
        stored = load_file(file)
    except Exception as problem:
        fail(f"PEFT refuses {folder}: {problem}")
    loaded = get_peft_model_state_dict(tuned)
    if stored.keys() != loaded.keys():
        fail(
            f"{folder}: the file has {len(stored)} tensors and PEFT expects {len(loaded)}; "
            f"the first difference is {min(stored.keys() ^ loaded.keys())}"
        )
    for name, tensor in stored.items():
        if not torch.equal(tensor.float(), loaded[name].float()):
            fail(f"{folder}: {name} did not arrive unchanged")
    model[0].model = tuned


def encode(model, texts, budget=2048, rows=64):
    """[B, D] float32 in the order of `texts`, through all modules of the model, longest texts first."""
    import numpy
    import torch

    tokenizer = model.tokenizer
    with torch.inference_mode(), torch.autocast("cpu", enabled=False):
        lengths = [
            len(ids)
            for start in range(0, len(texts), 1024)
            for ids in tokenizer(
                texts[start : start + 1024], truncation=True, max_length=model.max_seq_length, padding=False
            )["input_ids"]
        ]
        vectors = numpy.empty((len(texts), model.get_embedding_dimension()), dtype=numpy.float32)
        for batch in sorted_batches(lengths, budget, rows):
            features = tokenizer(
                [texts[index] for index in batch],
                truncation=True,
                max_length=model.max_seq_length,
                padding=True,
                return_tensors="pt",
            )
            vectors[batch] = model(dict(features))["sentence_embedding"].float().numpy()
    return vectors
