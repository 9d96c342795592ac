"""Holds adapters of every variant against PEFT: files that Attune wrote, files that PEFT writes, and combinations.

    check_variants.py read  MODEL TEXTS FOLDER NAME…     FOLDER/NAME is an adapter, FOLDER/NAME.npy Attune's vectors of the texts
    check_variants.py write MODEL TEXTS FOLDER           writes FOLDER/NAME for every variant that PEFT has, and its vectors
                                                         FOLDER/NAME.peft.npy; prints the names
    check_variants.py hold  FOLDER NAME…                 FOLDER/NAME.npy, Attune's vectors, against FOLDER/NAME.peft.npy
    check_variants.py combine MODEL FOLDER A B CASES     FOLDER/combined-N against what PEFT makes of A and B by CASES' line N: a
                                                         type, two weights, a density or -, a rank or -, a way to elect signs

One JSON line a result. Exit code 1 where PEFT refuses a file, warns of it, misses a tensor or knows one too many; where a
vector has a cosine below 0.9999 with the other side's; where an adapter changes no vector; where a combination's product is off.
"""

import argparse
import json
import os
import sys
import warnings

from common import fail, read_lines, report, set_threads

LEAST_COSINE = 0.9999
# A vector of an adapter that matters has a cosine below this with the base model's.
VISIBLE = 0.999
# Of a combination's products, as a part of their largest element.
TOLERANCE = 1e-5

FFN = ["query", "value", "intermediate.dense"]
VARIANTS = {
    "lora": dict(r=8, lora_alpha=16, target_modules=["query", "value"]),
    "lora-all-linear": dict(r=4, lora_alpha=8, target_modules="all-linear"),
    "lora-pattern": dict(r=4, lora_alpha=8, target_modules=r".*layer\.[135]\.(attention\.self\.key|output\.dense)"),
    "rslora": dict(r=8, lora_alpha=16, target_modules=FFN, use_rslora=True),
    "dora": dict(r=8, lora_alpha=16, target_modules=FFN, use_dora=True),
    "dora-rslora": dict(r=8, lora_alpha=16, target_modules=["key", "output.dense"], use_dora=True, use_rslora=True),
    "pissa": dict(r=8, lora_alpha=16, target_modules=FFN, init_lora_weights="pissa"),
    "pissa-iterations": dict(r=8, lora_alpha=16, target_modules=FFN, init_lora_weights="pissa_niter_4"),
    "pissa-rslora": dict(r=8, lora_alpha=16, target_modules=FFN, init_lora_weights="pissa", use_rslora=True),
    "olora": dict(r=8, lora_alpha=16, target_modules=FFN, init_lora_weights="olora"),
    "patterns": dict(
        r=4, lora_alpha=8, target_modules=["query", "key", "value", "dense"], exclude_modules=["pooler.dense"],
        rank_pattern={"key": 2, r"layer\.0\.attention\.self\.query": 16},
        alpha_pattern={"attention.output.dense": 4, "value": 12},
    ),
    "pissa-patterns": dict(
        r=4, lora_alpha=8, target_modules=["query", "key"], init_lora_weights="pissa", rank_pattern={"key": 2},
        alpha_pattern={"query": 12},
    ),
    "bias-all": dict(r=8, lora_alpha=16, target_modules=FFN, bias="all"),
    "bias-lora-only": dict(r=8, lora_alpha=16, target_modules=FFN, bias="lora_only"),
    "dora-bias-all": dict(r=8, lora_alpha=16, target_modules=["key", "output.dense"], use_dora=True, bias="all"),
    "layers": dict(
        r=8, lora_alpha=16, target_modules=["query", "value"], layers_to_transform=[1, 4], layers_pattern="layer"
    ),
}  # fmt: skip


def least_cosine(one, two):
    import numpy

    one, two = numpy.asarray(one, numpy.float64), numpy.asarray(two, numpy.float64)
    if one.shape != two.shape:
        fail(f"vectors of {one.shape} beside {two.shape}")
    return float(((one * two).sum(1) / (numpy.linalg.norm(one, axis=1) * numpy.linalg.norm(two, axis=1))).min())


def read(arguments):
    import copy

    import numpy
    from peft import PeftModel

    from encoding import attach_adapter, encode, load_model

    texts = read_lines(arguments.texts)
    base = load_model(arguments.model)
    plain = encode(base, texts)
    failed = False
    for name in arguments.names:
        folder = os.path.join(arguments.folder, name)
        model = copy.deepcopy(base)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            # Every tensor of the file has to arrive in PEFT's model unchanged, none may be missing there.
            attach_adapter(model, folder)
            result = PeftModel.from_pretrained(copy.deepcopy(base[0].auto_model), folder).load_adapter(folder, "default")
        vectors = encode(model.eval(), texts)
        with open(os.path.join(folder, "adapter_config.json")) as file:
            settings = json.load(file)
        # What libraries deprecate of one another is no warning of a file.
        said = [str(one.message) for one in caught if not issubclass(one.category, (FutureWarning, DeprecationWarning))]
        found = dict(
            adapter=name, rank=settings["r"], alpha=settings["lora_alpha"], warnings=said,
            missing=result.missing_keys, unexpected=result.unexpected_keys,
            least_cosine=least_cosine(vectors, numpy.load(folder + ".npy")),
            least_cosine_with_base=least_cosine(vectors, plain),
        )  # fmt: skip
        report(**found)
        failed |= bool(found["warnings"] or found["missing"] or found["unexpected"])
        failed |= not found["least_cosine"] >= LEAST_COSINE or not found["least_cosine_with_base"] < VISIBLE
    return failed


def write(arguments):
    import copy

    import numpy
    import torch
    from peft import LoraConfig, get_peft_model

    from encoding import encode, load_model

    texts = read_lines(arguments.texts)
    base = load_model(arguments.model)
    plain = encode(base, texts)
    generator = torch.Generator().manual_seed(6)
    failed = False
    for name, settings in VARIANTS.items():
        torch.manual_seed(1)
        folder = os.path.join(arguments.folder, name)
        model = copy.deepcopy(base)
        model[0].auto_model.name_or_path = os.path.abspath(arguments.model)
        configuration = LoraConfig(task_type="FEATURE_EXTRACTION", **settings)
        tuned = get_peft_model(model[0].auto_model, configuration)
        conversion, start = {}, folder + "_start"  # the name of an adapter, which a dot cannot be in
        if isinstance(configuration.init_lora_weights, str):
            # PEFT refuses to convert from a start that would be initialised once more when it is loaded.
            warnings.filterwarnings("ignore", "PiSSA|OLoRA")  # not to be used beside others: it is not
            tuned.peft_config["default"].init_lora_weights = True
            tuned.save_pretrained(start)
            tuned.peft_config["default"].init_lora_weights = configuration.init_lora_weights = settings["init_lora_weights"]
            conversion = dict(path_initial_model_for_weight_conversion=start)
        fill(tuned, generator)
        model[0].model = tuned
        # Before it is saved: converting is no part of what the vectors come from.
        vectors = encode(model.eval(), texts)
        tuned.save_pretrained(folder, **conversion)
        numpy.save(folder + ".peft.npy", vectors)
        cosine = least_cosine(vectors, plain)
        print(name, flush=True)
        print(json.dumps(dict(adapter=name, least_cosine_with_base=cosine)), file=sys.stderr)
        failed |= not cosine < VISIBLE
    return failed


def fill(model, generator):
    """Gives every matrix of an adapter values that training could have given it."""
    import torch

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator) if "lora_" in name else None
            if "lora_magnitude_vector" in name:
                parameter.mul_(1 + 0.05 * noise)
            elif noise is not None:
                parameter.add_((0.05 if "lora_B" in name else 0.02) * noise)
            elif parameter.requires_grad:
                parameter.add_(0.02 * torch.randn(parameter.shape, generator=generator))


def hold(arguments):
    import numpy

    failed = False
    for name in arguments.names:
        path = os.path.join(arguments.folder, name)
        cosine = least_cosine(numpy.load(path + ".npy"), numpy.load(path + ".peft.npy"))
        report(adapter=name, least_cosine=cosine)
        failed |= not cosine >= LEAST_COSINE
    return failed


def combine(arguments):
    import torch
    from peft import PeftModel
    from safetensors.torch import load_file

    from encoding import load_model

    first, second = arguments.adapters
    model = PeftModel.from_pretrained(load_model(arguments.model)[0].auto_model, first, adapter_name="a")
    model.load_adapter(second, "b")
    failed = False
    for number, line in enumerate(read_lines(arguments.cases)):
        kind, one, two, density, rank, signs = line.split()
        options = {} if density == "-" else dict(density=float(density), majority_sign_method=signs)
        if rank != "-":
            options["svd_rank"] = int(rank)
        model.add_weighted_adapter(["a", "b"], [float(one), float(two)], "c", combination_type=kind, **options)
        folder = os.path.join(arguments.folder, f"combined-{number}")
        ours = load_file(os.path.join(folder, "adapter_model.safetensors"))
        with open(os.path.join(folder, "adapter_config.json")) as file:
            settings = json.load(file)
        worst, modules = 0.0, 0
        for name, module in model.named_modules():
            if "c" not in getattr(module, "lora_A", {}):
                continue
            theirs = module.scaling["c"] * module.lora_B["c"].weight.double() @ module.lora_A["c"].weight.double()
            a, b = (ours.pop(f"{name}.lora_{factor}.weight").double() for factor in "AB")
            # A combination's scaling is 1 everywhere.
            if not (settings["r"] == settings["lora_alpha"] and settings["rank_pattern"] == settings["alpha_pattern"]):
                fail(f"{folder}: its scaling is not 1")
            worst = max(worst, float((b @ a - theirs).abs().max() / theirs.abs().max()))
            modules += 1
        model.delete_adapter("c")
        report(type=kind, weights=[float(one), float(two)], **options, modules=modules, left_over=len(ours), largest_difference=worst)
        failed |= bool(ours) or not modules or not worst <= TOLERANCE
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    ways = parser.add_subparsers(required=True)
    for way, names in [
        (read, ["model", "texts", "folder", "names"]), (write, ["model", "texts", "folder"]), (hold, ["folder", "names"]),
        (combine, ["model", "folder", "adapters", "cases"]),
    ]:  # fmt: skip
        sub = ways.add_parser(way.__name__)
        for name in names:
            sub.add_argument(name, nargs={"names": "+", "adapters": 2}.get(name))
        sub.set_defaults(way=way)
    arguments = parser.parse_args()
    set_threads(arguments.threads)
    if arguments.way(arguments):
        sys.exit(1)


if __name__ == "__main__":
    main()
