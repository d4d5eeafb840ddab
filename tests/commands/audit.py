#!/usr/bin/env python3
"""An auditor's view: every look at a number and everything done by hand is in it, with who, why, the case and a line that can be proved; no number is.
Usage: audit.py PROGRAM"""
import base64, json, os, re, signal
from police_site import check, play, until

WORDS = "群众来电,他另一个号13611112222"


def story(new_site):
    site = new_site()
    site.init()
    site.start()
    numbers = {name: f"1390000080{n}" for n, name in enumerate(["good", "bad", "worse", "words", "danger", "doubt"])}
    site.carrier.answer = lambda query: (500, "no") if query["to"] == numbers["doubt"] else (202, "0: Accepted for delivery")
    site.post_calls(*[site.call(name, number) for name, number in numbers.items()])
    until(lambda: len(site.carrier.texts) == 5, "all but one are asked")
    until(lambda: site.books()["in_doubt"] == 1, "one is in doubt")
    for name, said in {"good": "1", "bad": "3", "worse": "3", "words": "很满意,谢谢", "danger": "救命 有人要杀我"}.items():
        check(site.reply(numbers[name], said, name, site.carrier.to(numbers[name])[0]["from"])[0] == 200, f"{name} is taken")
    site.reply("13900000899", "请问户籍怎么办理", "letter")
    until(lambda: site.books()["rated"] >= 3 and site.desk.alarms, "they are read")

    def token(scope, name, *more):
        return site.run("token", "create", "--scope", scope, "--name", name, *more).stdout.strip()

    inspector, auditor, officer = token("inspect", "赵督察"), token("audit", "周审计"), token("officer", "王杰", "--badge", "012345")
    second = token("inspect", "钱主任")

    def ask(method, path, who=inspector, **fields):
        status, _, body = site.ask(method, path, json.dumps(fields) if fields else None, who, Content_Type="application/json")
        check(status == 200, f"{method} {path} is {status}", body)
        return json.loads(body)

    # What people do.
    for _ in range(3):
        followups = {f["case_id"]: f["id"] for f in ask("GET", "/v1/followups")["followups"]}
    ask("POST", f"/v1/followups/{followups['bad']}/reveal", reason=WORDS)
    alarm = ask("GET", "/v1/desk")["alarms"][0]["alarm_id"]
    ask("POST", f"/v1/desk/{alarm}/reveal", reason="要派车")
    letter = ask("GET", "/v1/letters")["letters"][0]["id"]
    ask("POST", f"/v1/letters/{letter}/reveal", reason="要回电")
    ask("GET", "/v1/calls/bad")
    review = next(r["id"] for r in ask("GET", "/v1/review")["reviews"] if r["case_id"] == "words")
    choices = {c["decision"]: c["grade"] for c in ask("GET", f"/v1/review/{review}")["choices"]}
    decision = "rated" if "rated" in choices else "corrected"
    ask("POST", f"/v1/review/{review}", decision=decision, grade="basically_satisfied", note="电话核对过")
    appeal = ask("POST", "/v1/appeals", officer, case_id="worse", ground="slip", note="按错了")["id"]
    ask("POST", f"/v1/appeals/{appeal}/propose", outcome="upheld", note="录音属实")
    ask("POST", f"/v1/appeals/{appeal}/confirm", second, note="同意")
    site.run("report", "units", "--raw")
    site.run("hold", "--reason", "查线路", "--by", "张警官")
    site.run("release", "--reason", "好了", "--by", "张警官")
    site.run("resend", "doubt", "--accept-possible-double", "--reason", "运营商查过,没发", "--by", "张警官")
    site.post_calls(site.call("late", "13900000888", closed_at=site.START.isoformat()))
    site.run("hold", "--reason", "再停", "--by", "张警官")
    site.post_calls(site.call("stopped", "13900000887"))
    until(lambda: site.run("cancel", "stopped", "--reason", "民警要求核实", "--by", "张警官", exit=None).returncode == 0, "one is called off")
    site.write("list.csv", "13900000886\n13900000885\n")
    site.run("optout", "import", site.path("list.csv"), "--reason", "名单", "--by", "张警官")
    site.run("optout", "add", "13900000884", "--reason", "来信要求", "--by", "张警官")
    site.run("forget", numbers["good"], "--reason", "本人申请", "--by", "张警官")
    site.configure(sign="XX公安局")
    site.daemon.send_signal(signal.SIGHUP)
    until(lambda: "configuration.changed" in site.said(), "the configuration is taken over")

    # What is told of it.
    report = json.loads(site.run("report", "audit", "--format", "json").stdout)
    rows = report["rows"]

    def row(what, **fields):
        found = [r for r in rows if r["what"] == what and all(fields[f] in str(r[f]) for f in fields)]
        check(found, f"{what} with {fields} is told", [r for r in rows if r["what"] == what], sorted({r["what"] for r in rows}))
        return found[0]

    told = [row("number", who="赵督察", why="他另一个号", case_id="bad", group="reveal"), row("number", who="赵督察", why="要派车", case_id="danger", about=alarm), row("number", why="要回电", about="letter"),
            row("call", who="赵督察", case_id="bad", group="look"), row("review_decided", who="赵督察", why="电话核对过", case_id="words", group="decision"),
            row("appeal_filed", who="王杰", why="按错了", case_id="worse"), row("appeal_proposed", who="赵督察", why="录音属实"), row("appeal_confirmed", who="钱主任", why="同意", about="upheld"),
            row("raw", about="report units", group="override"), row("hold", who="张警官", why="查线路"), row("release", who="张警官", why="好了"), row("resend", who="张警官", why="没发", case_id="doubt"),
            row("cancelled_by_operator", why="民警要求核实", case_id="stopped"), row("opt_out", why="名单", about="2 ×"), row("opt_out", why="来信要求", about="1 ×"),
            row("forget", who="张警官", why="本人申请"), row("configuration", about="XX公安局", group="site"), row("token_created", about="周审计")]
    check(row("followups")["about"] == "3 ×" and len([r for r in rows if r["what"] == "followups"]) == 1, "looks at a list are one row a person and day", row("followups"))
    check([r["ledger"] for r in rows] == sorted(r["ledger"] for r in rows), "in the order of the ledger")

    # Each is a line of the ledger that can be proved.
    for one in told:
        extra = base64.b64decode(site.run("proof", str(one["ledger"])).stdout.split("\nextra ")[1].split("\n")[0]).decode("utf-8", "replace")
        kind = {"number": "access", "call": "access", "raw": "access", "forget": "erased"}.get(one["what"], one["what"])
        kind = "appeal_step" if one["what"] in ("appeal_proposed", "appeal_confirmed") else kind
        check(f":{kind}|" in extra and extra.startswith(f"{one['ledger']}|"), f"line {one['ledger']} is of {kind}", extra)

    # No number, in no format; over HTTP by a scope of its own.
    for format in ("table", "csv", "json"):
        said = site.run("report", "audit", "--format", format).stdout
        check(not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", said) and "王杰" in said, f"no number in {format}", said)
    check("expected json, csv or table" in site.run("report", "audit", "--format", "xlsx", "-o", site.path("x"), exit=None).stderr, "no other format")
    status, _, body = site.ask("GET", "/v1/reports/audit", token=auditor)
    check(status == 200 and len(json.loads(body)["rows"]) >= len(rows), "the auditor reads the same", status, body)
    check(all(site.ask("GET", "/v1/reports/audit", token=t)[0] == 403 for t in (inspector, officer)), "nobody else does")
    check(site.ask("GET", "/v1/followups", token=auditor)[0] == 403 and site.ask("GET", "/v1/reports/units", token=auditor)[0] == 403, "and the auditor nothing else")
    check(json.loads(site.ask("GET", "/v1/reports/audit?from=2026-10-01&to=2026-10-31", token=auditor)[2])["rows"] == [], "of other days there is nothing")
    check(site.ask("GET", "/v1/reports/audit?raw=1", token=auditor)[0] == 400 and site.ask("GET", "/v1/reports/audit?from=x", token=auditor)[0] == 400, "what it does not know is refused")
    rows = json.loads(site.run("report", "audit", "--format", "json").stdout)["rows"]
    check(row("audit", who="周审计")["group"] == "look", "whoever audits is audited")

    # Who was at the call does not learn here that somebody complained.
    party = token("audit", "王杰", "--badge", "012345")
    his = json.loads(site.ask("GET", "/v1/reports/audit", token=party)[2])["rows"]
    about_his = [r for r in his if r["case_id"] or "letter " in str(r["about"])]
    check([r["case_id"] for r in about_his if r["case_id"]] == [] and row("hold"), "nothing about his own calls", about_his)


play(story)
