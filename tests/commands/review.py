#!/usr/bin/env python3
"""A person decides about citizens' texts, by the command and by HTTP, with a daemon and without. Usage: review.py PROGRAM"""
import json
import os
from police_site import check, play, until


def story(new_site):
    site = new_site()
    site.init()
    site.start()
    numbers = ["13900000201", "13900000202"]
    site.post_calls(site.call("a", numbers[0]), site.call("b", numbers[1]))
    until(lambda: len(site.carrier.texts) == 2, "both are asked")
    for n, number in enumerate(numbers):
        check(site.reply(number, "很满意", f"w{n}", site.carrier.to(number)[0]["from"])[0] == 200, "words are taken")
    until(lambda: site.books()["rated"] == 2, "both are ratings from words")

    listed = site.run("review", "list", "--kind", "words").stdout
    check(listed.count("「很满意」") == 2 and numbers[0] not in listed and "139****0201" in listed, "the list has the words, and numbers only in part", listed)
    ids = [r["id"] for r in json.loads(site.run("review", "list", "--format", "json").stdout)["reviews"]]
    check("expected words" in site.run("review", "list", "--kind", "word", exit=2).stderr, "an unknown kind")
    shown = site.run("review", "show", str(ids[0])).stdout
    check(f"pingjing review decide {ids[0]} corrected --grade" in shown, "it says what there is to choose from", shown)
    check("grade: expected" in site.run("review", "decide", str(ids[0]), "corrected", "--as", "钱主任", exit=2).stderr, "a correction needs a grade")
    check("there is no review 99" in site.run("review", "show", "99", exit=1).stderr, "a number that is none")

    for variable in ("USER", "SUDO_USER"):
        site.environment.pop(variable, None)
    check("is somebody's" in site.run("review", "decide", str(ids[0]), "none", exit=1).stderr, "nobody decides without a name")

    # Who was there does not decide; an inspector does.
    officer = site.run("token", "create", "--scope", "inspect", "--name", "王杰", "--badge", "012345").stdout.strip()
    inspector = site.run("token", "create", "--scope", "inspect", "--name", "赵督察", "--unit", "320102000000").stdout.strip()
    desk = site.run("token", "create", "--scope", "desk").stdout.strip()
    decision = json.dumps({"decision": "corrected", "grade": "basically_satisfied", "note": "电话里说只是一般"})
    where = f"/v1/review/{ids[0]}"
    for token, status in [(None, 401), (desk, 403), (officer, 403), (inspector, 200), (inspector, 409)]:
        got, headers, body = site.ask("POST", where, decision, token, Content_Type="application/json")
        check(got == status, f"POST {where} answers {status}", got, body)
        check(status == 200 or headers["Content-Type"] == "application/problem+json", "refused by a problem document", headers)
    check("/赵督察 at " in body, "who decided is named to the second", body)

    # The same handlers where no daemon runs.
    check(site.stop() == 0, "the daemon ends")
    out = site.run("review", "decide", str(ids[1]), "confirmed", "--as", "钱主任", "--note", "听过录音").stdout
    check("by control/钱主任: confirmed 「听过录音」" in out, "what was decided is said", out)
    check("was decided by control/钱主任" in site.run("review", "decide", str(ids[1]), "none", "--as", "孙七", exit=1).stderr, "once")
    check(site.run("review", "list").stdout == "", "nothing is left to decide")
    force = json.loads(site.run("report", "officers", "--raw", "--format", "json").stdout)["rows"][0]
    check((force["satisfied"], force["basically_satisfied"], force["unconfirmed"]) == (1, 1, 0), "both count for the officer", force)
    told = site.run("explain", "a").stdout
    check("corrected 基本满意 basically_satisfied 「电话里说只是一般」" in told, "explain tells who decided, and why", told)
    check(site.books()["holds"] and site.run("verify").stdout.startswith("ok: "), "books and ledger hold")


def suggested(new_site):
    """A text that stays open is shown with what an outside program thinks of it; the score is as before."""
    site = new_site()
    opinion = site.path("opinion")
    with open(opinion, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\ngrep -q 好坏参半 || exit 1\necho '{\"suggestion\":\"dissatisfied\"}'\necho secret-of-the-program >&2\n")
    os.chmod(opinion, 0o700)
    with open(site.path("pingjing.toml"), encoding="utf-8") as file:
        text = file.read()
    with open(site.path("pingjing.toml"), "w", encoding="utf-8") as file:
        file.write(text.replace("[desk]", f'[reader]\nassist = "exec {opinion}"\n[desk]', 1))
    site.init()
    site.start()
    site.post_calls(site.call("c", "13900000203"))
    until(lambda: len(site.carrier.texts) == 1, "asked")
    check(site.reply("13900000203", "好坏参半", "s1", site.carrier.to("13900000203")[0]["from"])[0] == 200, "words are taken")
    until(lambda: "程序建议" in site.run("review", "list").stdout, "the suggestion is in the list")
    row = json.loads(site.run("review", "list", "--format", "json").stdout)["reviews"][0]
    check((row["kind"], row["suggestion"], row["rating"]) == ("ambiguous", "dissatisfied", None), "beside the text, and no rating", row)
    check("program of [reader] assist: dissatisfied" in site.run("review", "show", str(row["id"])).stdout, "shown too")
    check(site.books()["rated"] == 0, "nothing is rated by it")
    check(site.stop() == 0, "the daemon ends")
    check(site.run("verify").stdout.startswith("ok: "), "the ledger holds")


play(lambda new_site: (story(new_site), suggested(new_site)))
