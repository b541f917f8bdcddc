"""Writes the network of a bundle as ONNX files for onnxruntime-web, with the cells and numbers that they are run on.

`hidden.onnx` and `decode.onnx` are one step of sampling; `golden.onnx` gives the logits that the bundle's golden file
knows. `about.json` says sizes, the order of genes, and what the golden pass reads and should give. The PyTorch network
has to agree with the golden file before anything is written.

    python export.py BUNDLE OUT          needs torch, onnx, onnxscript and safetensors
"""
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from network import MASK, PADDING, Decode, Golden, Hidden, Table

# Logits are up to 40; sums in another order differ by some 1e-5.
CLOSE = 1e-3
OPSET = 18


def write(model, inputs, names, outputs, path):
    """Batches of any size: the first dimension of every input and output is free."""
    batch = torch.export.Dim("batch", min=1, max=256)
    shapes = tuple({0: batch} for _ in inputs)
    program = torch.onnx.export(model, inputs, dynamo=True, opset_version=OPSET, dynamic_shapes=shapes,
                                input_names=names, output_names=outputs, external_data=False, verbose=False)
    program.save(str(path))


def main():
    bundle, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    card = json.loads((bundle / "bundle.json").read_text())
    config, weights = card["model"], load_file(bundle / "weights.safetensors")
    # Bytes with a step for every row.
    weights["gene_embedding"] = weights["gene_embedding"].float() * weights["gene_embedding.step"].float()[:, None]
    golden = load_file(bundle / "golden.safetensors")
    table = Table(config, weights)
    hidden, decode, known = (part.eval() for part in (Hidden(table), Decode(table), Golden(table, golden["genes"].long())))

    cells, genes = golden["tokens"].shape
    placed = torch.cat([golden["tokens"].long(), torch.full((cells, 1), PADDING)], 1)[:, table.place]
    # No factor is drawn and no library size is asked for in a golden pass.
    rest = (torch.zeros(cells, config["summary"]), torch.zeros(cells, 1), torch.full((cells, 1), 1e9))
    inputs = (placed.int(), golden["conditions"].int(), *rest)
    with torch.no_grad():
        logits = known(*inputs)
        there = golden["logits"] > -1e8
        furthest = (logits - golden["logits"])[there].abs().max().item()
        if furthest > CLOSE or not torch.equal(there, logits > -1e8):
            sys.exit(f"the PyTorch network is not the bundle's: logits differ by {furthest}")
        print(f"PyTorch {torch.__version__}: logits differ from the bundle's golden pass by {furthest:.1e} at most")

        # Two cells: a size of one would be taken for fixed.
        twice = tuple(torch.cat([own, own]) for own in inputs)
        names = ["tokens", "conditions", "factors", "low", "high"]
        states = hidden(*twice)
        write(hidden, twice, names, ["groups", "shifts", "shapes"], out / "hidden.onnx")
        uniforms = torch.rand(len(twice[0]), len(table.place))
        write(decode, (*states, uniforms), ["groups", "shifts", "shapes", "uniforms"], ["drawn"], out / "decode.onnx")
        write(known, twice, names, ["logits"], out / "golden.onnx")

    of_cell = {"tokens": placed.flatten().tolist(), "conditions": golden["conditions"].flatten().tolist(),
               "logits": golden["logits"].flatten().tolist()}
    about = {"config": config, "cells": cells, "positions": len(table.place), "place": table.place.tolist(),
             "mask": MASK, "padding": PADDING, "steps": card["steps"], "golden": of_cell}
    (out / "about.json").write_text(json.dumps(about))


if __name__ == "__main__":
    main()
