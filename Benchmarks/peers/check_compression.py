"""Holds what `attune adapter compress --json` predicted against the error of the two files, in float64.

    check_compression.py ADAPTER COMPRESSED REPORT.json

For every layer and for all together: ||dW - dW'|| / ||dW|| by Frobenius, dW = scaling B A formed from the adapter's file and
dW' from the compressed one's, against the report. Needs numpy alone. One JSON line: the two errors of all layers, and of the
layers the largest difference as a part of the error; exit code 1 where that is more than rounding.
"""

import argparse
import json
import os
import re
import sys

import numpy

from common import fail, report

# float32 in the report's decomposition and in the files, a part of the error.
TOLERANCE = 1e-5


def read_tensors(path):
    """{name: float64 matrix} of a safetensors file in F32."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        data = file.read()
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] != "F32":
            fail(f"{path}: {name} is {entry['dtype']}, F32 expected")
        start, end = entry["data_offsets"]
        tensors[name] = numpy.frombuffer(data[start:end], "<f4").reshape(entry["shape"]).astype(numpy.float64)
    return tensors


def changes(folder):
    """{layer: dW in float64} of a PEFT folder."""
    with open(os.path.join(folder, "adapter_config.json")) as file:
        settings = json.load(file)
    tensors = read_tensors(os.path.join(folder, "adapter_model.safetensors"))

    def value(pattern, name, otherwise):
        matching = [found for key, found in (settings.get(pattern) or {}).items() if re.match(rf"(.*\.)?({key})$", name)]
        return matching[0] if matching else otherwise

    result = {}
    for name, a in tensors.items():
        if not name.endswith(".lora_A.weight"):
            continue
        layer = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
        rank, alpha = value("rank_pattern", layer, settings["r"]), value("alpha_pattern", layer, settings["lora_alpha"])
        if rank != len(a):
            fail(f"{folder}: {layer} has rank {len(a)}, its settings say {rank}")
        scaling = alpha / (rank**0.5 if settings.get("use_rslora") else rank)
        result[layer] = scaling * tensors[name.replace("lora_A", "lora_B")] @ a
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("adapter", "compressed", "report"):
        parser.add_argument(name)
    arguments = parser.parse_args()
    full, small = changes(arguments.adapter), changes(arguments.compressed)
    with open(arguments.report) as file:
        predicted = json.load(file)
    layers = {layer["name"]: layer for layer in predicted["layers"]}
    if not full.keys() == small.keys() == layers.keys() or not full:
        fail("the report, the adapter and the compressed one speak of different layers")
    worst, error, norm = 0.0, 0.0, 0.0
    for name, change in full.items():
        squares = [float((matrix**2).sum()) for matrix in (change - small[name], change)]
        measured = (squares[0] / squares[1]) ** 0.5
        worst = max(worst, abs(layers[name]["relative_error"] - measured) / measured)
        error, norm = error + squares[0], norm + squares[1]
    measured = (error / norm) ** 0.5
    difference = abs(predicted["relative_error"] - measured) / measured
    report(
        rank=predicted["rank"], layers=len(layers), predicted=predicted["relative_error"], measured=measured,
        difference=difference, largest_difference_of_a_layer=worst,
    )  # fmt: skip
    if not max(worst, difference) <= TOLERANCE:
        sys.exit(1)


if __name__ == "__main__":
    main()
