"""Training speed side by side: this project's trainer and the same network in PyTorch.

Runs `wellplate bench --preset ... --json`, then the network of `pytorch.py` with the same sizes, batch, parts,
number type and device, and so on in turn; prints the best of each and their ratio. Needs torch.

    python train-native/bench/compare.py --preset page --genes 9015
    python train-native/bench/compare.py --preset paper-85m --genes 18080 --device cuda --binary ./wellplate
"""
import argparse
import json
import subprocess
import sys

import pytorch


def ours(arguments):
    command = [arguments.binary, "bench", "--json", "--preset", arguments.preset, "--genes", str(arguments.genes)]
    command += ["--device", "cuda" if arguments.device == "cuda" else "flex"]
    for name in ("batch", "accumulate"):
        if getattr(arguments, name):
            command += [f"--{name}", str(getattr(arguments, name))]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/debug/wellplate", help="the trainer")
    parser.add_argument("--preset", default="page")
    parser.add_argument("--genes", type=int, default=9015)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--accumulate", type=int)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--rounds", type=int, default=2, help="turns of each")
    parser.add_argument("--no-compile", action="store_true", help="PyTorch without torch.compile")
    arguments = parser.parse_args()
    mine, theirs = [], []
    for turn in range(arguments.rounds):
        mine.append(ours(arguments))
        theirs.append(pytorch.measure(mine[-1], arguments.device, compiled=not arguments.no_compile))
        print(f"turn {turn + 1}: {mine[-1]['cells_per_second']:.1f} and {theirs[-1]['cells_per_second']:.1f} cells/s",
              file=sys.stderr)
    best = [max(runs, key=lambda run: run["cells_per_second"]) for runs in (mine, theirs)]
    about = best[0]
    print(f"{arguments.preset}, {arguments.genes} genes, {about['batch']} cells per step in {about['accumulate']} parts, "
          f"{about['precision']}, {arguments.device}; best of {arguments.rounds}\n")
    print("| | cells/s | GFLOP/s | loss of the last step, nats per gene |\n|---|---|---|---|")
    # The same arithmetic is counted for both, which do the same.
    flops = about["gflops"] / about["cells_per_second"]
    names = ("this trainer", theirs[0]["name"])
    for name, run in zip(names, best):
        speed = run["cells_per_second"]
        print(f"| {name} | {speed:.1f} | {speed * flops:.1f} | {run['nats']:.4f} |")
    print(f"\nratio {best[0]['cells_per_second'] / best[1]['cells_per_second']:.2f}")


if __name__ == "__main__":
    main()
