#!/usr/bin/env python3
"""The ledger in the hands of others: a proof checked without pingjing, a witness that cosigns, a store that was cut or edited, a number
that is forgotten. Usage: ledger.py PROGRAM"""
import os, shutil, sqlite3, subprocess, sys
from police_site import check, play, until

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts")


def script(name, *arguments, given="", exit=0):
    done = subprocess.run([sys.executable, "-B", os.path.join(SCRIPTS, name), *arguments], input=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30)
    check(done.returncode == exit, f"{name} {' '.join(arguments)} ends with {done.returncode}, not {exit}", done.stdout, done.stderr)
    return done.stdout if exit == 0 else done.stderr


def story(new_site):
    site = new_site()
    said = site.init().stderr
    key = said.split("whoever is to check it: ")[1].split()[0]
    site.start()
    number = "13900000001"
    site.post_calls(site.call("a", number), site.call("b", "13900000002"))
    until(lambda: len(site.carrier.texts) == 2, "both are asked")

    # A proof, and the same proof spoilt.
    proof = site.run("proof", "3").stdout
    out = script("check-proof", key, given=proof)
    check(out.startswith("ok: row 3 of "), "the proof holds", out)
    for old, new, why in [("index 2", "index 1", "not in the checkpoint"), ("\nextra ", "\nextra QUJD", "not in the checkpoint"), ("\n— ", "\n— x", "not signed by")]:
        check(why in script("check-proof", key, given=proof.replace(old, new, 1), exit=1), f"a proof with {new!r}")
    checkpoint = proof.split("\n\n", 1)[1]
    size = int(checkpoint.splitlines()[1])
    check("signature does not hold" in script("check-proof", key, given=proof.replace(f"\n{size}\n", f"\n{size + 1}\n"), exit=1), "another size under the same signature")
    site.write("kept", checkpoint)
    script("check-proof", key, site.path("kept"), given=proof)

    # A witness in other hands: first sight, then consistency.
    folder = site.path("witness")
    witness = script("witness", "new", folder, "procuratorate.example/w1").strip()
    check(script("witness", "size", folder) == "0\n", "it has seen nothing")
    first = site.run("checkpoint", "--since", "0").stdout
    cosigned = script("witness", "sign", folder, key, given=first)
    site.write("cosigned", cosigned)
    merged = site.run("cosign", site.path("cosigned"), "--verifier", witness).stdout
    check(merged == cosigned and merged.count("\n— ") == 2, "both signatures are kept", merged)
    check("no signature of the named cosigners" in site.run("cosign", site.path("kept"), "--verifier", witness, exit=2).stderr, "a note that they did not sign")
    site.post_calls(site.call("c", "13900000003"))
    seen = script("witness", "size", folder).strip()
    second = site.run("checkpoint", "--since", seen).stdout
    check(int(script("witness", "sign", folder, key, given=second).splitlines()[1]) > int(seen), "the ledger has grown, and it signs again")
    again = script("witness", "sign", folder, key, given=second.replace(f"old {seen}", "old " + script("witness", "size", folder).strip()), exit=1)
    check("does not begin with" in again or "the proof is too" in again, "not twice by one proof", again)

    # A citizen is forgotten; everything still holds.
    check("reason" in site.run("forget", number, exit=None).stderr, "not without a reason")
    # His text is on its way or was read: asked until it is.
    until(lambda: site.run("forget", number, "--reason", "asked by letter", exit=None).returncode == 0, "forgotten")
    check("nobody" in site.run("forget", "13999999999", "--reason", "x", exit=1).stderr, "a number that was never here")
    out = site.run("verify", "--checkpoint", site.path("kept")).stdout
    check(out.startswith("ok: 3 cases, ") and "were erased" in out and " 0 were erased" not in out, "verify counts what was erased", out)

    # The state of now is kept aside; then life goes on, and a checkpoint of it is kept elsewhere.
    check(site.stop() == 0, "stops")
    shutil.copytree(site.state, site.path("older"))
    site.start()
    site.post_calls(site.call("d", "13900000004"))
    until(lambda: len(site.carrier.texts) >= 3, "life goes on")
    site.write("newest", site.run("checkpoint").stdout)
    check(site.stop() == 0, "stops again")
    site.run("verify", "--checkpoint", site.path("newest"))

    database = sqlite3.connect(os.path.join(site.state, "pingjing.db"))
    # Who has the file has the triggers too.
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'decisions'").fetchall():
        database.execute(f"DROP TRIGGER {name}")
    database.execute("UPDATE decisions SET rule = 'another' WHERE id = 1")
    database.commit()
    database.close()
    check("FAILED rows: decisions row 1 is not as ledger row" in site.run("verify", exit=1).stdout, "an edit is named")

    # The whole folder as it was, journal and all: nothing in it can know.
    shutil.rmtree(site.state)
    shutil.move(site.path("older"), site.state)
    check(site.run("verify").stdout.startswith("ok: "), "by itself it looks whole")
    out = site.run("verify", "--checkpoint", site.path("newest"), exit=1).stdout
    check("are cut off: " + site.path("newest") + " is of " in out, "the checkpoint that was kept elsewhere knows", out)


play(story)
