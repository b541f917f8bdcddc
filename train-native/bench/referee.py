"""`wellplate judge` and the public referee cell-eval side by side: time, memory and the seven scored metrics.

Makes a pair of files of measured and predicted cells, lets each judge score them in turn, never both at once, each time
in a fresh process that also reads the files, and prints the best turn of each and their ratio. Exits with 1 when the
means of a scored metric differ by more than 1e-4. This script needs Python alone; `--python` needs cell-eval: 0.8 with
pdex 0.2 or later, or 0.6 with pdex 0.1, which `judge --leaderboard` is compared with.

    python train-native/bench/referee.py --python cell-eval/bin/python
    python train-native/bench/referee.py --cells 2000 --genes 2000 --perturbations 10 --controls 200
"""
import argparse
import json
import math
import os
import pathlib
import platform
import shlex
import subprocess
import sys
import tempfile
import threading
import time

SCORED = ["overlap_at_N", "discrimination_score_l1", "mae", "de_spearman_sig", "de_spearman_lfc_sig", "pr_auc",
          "pearson_delta"]
PACKAGES = ["cell-eval", "pdex", "anndata", "scanpy", "numpy", "scipy", "numba", "polars"]
MOST_APART = 1e-4
BLOCK = 1000


# Steps: each runs in a process of its own, started below.

def versions():
    """Of the packages that cell-eval's speed depends on; prints them as JSON."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = {name: version(name) for name in PACKAGES}
    except PackageNotFoundError as error:
        sys.exit(f"{sys.executable} has no {error.name}; name a Python with cell-eval by --python")
    print(json.dumps(found | {"Python": platform.python_version()}))


def draw(settings, seed, path):
    """Writes counts [cells, genes] of controls and perturbations as h5ad; returns mean genes seen in a cell."""
    import anndata
    import numpy as np
    import scipy.sparse

    genes, controls = settings["genes"], settings["controls"]
    share = np.random.default_rng(settings["gene_seed"]).lognormal(0.0, 2.0, genes)
    share /= share.sum()
    names = [f"P{place:03d}" for place in range(settings["perturbations"])]
    labels = ["control"] * controls + [names[i % len(names)] for i in range(settings["cells"] - controls)]
    own, effects = np.random.default_rng(settings["effect_seed"]), {"control": np.ones(genes)}
    for name in names:
        moved = own.choice(genes, settings["effect_genes"], replace=False)
        effects[name] = np.ones(genes)
        effects[name][moved] = own.lognormal(0.0, 0.7, len(moved))
    rng, blocks = np.random.default_rng(seed), []
    for start in range(0, len(labels), BLOCK):
        mean = np.stack([share * effects[label] for label in labels[start : start + BLOCK]])
        mean /= mean.sum(1, keepdims=True)
        depth = rng.lognormal(np.log(settings["depth"]), 0.3, len(mean))
        rate = mean * depth[:, None] * rng.gamma(2.0, 0.5, mean.shape)
        blocks.append(scipy.sparse.csr_matrix(rng.poisson(rate).astype(np.float32)))
    data = anndata.AnnData(scipy.sparse.vstack(blocks, format="csr"))
    data.obs_names, data.var_names = [f"c{i}" for i in range(len(labels))], [f"G{i}" for i in range(genes)]
    data.obs["target_gene"] = labels
    data.obs["target_gene"] = data.obs["target_gene"].astype("category")
    data.write_h5ad(path)
    return data.X.nnz / len(labels)


def make(folder, settings):
    """Both files of the pair: other cells of the same genes and effects. What they are is written last."""
    folder, settings = pathlib.Path(folder), json.loads(settings)
    seen = [draw(settings, settings[f"{side}_seed"], folder / f"{side}.h5ad") for side in ("measured", "predicted")]
    (folder / "settings.json").write_text(json.dumps({"settings": settings, "detected": sum(seen) / len(seen)}))


def score(folder, threads):
    """Means of the seven metrics by cell-eval; prints them as JSON."""
    started = time.perf_counter()
    import logging
    import warnings

    import polars
    from cell_eval import MetricsEvaluator, metrics_registry

    imported = time.perf_counter() - started
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    # The evaluator always writes both tables of tests as CSV; `judge` writes none, so none are written here.
    polars.DataFrame.write_csv = lambda *_, **__: None
    with tempfile.TemporaryDirectory(dir=folder) as out:
        evaluator = MetricsEvaluator(
            adata_pred=f"{folder}/predicted.h5ad", adata_real=f"{folder}/measured.h5ad", control_pert="control",
            pert_col="target_gene", num_threads=int(threads), outdir=out)
        others = [name for name in metrics_registry.list_metrics() if name not in SCORED]
        table, _ = evaluator.compute("full", skip_metrics=others, write_csv=False, break_on_error=True)
        assert not os.listdir(out), "cell-eval wrote files, which this comparison means to leave out"
    assert sorted(table.columns) == sorted(["perturbation", *SCORED]), f"other metrics were computed: {table.columns}"
    # Over the perturbations that have the metric, as `judge` does; cell-eval's own mean is NaN when one has none.
    means = {name: table[name].drop_nulls().drop_nans().mean() for name in SCORED}
    print(json.dumps({"imported": imported, "mean": means}))


def family(root):
    """A process and its descendants."""
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        for path in pathlib.Path(f"/proc/{found[-1]}/task").glob("*/children"):
            try:
                waiting += path.read_text().split()
            except OSError:
                pass
    return found


def together(processes):
    """Resident bytes of processes, where a page that n of them share counts one n-th in each."""
    texts = set()
    for process in processes:
        try:
            texts.add(pathlib.Path(f"/proc/{process}/smaps_rollup").read_text())
        except OSError:
            pass
    # A set: a child between vfork and exec still runs in its parent's memory, which counts once.
    return sum(1024 * int(line.split()[1]) for text in texts for line in text.splitlines() if line.startswith("Pss:"))


def watch(root, ended, found):
    """Looks at the processes until they end, for at most a fiftieth of the time."""
    pause = 0.05
    while not ended.wait(pause):
        started = time.perf_counter()
        processes = family(root)
        found["processes"] = max(found["processes"], len(processes))
        if len(processes) > 1:
            found["together"] = max(found["together"], together(processes))
        pause = max(0.1, 50 * (time.perf_counter() - started))


def measure(*command):
    """Runs a command to its end; prints its time, peak memory and output as JSON.

    Time on the CPU counts descendants too. The peak is the kernel's own, of the largest process. It starts from what
    this process holds, so this one is fresh and has little loaded (16 MB). What several processes hold together is seen
    from time to time only: it may be higher.
    """
    found, ended = {"processes": 1, "together": 0}, threading.Event()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=errors)
        watcher = threading.Thread(target=watch, args=(child.pid, ended, found))
        watcher.start()
        # Not RUSAGE_CHILDREN: that also holds what a launcher of Python ran before it became this process.
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        ended.set()
        watcher.join()
        largest = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        texts = [(stream.seek(0), stream.read().decode(errors="replace"))[1] for stream in (out, errors)]
    print(json.dumps({"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "largest": largest,
                      "together": max(largest, found["together"]), "processes": found["processes"],
                      "status": child.returncode, "output": texts[0], "errors": texts[1][-2000:]}))


STEPS = {step.__name__: step for step in (versions, make, score, measure)}


# The comparison.

def run(command, environment=None):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment)
    except OSError as error:
        sys.exit(f"cannot run {command[0]}: {error.strerror}")
    if done.returncode:
        sys.exit(f"{shlex.join(command[:3])} ended with status {done.returncode}")
    return done.stdout


def timed(command, threads):
    """What `measure` found of a command held to so many threads, with the JSON that it printed last."""
    names = ["RAYON", "NUMBA", "OMP", "OPENBLAS", "MKL"]
    environment = os.environ | {f"{name}_NUM_THREADS": str(threads) for name in names}
    environment |= {"POLARS_MAX_THREADS": str(threads)}
    # Another test than cell-eval's own, in pdex 0.1.
    environment.pop("USE_EXPERIMENTAL", None)
    found = json.loads(run([sys.executable, __file__, "measure", *command], environment))
    if found["status"]:
        sys.exit(f"{found['errors']}\n{shlex.join(command)} ended with status {found['status']}")
    return found | {"json": json.loads(found["output"].strip().splitlines()[-1])}


def pair(folder, arguments):
    """Makes both files, or finds those that an earlier call with the same settings made; mean genes seen in a cell."""
    names = ["cells", "genes", "perturbations", "controls", "effect_genes", "depth", "measured_seed", "predicted_seed",
             "gene_seed", "effect_seed"]
    settings = {name: getattr(arguments, name) for name in names}
    settings["effect_genes"] = min(settings["effect_genes"], settings["genes"])
    if settings["cells"] - settings["controls"] < 2 * settings["perturbations"] or settings["controls"] < 2:
        sys.exit("every perturbation and the control need two cells; raise --cells or lower --perturbations")
    about = folder / "settings.json"
    if about.exists() or any((folder / f"{side}.h5ad").exists() for side in ("measured", "predicted")):
        if not about.exists() or json.loads(about.read_text())["settings"] != settings:
            sys.exit(f"{folder} holds files of other settings, which are not overwritten; name another --folder")
    else:
        run([arguments.python, __file__, "make", str(folder), json.dumps(settings)])
    return json.loads(about.read_text())["detected"]


def apart(mine, theirs):
    """Difference of each scored mean; infinite where a judge has none."""
    def difference(name):
        both = [mine.get(name), theirs.get(name)]
        return abs(both[0] - both[1]) if all(value is not None for value in both) else math.inf
    return {name: difference(name) for name in SCORED}


def machine():
    """Name of the processor, where the system tells, and cores that this process may use."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{named[0] if named else platform.processor() or platform.machine()}, {cores} cores"


def row(name, numbers, digits):
    return f"| {name} | " + " | ".join(f"{number:.{digits}f}" for number in numbers) + " |"


def table(best, names):
    """Markdown: a line for each judge, and how many times as much cell-eval takes."""
    of = lambda found: [found["seconds"], found["cpu"], found["largest"] / 1e9, found["together"] / 1e9]
    lines = ["| | wall, s | CPU, s | peak of the largest process, GB | of all its processes together, GB |",
             "|---|---|---|---|---|"]
    lines += [row(name, of(found), 2) for name, found in zip(names, best)]
    return "\n".join([*lines, row("ratio", [theirs / mine for mine, theirs in zip(*map(of, best))], 1)])


def wanted():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/debug/wellplate", help="whose `judge` is timed")
    parser.add_argument("--python", default=sys.executable, help="Python with cell-eval")
    parser.add_argument("--folder", help="where the files are made and kept; a temporary one when left out")
    parser.add_argument("--repeats", type=int, default=2, help="turns of each")
    parser.add_argument("--threads", type=int, default=2, help="threads of each, and worker processes of pdex 0.1")
    parser.add_argument("--cells", type=int, default=20000, help="of each file, controls among them")
    parser.add_argument("--genes", type=int, default=18080)
    parser.add_argument("--perturbations", type=int, default=100)
    parser.add_argument("--controls", type=int, default=2000, help="control cells of each file")
    parser.add_argument("--effect-genes", type=int, default=400, help="genes that a perturbation moves")
    parser.add_argument("--depth", type=float, default=8000, help="median counts of a cell")
    for name, seed in (("measured", 1), ("predicted", 2), ("gene", 7), ("effect", 11)):
        parser.add_argument(f"--{name}-seed", type=int, default=seed)
    arguments = parser.parse_args()
    if arguments.repeats < 1 or arguments.threads < 1:
        parser.error("--repeats and --threads start at 1")
    return arguments


def compare(arguments, folder):
    load = os.getloadavg()[0]
    packages = json.loads(run([arguments.python, __file__, "versions"]))
    own = run([arguments.binary, "--version"]).strip()
    detected = pair(folder, arguments)
    judge = [arguments.binary, "judge", "--real", str(folder / "measured.h5ad"),
             "--predicted", f"predicted={folder / 'predicted.h5ad'}", "--pert-col", "target_gene",
             "--control", "control", "--ceiling", "none", "--without-energy", "--json"]
    if packages["pdex"].startswith("0.1."):
        judge.append("--leaderboard")
    score = [arguments.python, __file__, "score", str(folder), str(arguments.threads)]
    turns = []
    for turn in range(arguments.repeats):
        turns.append([timed(command, arguments.threads) for command in (judge, score)])
        print("turn {}: {:.2f} and {:.2f} s".format(turn + 1, *(found["seconds"] for found in turns[-1])),
              file=sys.stderr)
    best = [min(runs, key=lambda found: found["seconds"]) for runs in zip(*turns)]
    mean, theirs = best[0]["json"]["entries"][0]["mean"], best[1]["json"]
    print(f"{arguments.cells} cells × {arguments.genes} genes measured and as many predicted, "
          f"{arguments.perturbations} perturbations, {arguments.controls} control cells, {detected:.0f} genes detected "
          f"in a cell; {arguments.threads} threads each, reading the files included, best of {arguments.repeats}\n")
    names = [f"{own} judge", f"cell-eval {packages['cell-eval']}, pdex {packages['pdex']}"]
    print(table(best, names))
    others = ", ".join(f"{name} {packages[name]}" for name in ["Python", *PACKAGES[2:]])
    print(f"\n{machine()}, load {load:.1f} at the start; {others}.")
    print(f"The judge computes {len(mean)} metrics with intervals, cell-eval the seven that are scored without; "
          f"{theirs['imported']:.1f} s of cell-eval's wall time are imports. Most processes seen at a time: "
          f"{best[0]['processes']} and {best[1]['processes']}; what several hold together is sampled, a page that they "
          "share counted once.")
    print(f"\n    {shlex.join(['python', *sys.argv])}\n    {shlex.join(judge)}\n")
    differences = apart(mean, theirs["mean"])
    worst = max(differences, key=differences.get)
    print(f"Largest difference of the seven means: {differences[worst]:.1e} ({worst}).")
    return 0 if differences[worst] <= MOST_APART else 1


def main():
    if sys.argv[1:2] and sys.argv[1] in STEPS:
        return STEPS[sys.argv[1]](*sys.argv[2:])
    arguments = wanted()
    if arguments.folder:
        folder = pathlib.Path(arguments.folder)
        folder.mkdir(parents=True, exist_ok=True)
        return compare(arguments, folder)
    with tempfile.TemporaryDirectory() as folder:
        return compare(arguments, pathlib.Path(folder))


if __name__ == "__main__":
    sys.exit(main())
