#!/usr/bin/env python3
"""A folder of nightly files in the hands of others: `pingjing verify --export` and scripts/check-export, which knows nothing of it, say the same of it,
whole and tampered with. Usage: check_export.py PROGRAM"""
import hashlib, json, os, re, shutil, subprocess, sys
from police_site import PROGRAM, check, play, until

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "check-export")
DAY = "2026-11-21"


def read(path):
    with open(path, encoding="utf-8-sig") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def change_manifest(folder, change):
    manifest = json.loads(read(folder + "/manifest.json"))
    change(manifest)
    write(folder + "/manifest.json", json.dumps(manifest))


def with_new_hashes(folder, file):
    """What somebody does who knows how the files hang together, and has no key."""
    write(f"{folder}/{file}", read(f"{folder}/{file}").replace("012345", "054321"))
    hashes = {f: hashlib.sha256(open(f"{folder}/{f}", "rb").read()).hexdigest() for f in os.listdir(folder) if f != "manifest.json"}
    counted = [f for f in sorted(hashes) if not f.startswith(("balance.", "signals.")) and f.endswith((".csv", ".json"))]
    figures = hashlib.sha256("".join(f"{f} {hashes[f]}\n" for f in counted).encode()).hexdigest()
    change_manifest(folder, lambda m: m.update(files=hashes, figures_sha256=figures))


def two_say(folder, key, *proofs):
    ours = subprocess.run([PROGRAM, "verify", "--export", folder, "--key", key, *(w for p in proofs for w in ("--proof", p))], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    theirs = subprocess.run([sys.executable, "-B", SCRIPT, key, folder, *proofs], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    said = ours.stdout + ours.stderr + "---\n" + theirs.stdout + theirs.stderr
    check("Traceback" not in theirs.stderr and ours.returncode in (0, 1), "both end with a sentence", said)
    check((ours.returncode == 0) == (theirs.returncode == 0), f"both say the same of {os.path.basename(folder)}: {ours.returncode}, {theirs.returncode}", said)
    return ours.returncode == 0, said


def spoil(site, name, exports, key, act, *proofs, why=""):
    copy = site.path("copy-" + re.sub(r"\W+", "-", name))
    shutil.copytree(exports, copy, symlinks=True)
    act(copy)
    holds, said = two_say(copy, key, *proofs)
    check(not holds and why in said, f"{name}: it is found out", said)


def story(new_site):
    site = new_site()
    key = site.init().stderr.split("whoever is to check it: ")[1].split()[0]
    site.start()
    numbers = [f"1390000060{n}" for n in range(7)]
    site.post_calls(*[site.call(f"c{n}", number) for n, number in enumerate(numbers)])
    until(lambda: len(site.carrier.texts) == len(numbers), "all are asked")
    exports = site.path("out")
    rate = lambda which: [site.reply(numbers[n], "1", f"m{n}", site.carrier.to(numbers[n])[0]["from"]) for n in which]
    rate(range(5))
    until(lambda: site.books()["rated"] == 5, "five are ratings")
    site.run("export", "--date", DAY, "--out", exports)
    rate(range(5, 7))
    until(lambda: site.books()["rated"] == 7, "two more are ratings")
    site.run("export", "--date", DAY, "--out", exports)
    v1, v2 = (f"{exports}/{DAY}/v{n}" for n in (1, 2))
    check(os.path.isdir(v2), "the second is a version of its own", os.listdir(f"{exports}/{DAY}"))

    # Whole: as a tree, a day, one version; what the files alone do not say is said.
    for folder in (exports, f"{exports}/{DAY}", v2):
        holds, said = two_say(folder, key)
        check(holds and f"ok {DAY}/v2: " in said, "it is as it was written", said)
        check("not said by these files" in said, "what is still to be proved", said)
    check(subprocess.run([PROGRAM, "verify", "--export", exports], capture_output=True, timeout=60).returncode == 2, "without a key nothing is proved")
    check(subprocess.run([PROGRAM, "verify"], capture_output=True, timeout=60).returncode == 2, "a site or a folder is needed")
    check(not two_say(site.path("nowhere"), key)[0], "nothing is not a version")

    # Proofs beside the files: these figures are on record, and the ledger of today begins with both cuts.
    for version in (v1, v2):
        write(version + ".proof", site.run("proof", f"{DAY}/{os.path.basename(version)}").stdout)
    sizes = [json.loads(read(v + "/manifest.json"))["ledger"]["size"] for v in (v1, v2)]
    grown = []
    for n, size in enumerate(sizes):
        grown.append(site.path(f"grown{n}"))
        write(grown[n], site.run("checkpoint", "--since", str(size)).stdout)
    holds, said = two_say(exports, key, *grown)
    check(holds and "not said" not in said and said.count("on record in row") == 4 and said.count(f"begins with") == 4, "everything is proved", said)
    as_json = subprocess.run([PROGRAM, "verify", "--export", exports, "--key", key, "--format", "json"], stdout=subprocess.PIPE, text=True, timeout=60).stdout
    check(json.loads(as_json)["ok"] and json.loads(as_json)["versions"] == 2, "and told to a program", as_json)

    # Tampered with.
    def in_v2(act):
        return lambda copy: act(f"{copy}/{DAY}/v2")

    def note_of(folder):
        return json.loads(read(folder + "/manifest.json"))["checkpoint"]

    for name, act, why in [
        ("a figure", in_v2(lambda v: write(v + "/units.csv", read(v + "/units.csv") + "x\n")), "units.csv is not what the manifest says"),
        ("a file away", in_v2(lambda v: os.remove(v + "/force.json")), "force.json is missing"),
        ("a file more", in_v2(lambda v: write(v + "/extra.csv", "x\n")), "extra.csv is not in the manifest"),
        ("a link", in_v2(lambda v: (shutil.move(v + "/units.csv", v + "/../u"), os.symlink("../u", v + "/units.csv"))), "units.csv is missing"),
        ("a figure and its hashes", in_v2(lambda v: with_new_hashes(v, "officers.csv")), "has other figures on record"),
        ("no manifest", in_v2(lambda v: os.remove(v + "/manifest.json")), "manifest.json is missing"),
        ("a manifest cut off", in_v2(lambda v: write(v + "/manifest.json", read(v + "/manifest.json")[:300])), "manifest.json is missing or no"),
        ("no signature", in_v2(lambda v: change_manifest(v, lambda m: m.pop("checkpoint"))), "its checkpoint"),
        ("a signature spoilt", in_v2(lambda v: change_manifest(v, lambda m: m.update(checkpoint=m["checkpoint"].replace(f"\n{sizes[1]}\n", f"\n{sizes[1] + 1}\n")))), "signature does not hold"),
        ("another size", in_v2(lambda v: change_manifest(v, lambda m: m["ledger"].update(size=sizes[1] + 1))), "of another ledger or cut"),
        ("another root", in_v2(lambda v: change_manifest(v, lambda m: m["ledger"].update(root="00" * 32))), "of another ledger or cut"),
        ("the cut of v1", lambda copy: change_manifest(f"{copy}/{DAY}/v2", lambda m: m.update(checkpoint=note_of(f"{copy}/{DAY}/v1"))), "of another ledger or cut"),
        ("another day", lambda copy: os.rename(f"{copy}/{DAY}", f"{copy}/2026-11-20"), "its manifest is of"),
        ("a version in another's place", lambda copy: (shutil.rmtree(f"{copy}/{DAY}/v2"), shutil.copytree(f"{copy}/{DAY}/v1", f"{copy}/{DAY}/v2")), "its manifest is of"),
        ("latest", lambda copy: write(f"{copy}/{DAY}/latest", "v1\n"), "`latest` names another"),
        ("counted earlier", in_v2(lambda v: change_manifest(v, lambda m: m.update(as_of="2026-11-01T00:00:00Z"))), ""),
        ("a proof of another row", lambda copy: write(f"{copy}/{DAY}/v2.proof", read(f"{copy}/{DAY}/v2.proof").replace("\nindex ", "\nindex 1", 1)), "a proof"),
    ]:
        spoil(site, name, exports, key, act, why=why)
    write(site.path("bent"), read(grown[0]).replace(f"old {sizes[0]}", f"old {sizes[1]}"))
    spoil(site, "a proof bent", exports, key, lambda copy: None, site.path("bent"), why="does not begin with")
    other = new_site()
    stranger = other.init().stderr.split("whoever is to check it: ")[1].split()[0]
    check(not two_say(exports, stranger)[0], "by another key nothing holds")


play(story)
