#!/usr/bin/env python3
"""How the reader reads labelled replies: `confusion.py PROGRAM [--accuracy A] [--wrong] FILE…`, rows of tests/data.

Prints what is asked of it and the confusion table; --wrong lists the rows that are read otherwise. Ends with 1 where fewer than A are
right, or a dissatisfied reply is read as satisfied. A row is right when the label read is its label or one that it accepts.
"""
import json
import subprocess
import sys
from collections import Counter

BAD, GOOD = {"dissatisfied", 1, 2}, {"satisfied", 4, 5}


def rows_of(files):
    return [dict(json.loads(line), id=f"{n}.{i}") for n, file in enumerate(files) for i, line in enumerate(open(file, encoding="utf-8"))]


def read(program, rows):
    lines = "".join(json.dumps({k: r[k] for k in ("id", "text", "scale")}) + "\n" for r in rows)
    out = subprocess.run([program, "parse", "--jsonl"], input=lines, capture_output=True, text=True, check=True, timeout=120).stdout
    return [json.loads(line) for line in out.splitlines()]


def share(name, hits, of):
    print(f"{name:34s} {hits:5d} of {of:5d} = {hits / of if of else 0:.4f}")


def main(arguments):
    wrong, least = "--wrong" in arguments, 0.0
    arguments = [a for a in arguments if a != "--wrong"]
    if "--accuracy" in arguments:
        at = arguments.index("--accuracy")
        least = float(arguments[at + 1])
        del arguments[at:at + 2]
    if len(arguments) < 2:
        sys.exit(__doc__)
    rows = rows_of(arguments[1:])
    pairs = list(zip(rows, read(arguments[0], rows)))
    right = [p["label"] == r["label"] or p["label"] in r.get("accept", ()) for r, p in pairs]
    hidden = sum(r["label"] in BAD and p["label"] in GOOD for r, p in pairs)
    share("right", sum(right), len(rows))
    share("dissatisfied read as satisfied", hidden, sum(r["label"] in BAD for r, _ in pairs))
    share("emergency missed", sum(bool(r.get("emergency")) and not p["emergency"] for r, p in pairs), sum(bool(r.get("emergency")) for r in rows))
    share("false emergency", sum(not r.get("emergency") and p["emergency"] for r, p in pairs), sum(not r.get("emergency") for r in rows))
    share("opt-out missed", sum(r["label"] == "opt_out" and p["label"] != "opt_out" for r, p in pairs), sum(r["label"] == "opt_out" for r in rows))
    share("false opt-out", sum(r["label"] != "opt_out" and p["label"] == "opt_out" for r, p in pairs), sum(r["label"] != "opt_out" for r in rows))
    share("none read as a rating", sum(r["label"] == "none" and p["label"] in BAD | GOOD | {"basically_satisfied", 3} and not ok for (r, p), ok in zip(pairs, right)),
          sum(r["label"] == "none" for r in rows))
    table = Counter((str(r["label"]), str(r["label"] if ok else p["label"])) for (r, p), ok in zip(pairs, right))
    names = [n for n in ("satisfied", "basically_satisfied", "dissatisfied", "opt_out", "help", "none", "ambiguous", "5", "4", "3", "2", "1") if any(n in k for k in table)]
    print("\nlabel \\ read       " + "".join(f"{n[:9]:>10s}" for n in names))
    for a in names:
        print(f"{a:19s}" + "".join(f"{table[a, b] or '.':>10}" for b in names))
    for (r, p), ok in zip(pairs, right):
        if wrong and not (ok and bool(r.get("emergency")) == p["emergency"]):
            print(json.dumps([r["text"], r["label"], p["label"], p["why"]], ensure_ascii=False))
    sys.exit(hidden > 0 or sum(right) < least * len(rows))


main(sys.argv[1:])
