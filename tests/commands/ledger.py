#!/usr/bin/env python3
"""The ledger in the hands of others: a proof checked without pingjing, a witness that cosigns, a store that was cut or edited, a number
that is forgotten. Usage: ledger.py PROGRAM"""
import json, os, shutil, sqlite3, subprocess, sys
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
    # What somebody hands in by mistake: a sentence and no trace of the program.
    cut = proof.split("\n\n", 1)[0] + "\n"
    for wrong, given, why in [("nonsense", proof, "not a verifier key"), (key.replace("+", "+0", 1), proof, "contradicts itself"), (key[:-8], proof, "verifier key"), (key, "", "no proof on stdin"),
                              (key, cut, "cut off"), (key, proof[:-30], "signature"), (key, proof.rsplit("\n— ", 1)[0], "cut off"), (key, cut.replace("index 2", "index two") + "\n" + checkpoint, "no number"),
                              (key, checkpoint, "not a proof")]:
        said = script("check-proof", wrong, given=given, exit=1)
        check(said.startswith("FAILED: ") and why in said and "Traceback" not in said, f"a proof that is wrong: {why}", said)
    check("cannot read" in script("check-proof", key, site.path("nowhere"), given=proof, exit=1), "a checkpoint that is not there")
    site.write("kept", checkpoint)
    script("check-proof", key, site.path("kept"), given=proof)

    # A witness in other hands: first sight, then consistency.
    folder = site.path("witness")
    witness = script("witness", "new", folder, "procuratorate.example/w1").strip()
    check(script("witness", "size", folder) == "0\n", "it has seen nothing")
    check("is there already" in script("witness", "new", folder, "procuratorate.example/w1", exit=1), "a key is never written over")
    with open(os.path.join(folder, "verifier"), encoding="utf-8") as kept:
        check(kept.read().strip() == witness, "and is the one it was")
    first = site.run("checkpoint", "--since", "0").stdout
    cosigned = script("witness", "sign", folder, key, given=first)
    site.write("cosigned", cosigned)
    merged = site.run("cosign", site.path("cosigned"), "--verifier", witness).stdout
    check(merged == cosigned and merged.count("\n— ") == 2, "both signatures are kept", merged)
    check("no signature of the named cosigners" in site.run("cosign", site.path("kept"), "--verifier", witness, exit=2).stderr, "a note that they did not sign")
    check("is our own key" in site.run("cosign", site.path("kept"), "--verifier", key, exit=2).stderr, "our own key is no second party")
    site.post_calls(site.call("c", "13900000003"))
    seen = script("witness", "size", folder).strip()
    second = site.run("checkpoint", "--since", seen).stdout
    check(int(script("witness", "sign", folder, key, given=second).splitlines()[1]) > int(seen), "the ledger has grown, and it signs again")
    again = script("witness", "sign", folder, key, given=second.replace(f"old {seen}", "old " + script("witness", "size", folder).strip()), exit=1)
    check("does not begin with" in again or "the proof is too" in again, "not twice by one proof", again)

    # A citizen is forgotten; everything still holds.
    check("reason" in site.run("forget", number, exit=None).stderr, "not without a reason")
    # His text is on its way or was read: asked until it is.
    said = []

    def forgotten():
        done = site.run("forget", "-", "--reason", "asked by letter", "--by", "张警官", input=number + "\n", exit=None)
        said.append(done.stdout)
        return done.returncode == 0
    until(forgotten, "forgotten")
    check("forgotten: 1 cases" in said[-1] and "the number is erased" in said[-1] and "still recognised" in said[-1] and "left: grades" in said[-1], "what is gone and what is left is said", said[-1])
    told = site.run("explain", "a").stdout
    check("遗忘号码 forget by control/张警官 「asked by letter」" in told, "who forgot it and why", told)
    check("nobody" in site.run("forget", "13999999999", "--reason", "x", exit=1).stderr, "a number that was never here")
    out = site.run("verify", "--checkpoint", site.path("kept")).stdout
    check(out.startswith("ok: 3 cases, ") and "were erased" in out and " 0 were erased" not in out, "verify counts what was erased", out)
    check("\nsignatures checked\n" in out, "and says that signatures were looked at", out)

    # The state of now is kept aside; then life goes on, and a checkpoint of it is kept elsewhere.
    check(site.stop() == 0, "stops")
    shutil.copytree(site.state, site.path("older"))
    site.start()
    site.post_calls(site.call("d", "13900000004"))
    until(lambda: len(site.carrier.texts) >= 3, "life goes on")
    site.write("newest", site.run("checkpoint").stdout)
    check(site.stop() == 0, "stops again")
    site.run("verify", "--checkpoint", site.path("newest"))

    # Without the key nothing is known of signatures; under another one the ledger says so.
    ledger_key = os.path.join(site.path("keys"), "ledger.key")
    os.rename(ledger_key, site.path("ledger.key"))
    out = site.run("verify").stdout
    check("signatures not checked: no ledger.key here" in out, "what was not looked at is said", out)
    check(json.loads(site.run("verify", "--format", "json").stdout)["signatures"] == "signatures not checked: no ledger.key here", "to a program too")
    site.init()
    out = site.run("verify").stdout
    check("by the 2 keys that the ledger names" in out and f"  from row 1 on by {key}" in out, "both keys are named", out)
    os.replace(site.path("ledger.key"), ledger_key)
    site.run("verify")

    # An index that says something else than its table: the row is changed and nobody who asks by the number's row finds it.
    path = os.path.join(site.state, "pingjing.db")
    shutil.copy(path, site.path("whole.db"))
    database = sqlite3.connect(path)
    entry = database.execute("SELECT * FROM sqlite_master WHERE name = 'messages_phone'").fetchone()
    database.execute("PRAGMA writable_schema = ON")
    database.execute("DELETE FROM sqlite_master WHERE name = 'messages_phone'")
    database.execute("PRAGMA schema_version = 1000")
    database.commit()
    database.close()
    database = sqlite3.connect(path)
    database.execute("UPDATE messages SET phone_id = 999 WHERE id = 2")
    database.execute("PRAGMA writable_schema = ON")
    database.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", entry)
    database.execute("PRAGMA schema_version = 1001")
    database.commit()
    database.close()
    check("FAILED file: " in site.run("verify", exit=1).stdout, "an edited index is named")
    os.replace(site.path("whole.db"), path)

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
