#!/usr/bin/env python3
"""What becomes of a 3, by the command and by HTTP, with a daemon and without. Usage: followup.py PROGRAM"""
import json
from police_site import check, play, until


def story(new_site):
    site = new_site()
    site.init()
    site.start()
    number = "13900000301"
    site.post_calls(site.call("a", number))
    until(lambda: len(site.carrier.texts) == 1, "the caller is asked")
    check(site.reply(number, "3 \x1b[2J等了两个小时", "m1", site.carrier.to(number)[0]["from"])[0] == 200, "a 3 is taken")
    until(lambda: "opened" in site.run("followup", "list").stdout, "a follow-up is open")
    rows = json.loads(site.run("followup", "list", "--format", "json").stdout)["followups"]
    check(len(rows) == 1 and rows[0]["phone"] == "139****0301", "the list has the number only in part", rows)
    one = str(rows[0]["id"])

    # Whose steps they are.
    officer = site.run("token", "create", "--scope", "inspect", "--name", "王杰", "--badge", "012345").stdout.strip()
    inspector = site.run("token", "create", "--scope", "inspect", "--name", "赵督察", "--unit", "320100000000").stdout.strip()
    desk = site.run("token", "create", "--scope", "desk", "--name", "值班").stdout.strip()
    said = json.dumps({"outcome": "reached", "note": "他说没有人解释"})
    where = f"/v1/followups/{one}/call"
    for token, status in [(None, 401), (desk, 403), (officer, 404), (inspector, 200), (inspector, 409)]:
        got, headers, body = site.ask("POST", where, said, token, Content_Type="application/json")
        check(got == status, f"POST {where} answers {status}", got, body)
    for method, path, body in (("GET", f"/v1/followups/{one}", None), ("POST", f"/v1/followups/{one}/reveal", json.dumps({"reason": "x"}))):
        check(site.ask(method, path, body, officer, Content_Type="application/json")[0] == 404, "who was there learns nothing")
    check("topic: expected" in site.run("followup", "verify", one, "--as", "赵督察", "--finding", "valid", "--note", "seen", exit=2).stderr, "a finding needs a topic")
    out = site.run("followup", "verify", one, "--as", "赵督察", "--finding", "partly", "--topic", "response_speed", "--place", "栖霞路12号", "--note", "118 分钟").stdout
    check("\x1b" not in out, "what a citizen wrote does not paint the screen", repr(out))
    check("verified" in out and "等了两个小时" in out and "118 分钟" in out, "what he wrote and what was found", out)
    check("rectifying" in site.run("followup", "order", one, "--as", "赵督察", "--person", "所长").stdout, "a work order")
    check("--reason" in site.run("followup", "reveal", one, "--as", "赵督察", exit=2).stderr, "a number needs a reason")
    check(site.run("followup", "reveal", one, "--as", "赵督察", "--reason", "再次回访").stdout.strip() == number, "and is shown for one")

    # It stands in the register: for 督察 as a case, for leaders as a sum, and one complaint is none.
    leader = site.run("token", "create", "--scope", "leader", "--name", "局长").stdout.strip()
    own = site.run("token", "create", "--scope", "officer", "--name", "王杰", "--badge", "012345").stdout.strip()
    check("栖霞路12号" in site.run("report", "register", "--cases", "--week", "2026-W47").stdout, "the inspector's rows")
    check("出警速度" in site.run("report", "register", "--raw").stdout and "出警速度" not in site.run("report", "register").stdout, "a sum of one")
    for target, token, status in (("register", leader, 200), ("register?cases=1", leader, 403), ("register?cases=1", inspector, 200), ("register", own, 403), ("mine", own, 200),
                                  ("mine", leader, 403), ("officers", leader, 403), ("units", leader, 200)):
        got, _, body = site.ask("GET", "/v1/reports/" + target, None, token)
        check(got == status, f"GET {target} answers {status}", got, body)
        check(status != 200 or token == inspector or "response_speed" not in body, "nothing of one caller", body)

    # A name stands in the open beside the step: no number in it, nor a page.
    site.run("followup", "reveal", one, "--as", "13812345678 " + "很" * 500, "--reason", "再次回访")
    looks = json.loads(site.run("followup", "show", one, "--format", "json").stdout)["reveals"]
    check([look["reason"] for look in looks] == ["再次回访"] * 2, "who was shown the number, and why", looks)
    check(looks[1]["who"].startswith("control/138****5678") and len(looks[1]["who"]) < 120, "the name is hidden and short", looks[1])

    # Who wishes no call was promised that none comes: it is seen before the number is. Times are those of the wall.
    quiet = "13900000302"
    site.post_calls(site.call("b", quiet))
    until(lambda: len(site.carrier.to(quiet)) == 1, "another caller is asked")
    check("DO NOT CALL BACK" not in site.run("followup", "list").stdout, "nobody has said so")
    site.reply(quiet, "3 不要回访", "m2", site.carrier.to(quiet)[0]["from"])
    listed = until(lambda: next((line for line in site.run("followup", "list").stdout.splitlines() if "  b  " in line), None), "his follow-up is open")
    check("勿回访 DO NOT CALL BACK" in listed and "+08:00" in listed, "the list says so", listed)
    other = listed.split()[0]
    shown = site.run("followup", "show", other).stdout
    check("勿回访 DO NOT CALL BACK: the caller wishes no call" in shown and shown.count("+08:00") > 1 and "Z" not in shown, "so does the one", shown)
    check("the caller wishes no call" in site.run("followup", "reveal", other, "--as", "赵督察", "--reason", "回访").stderr, "and what shows the number")
    check(not [t for t in site.carrier.to(quiet) if "与您电话联系" in t["text"]], "he is not told that he will be called", site.carrier.to(quiet))
    for step in (("verify", "--as", "赵督察", "--finding", "invalid", "--topic", "response_speed", "--note", "看过录像"), ("review", "--as", "钱主任", "--agreed", "yes"), ("close", "--as", "赵督察")):
        site.run("followup", step[0], other, *step[1:])

    # The same handlers where no daemon runs.
    check(site.stop() == 0, "the daemon ends")
    check("rectified" in site.run("followup", "rectify", one, "--as", "所长", "--note", "增派警力").stdout, "the unit reports")
    check("nobody reviews his own" in site.run("followup", "review", one, "--as", "所长", "--agreed", "yes", exit=1).stderr, "two people")
    check("reviewed" in site.run("followup", "review", one, "--as", "钱主任", "--agreed", "yes").stdout, "another one agrees")
    check(", due" in site.run("followup", "tell", one, "--as", "赵督察", "--how", "sms").stdout, "he is to be told by text")
    site.start()
    until(lambda: len([t for t in site.carrier.to(number) if "12389" in t["text"]]) == 1, "and is")
    check("closed" in site.run("followup", "close", one, "--as", "赵督察", "--note", "无异议").stdout, "nothing is owed any more")
    check("nothing is open" in site.run("followup", "list").stdout, "the list is empty")
    check("closed" in site.run("followup", "list", "--all").stdout, "and with all of them is not")
    told = site.run("explain", "a").stdout
    check("赵督察" in told and "增派警力" in told, "explain tells who did what", told)
    check(site.books()["holds"] and site.run("verify").stdout.startswith("ok: "), "books and ledger hold")


play(story)
