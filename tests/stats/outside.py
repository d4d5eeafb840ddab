#!/usr/bin/env python3
"""Every formula of daemon/stats once more, written from its definition, against what the program says: means and variances by Python's exact
`statistics`, the beta and the binomial distribution by R. Usage: outside.py stats_lines [SEED]"""
import functools, json, math, random, shutil, subprocess, sys
from collections import defaultdict
from statistics import fmean, variance as sample_variance

if not shutil.which("Rscript"):
    print("skipped: no Rscript; scripts/setup test installs r-base-core")
    sys.exit(77)

program = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
# An expression a line in, its values with all their digits out.
r = subprocess.Popen(["Rscript", "--vanilla", "-e", 'said <- file("stdin", "r"); while (length(line <- readLines(said, 1)) > 0) { cat(sprintf("%.17g", eval(parse(text = line))), "\n"); flush(stdout()) }'],
                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20261129
chance = random.Random(seed)
compared = defaultdict(int)
largest = defaultdict(float)


def ask(f, **question):
    program.stdin.write(json.dumps({"f": f, **question}) + "\n")
    program.stdin.flush()
    return json.loads(program.stdout.readline())


@functools.lru_cache(None)
def by_r(expression):
    r.stdin.write(expression + "\n")
    r.stdin.flush()
    return [float(x) for x in r.stdout.readline().split()]


def same(f, said, meant, about, within=1e-9):
    if isinstance(meant, (list, tuple)):
        if not isinstance(said, list) or len(said) != len(meant):
            sys.exit(f"{f}: {said} is not {meant}: {about}")
        for a, b in zip(said, meant):
            same(f, a, b, about, within)
        return
    if meant is None or isinstance(meant, (bool, str)) or said is None:
        if said != meant:
            sys.exit(f"{f}: {said} is not {meant}: {about}")
    else:
        apart = abs(said - meant) / max(1.0, abs(meant))
        largest[f] = max(largest[f], apart)
        if not apart <= within:
            sys.exit(f"{f}: {said!r} is not {meant!r}, {apart} apart: {about}")
    compared[f] += 1


def check(f, meant, **question):
    same(f, ask(f, **question), meant, str(question)[:1500])


# The formulas, from their definitions.

def wilson(p, n, z):
    centre, half = (p + z * z / (2 * n)) / (1 + z * z / n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return [max(0.0, centre - half), min(1.0, centre + half)]


def clopper_pearson(k, n, tails):
    low, high = by_r(f"c(qbeta({tails!r}/2, {k}, {n - k + 1}), qbeta({tails!r}/2, {k + 1}, {n - k}, lower.tail = FALSE))")
    return [low, high]


def tail(k, n, p):
    return min(1.0, 2 * min(by_r(f"c(pbinom({k}, {n}, {p!r}), pbinom({k - 1}, {n}, {p!r}, lower.tail = FALSE))")))


def counts(n, p, tails):
    return by_r(f"local({{ k <- 0:{n}; range(k[2*pbinom(k, {n}, {p!r}) >= {tails!r} & 2*pbinom(k - 1, {n}, {p!r}, lower.tail = FALSE) >= {tails!r}]) }})")


def winsorised(z):
    """By rank: the tenth at each end takes the value of the next one."""
    z, cut = sorted(z), len(z) // 10
    return [z[cut]] * cut + z[cut:len(z) - cut] + [z[len(z) - 1 - cut]] * cut


def z_score(n, mean, centre, variance):
    return (mean - centre) / math.sqrt(variance / n) if variance > 0 and n > 0 else 0.0


def spread(groups, centre, variance):
    z = [z_score(n, mean, centre, variance) for n, mean in groups if n >= 10]
    return max(1.0, fmean(x * x for x in winsorised(z))) if len(z) >= 10 else 1.0


def prior(groups, variance):
    large = [(n, mean) for n, mean in groups if n >= 10]
    if len(large) < 2:
        return 20.0
    between = sample_variance([mean for _, mean in large]) - fmean(variance / n for n, _ in large)
    return 200.0 if between <= 0 else min(200.0, max(10.0, variance / between))


def expected_of(ratings, least):
    cells, categories, force = defaultdict(list), defaultdict(list), []
    for category, band, x in ratings:
        for where in (cells[category, band], categories[category], force):
            where.append(x)

    def of(category, band):
        for values in (cells.get((category, band), []), categories.get(category, [])):
            if len(values) >= least:
                return fmean(values)
        return fmean(force) if force else 0.5
    return of


def post_stratify(strata):
    answered = [(big, n, total) for big, n, total in strata if n > 0]
    if not answered or sum(big for big, _, _ in answered) == 0:
        return None
    population, n_all = sum(big for big, _, _ in answered), sum(n for _, n, _ in answered)
    cut = [min(3.0, max(1 / 3, (big / population) / (n / n_all))) for big, n, _ in answered]
    scale = n_all / sum(w * n for w, (_, n, _) in zip(cut, answered))
    weights = [w * scale for w in cut]
    return [sum(w * total for w, (_, _, total) in zip(weights, answered)) / n_all, max(weights)]


def chart(weeks):
    centre = sum(c for c, _ in weeks) / sum(n for _, n in weeks)
    points, sides = [], []
    for c, n in weeks:
        half = 3 * math.sqrt(centre * (1 - centre) / n)
        apart = c / n - centre
        sides.append(0 if abs(apart) <= 1e-12 else 1 if apart > 0 else -1)
        last = sides[-8:]
        points.append([c / n, max(0.0, centre - half), min(1.0, centre + half), abs(apart) > half + 1e-12, len(last) == 8 and abs(sum(last)) == 8])
    return [centre, points]


def judge(shares):
    if sum(n >= 30 for _, n in shares) < 10:
        return [None] * len(shares)
    centre = sum(c for c, _ in shares) / sum(n for _, n in shares)
    variance = centre * (1 - centre)
    phi = spread([(n, c / n if n else 0.0) for c, n in shares], centre, variance)
    out = []
    for c, n in shares:
        if n < 30:
            out.append(None)
            continue
        z, both = z_score(n, c / n, centre, variance), tail(c, n, centre)
        side = lambda limit, tails: 0 if both >= tails or abs(z) <= limit * math.sqrt(phi) + 1e-9 else 1 if z > 0 else -1
        out.append([centre, z, phi, both, side(1.96, 0.05), side(3.09, 0.002)])
    return out


# Random questions.

def formulas():
    for _ in range(400):
        n = chance.choice([1, 2, 5, 9, 30, 200, 5000, 100000])
        k, p, z = chance.randint(0, n), chance.random(), chance.choice([1.0, 1.96, 2.5, 3.09])
        check("wilson", wilson(k / n, n, z), p=k / n, n=n, z=z)
        tails = chance.choice([0.05, 0.002, 0.5])
        check("clopper_pearson", clopper_pearson(k, n, tails), k=k, n=n, tails=tails)
        check("tail", tail(k, n, p), k=k, n=n, p=p)
        check("shrink", (z * 10 * p + k) / (z * 10 + n), e=p, m=z * 10, sum=k, n=n)
        check("limits", [p - z * math.sqrt(2 * p / n), p + z * math.sqrt(2 * p / n)], centre=p, variance=p, n=n, spread=2.0, z=z)
    for _ in range(60):
        n, p, tails = chance.randint(1, 300), chance.random(), chance.choice([0.05, 0.002])
        check("counts", counts(n, p, tails), n=n, p=p, tails=tails)
    for _ in range(200):
        values = [chance.choice([1, 0.5, 0]) for _ in range(chance.randint(1, 400))]
        check("variance", sample_variance(values) if len(values) > 1 else 0.0, n=len(values), sum=sum(values), squares=sum(v * v for v in values))
        groups = [(chance.randint(1, 120), chance.betavariate(8, 1)) for _ in range(chance.choice([0, 1, 3, 9, 10, 11, 25, 60]))]
        variance = chance.choice([0.0, chance.uniform(0.01, 0.25)])
        check("spread", spread(groups, 0.889, variance), groups=groups, centre=0.889, variance=variance)
        check("prior", prior(groups, variance), groups=groups, variance=variance)
        weeks = [(sum(chance.random() < 0.06 for _ in range(n)), n)
                 for n in (chance.randint(1, 90) for _ in range(chance.randint(1, 30)))]
        check("chart", chart(weeks), weeks=weeks)
        shares = [(sum(chance.random() < chance.choice([0.2, 0.24, 0.5]) for _ in range(n)), n) for n in (chance.randint(0, 150) for _ in range(chance.choice([5, 12, 30])))]
        check("judge", judge(shares), shares=shares)
        ratings = [(chance.choice(["01", "02", "08"]), chance.randint(0, 3), chance.choice([1, 1, 1, 0.5, 0])) for _ in range(chance.choice([0, 20, 150, 400]))]
        asked = [(category, band) for category in ("01", "02", "08", "99") for band in range(4)]
        of = expected_of(ratings, 30)
        check("expected", [of(*a) for a in asked], ratings=ratings, asked=asked, least=30)
        strata = [(chance.choice([0, chance.randint(1, 2000)]), n, chance.uniform(0, n)) for n in (chance.choice([0, chance.randint(1, 200)]) for _ in range(chance.randint(1, 40)))]
        check("post_stratify", post_stratify(strata), strata=strata)
        components = [(chance.choice([0.0, chance.random()]), chance.choice([None, chance.random()])) for _ in range(4)]
        weights = sum(w for w, v in components if v is not None)
        check("assess", [sum(w * v for w, v in components if v is not None) / weights, weights / sum(w for w, _ in components)] if weights > 0 else None, components=components)


# Whole reports: from calls to rows, nothing in between but this file.

X = {"satisfied": 1.0, "basically_satisfied": 0.5, "dissatisfied": 0.0}


def some_calls():
    skill = {f"{b:06}": chance.choice([0.7, 0.85, 0.9, 0.97]) for b in range(24)}
    calls = []
    for badge, good in skill.items():
        unit = f"32010{2 + int(badge) % 3}43{int(badge) % 12:02}00"
        for _ in range(chance.choice([4, 20, 60, 150, 150])):
            grade = "satisfied" if chance.random() < good else chance.choice(["basically_satisfied", "dissatisfied"])
            calls.append({"officer": badge, "unit": unit, "category": chance.choice(["010203", "019999", "020000", "080101"]), "hour": chance.randint(0, 23),
                          "grade": grade if chance.random() < 0.6 else None, "delivered": chance.random() < 0.95})
            calls[-1]["grade"] = calls[-1]["grade"] if calls[-1]["delivered"] else None
    return calls


def six(f, said, meant, about):
    same(f, said, meant, about, within=1.0001e-6)


def whole_reports():
    for estimate in (False, True):
        calls = some_calls()
        rated = [c for c in calls if c["grade"]]
        of = expected_of([(c["category"][:2], c["hour"] // 6, X[c["grade"]]) for c in rated], 30)
        force = [X[c["grade"]] for c in rated]
        centre, variance = fmean(force), sample_variance(force)
        by_officer = defaultdict(list)
        for c in rated:
            by_officer[c["officer"]].append(c)
        means = {b: (len(cs), fmean(X[c["grade"]] for c in cs)) for b, cs in by_officer.items()}
        phi, m = spread(list(means.values()), centre, variance), prior(list(means.values()), variance) if estimate else 20.0
        rows = {r["officer"]: r for r in ask("report", calls=calls, report="officers", estimate=estimate)["rows"]}
        assert rows.keys() == {c["officer"] for c in calls}
        enough = sum(n >= 30 for n, _ in means.values()) >= 10
        for badge, row in rows.items():
            cs = by_officer[badge]
            n, xs = len(cs), [X[c["grade"]] for c in cs]
            about = f"officer {badge}: {row}"
            same("report officers", row["n"], n, about)
            if row["rate"] is None:
                assert n < 10 or row["note"] == "withheld", about
                continue
            mean, expected = means[badge][1], fmean(of(c["category"][:2], c["hour"] // 6) for c in cs)
            six("report officers", [row["rate"], row["wilson_low"], row["wilson_high"]], [mean, *wilson(mean, n, 1.96)], about)
            good = sum(x > 0 for x in xs) / n
            six("report officers", [row["positive_share"], row["positive_low"], row["positive_high"]], [good, *wilson(good, n, 1.96)], about)
            six("report officers", [row["expected"], row["shrunk"]], [expected, (m * expected + sum(xs)) / (m + n)], about)
            z = z_score(n, mean, centre, variance)
            place = None if n < 30 or not enough else "within" if abs(z) <= 1.96 * math.sqrt(phi) + 1e-9 else "above" if z > 0 else "below"
            same("report officers", row["funnel"], place, about)
            delivered = sum(c["delivered"] for c in calls if c["officer"] == badge)
            six("report officers", row["response_rate"], n / delivered, about)
        funnel = [r for r in ask("report", calls=calls, report="funnel", estimate=estimate)["rows"] if r["level"] == "officer" and r["z"] is not None]
        bad_share = sum(x == 0 for x in force) / len(force)
        for row in funnel:
            xs = [X[c["grade"]] for c in by_officer[row["code"]]]
            n, bad, good = len(xs), sum(x == 0 for x in xs), sum(x == 1 for x in xs)
            about = str(row)
            half = lambda z: z * math.sqrt(phi * variance / n)
            clamp = lambda v: min(1.0, max(0.0, v))
            six("report funnel", [row["centre"], row["spread"], row["z"]], [centre, phi, z_score(n, fmean(xs), centre, variance)], about)
            six("report funnel", [row["warn_low"], row["warn_high"], row["alarm_low"], row["alarm_high"]], [clamp(centre + s * half(z)) for z in (1.96, 3.09) for s in (-1, 1)], about)
            six("report funnel", [row["satisfied_low"], row["satisfied_high"]], wilson(good / n, n, 1.96), about)
            six("report funnel", [row["dissatisfied_low"], row["dissatisfied_high"]], wilson(bad / n, n, 1.96), about)
            six("report funnel", [row["exact_low"], row["exact_high"]], clopper_pearson(bad, n, 0.05), about)
            six("report funnel", row["dissatisfied_tail"], tail(bad, n, bad_share), about)
            same("report funnel", [row["dissatisfied_within_low"], row["dissatisfied_within_high"]], counts(n, bad_share, 0.05), about)
        assert len(funnel) >= 8, len(funnel)
        response = ask("report", calls=calls, report="response", estimate=estimate)["rows"]
        for row in response:
            key = {"category": lambda c: c["category"][:2], "hour": lambda c: f"{c['hour']:02}", "carrier": lambda c: None,
                   "unit": lambda c: row["value"] if row["value"] in (None, c["unit"], c["unit"][:6] + "000000") else ""}[row["by"]]
            mine = [c for c in calls if key(c) == row["value"]]
            delivered, got = sum(c["delivered"] for c in mine), [c for c in mine if c["grade"]]
            same("report response", row["rated"], len(got), str(row))
            if row["response_rate"] is not None:
                six("report response", [row["response_rate"], row["low"], row["high"]], [len(got) / delivered, *wilson(len(got) / delivered, delivered, 1.96)], str(row))
            if row["weighted_rate"] is not None:
                cells = defaultdict(lambda: [0, 0, 0.0])
                for c in mine:
                    cell = cells[c["category"][:2], c["hour"] // 6]
                    cell[0] += 1
                    if c["grade"]:
                        cell[1] += 1
                        cell[2] += X[c["grade"]]
                six("report response", [row["weighted_rate"], row["largest_weight"]], post_stratify(list(cells.values())), str(row))


formulas()
whole_reports()
program.stdin.close()
if program.wait() != 0:
    sys.exit("the program did not end well")
for f in sorted(compared):
    print(f"{f}: {compared[f]} figures, at most {largest[f]:.1e} apart")
print(f"seed {seed}: {sum(compared.values())} figures agree")
