"""Makes the corpus of the fuzz targets from the project's fixtures, and from small files of the field where they are.

Run: python cells/fuzz/make_corpus.py
"""
from pathlib import Path
from shutil import copyfile

here = Path(__file__).parent
fixtures = here.parent / "fixtures"
wild = here.parent.parent.parent / "shared" / "data" / "wild"
faults = wild.parent / "faults"
LARGEST = 64_000


def take(target, paths):
    folder = here / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        if path.stat().st_size <= LARGEST:
            copyfile(path, folder / path.name)
    return folder


take("h5ad", [path for folder in [fixtures, wild, faults] for path in sorted(folder.glob("*.h5[am][du]"))])
take("h5ad", sorted(fixtures.glob("*.h5mu")))
take("tenx", [path for folder in [fixtures, wild, faults] for path in sorted(folder.glob("*.h5"))])
folder = take("mtx", [])
texts = {
    "plain": ("integer", "1 1 3\n3 2 1\n", "E1\tA\tGene Expression\nE2\tB\tGene Expression\nE3\tC\tAntibody Capture\n", "x\ny\n"),
    "float": ("float", "1 1 3.5\n3 2 1\n", "A\nB\nC\n", "x\ny\n"),
    "header": ("real", "1 1 1\n3 2 2\n", "gene_id,gene_name,genome\nE1,A,hg38\nE2,B,hg38\nE3,C,mm10\n", "bc,s\nx,1\ny,\n"),
    "quoted": ("integer", "1 1 1\n3 2 2\n", '"","x"\n"1","A"\n"2","B"\n"3","C"\n', '"x"\n"y"\n'),
    "blank": ("integer", "1 1 1\n3 2 2\n", "\nE1 A\nE2 B\nE3 C\n", "\ufeffx\r\ny\r\n"),
}
for name, (kind, entries, features, barcodes) in texts.items():
    head = f"%%MatrixMarket matrix coordinate {kind} general\n%\n3 2 2\n"
    (folder / name).write_text(f"{head}{entries}----\n{features}----\n{barcodes}", newline="")
for own in sorted(wild.glob("*/")) if wild.is_dir() else []:
    parts = [own / name for name in ["matrix.mtx", "features.tsv", "barcodes.tsv"]]
    if all(part.is_file() for part in parts):
        (folder / own.name).write_bytes(b"----\n".join(part.read_bytes() for part in parts))
