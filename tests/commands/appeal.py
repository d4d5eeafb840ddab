#!/usr/bin/env python3
"""民警申诉 by the command and by HTTP, with a daemon and without. Usage: appeal.py PROGRAM"""
import json
from police_site import check, play, until


def story(new_site):
    site = new_site(more="[followup]\nappeal_days = 5\nappeal_decision_days = 5\n")
    site.init()
    site.start()
    numbers = ["13900000401", "13900000402", "13900000403"]
    site.post_calls(*[site.call(name, number) for name, number in zip("abc", numbers)])
    until(lambda: len(site.carrier.texts) == 3, "all are asked")
    answers = {"a": "3", "b": "1"}  # nobody answers about c
    for name, number in zip("ab", numbers):
        check(site.reply(number, answers[name], "m" + name, site.carrier.to(number)[0]["from"])[0] == 200, "an answer is taken")
    until(lambda: site.books()["rated"] == 2, "both are rated")

    def officer_row():
        row = json.loads(site.run("report", "officers", "--raw", "--format", "json").stdout)["rows"][0]
        return row["satisfied"], row["basically_satisfied"], row["dissatisfied"]

    check(officer_row() == (1, 0, 1), "the officer has a 1 and a 3", officer_row())

    def token(scope, name, *more):
        return site.run("token", "create", "--scope", scope, "--name", name, *more).stdout.strip()

    check("space" in site.run("token", "create", "--scope", "inspect", "--name", "赵督察 ", exit=None).stderr, "a name with a space behind it is no name")
    officer = token("officer", "王杰", "--badge", "012345", "--unit", "320102430000")
    another = token("officer", "陈", "--badge", "054321", "--unit", "320102430000")
    station = token("inspect", "李所长", "--unit", "320102430000")
    district = token("inspect", "赵督察", "--unit", "320102000000", "--badge", "900001")
    again = token("inspect", "赵 某", "--unit", "320100000000", "--badge", "900001")
    city = token("inspect", "钱主任", "--unit", "320100000000")

    def ask(method, path, who, **fields):
        status, _, body = site.ask(method, path, json.dumps(fields) if fields else None, who, Content_Type="application/json")
        return status, json.loads(body)

    def file(who, case, ground="slip"):
        return ask("POST", "/v1/appeals", who, case_id=case, ground=ground, note="群众来电说按错了")

    # Of his own calls, on one of four grounds; an answer tells nothing of a rating.
    check(file(None, "a")[0] == 401 and file(district, "a")[0] == 403, "an appeal is an officer's or a unit's")
    check(file(another, "a")[0] == 404, "not another officer's")
    check(file(officer, "a", "unwelcome")[0] == 400, "that the result is unwelcome is no ground")
    filed = {}
    for case in "ac":
        status, filed[case] = file(officer, case)
        check(status == 200 and filed[case]["state"] == "open", "an appeal is filed", filed[case])
    check(filed["a"].keys() == filed["c"].keys() and "rating" not in filed["a"], "rated or not, the answer is the same", filed)
    check(file(officer, "a")[0] == 409, "a call is appealed once")
    check(officer_row() == (1, 0, 0), "the 3 is left out until it is decided", officer_row())
    mine = ask("GET", "/v1/appeals?state=all", officer)[1]["appeals"]
    check([set(row) for row in mine] == [set(filed["a"])] * 2 and {row["state"] for row in mine} == {"open"}, "and so is what he sees", mine)

    # 督察 of a higher level, two persons.
    where = f"/v1/appeals/{filed['a']['id']}"
    check(ask("GET", where, station)[0] == 404, "his station does not see it")
    status, seen = ask("GET", where, district)
    check(status == 200 and seen["rating"] == "dissatisfied" and seen["said"][0]["text"] == "3", "督察 sees what was rated and said", seen)
    check(ask("POST", where + "/propose", officer, outcome="upheld", note="x")[0] == 403, "the officer decides nothing")
    check(ask("POST", where + "/propose", district, outcome="upheld", note="回访时本人说按错了")[0] == 200, "one proposes")
    check(ask("POST", where + "/confirm", district)[0] == 403, "and does not confirm")
    check(ask("POST", where + "/confirm", again)[0] == 403, "nor by another token of his badge")
    check("appeals         2 open, 0 overdue" in site.run("status").stdout, "status counts them")
    listed = site.run("appeal", "list").stdout
    check(listed.count("slip") == 2 and "proposed" in listed and "dissatisfied" in listed, "the list", listed)
    status, seen = ask("POST", where + "/confirm", city, note="同意")
    check(status == 200 and seen["state"] == "upheld", "another one confirms", seen)
    check(ask("GET", where, officer)[1] == dict(filed["a"], state="upheld"), "the officer hears how it ended and nothing else")
    check(officer_row() == (1, 0, 0), "the 3 is out of his score", officer_row())
    rows = json.loads(site.run("report", "appeals", "--raw", "--format", "json").stdout)["rows"]
    check((rows[0]["taken_out"], rows[0]["rated"], rows[0]["taken_out_share"]) == (1, 2, 0.5), "and counted openly", rows)
    check("1 were taken out" in site.run("report", "force", "--raw").stdout, "in a note of the scores, too")
    told = site.run("explain", "a").stdout
    check("appeal 复核同意 confirmed: " in told and "回访时本人说按错了" in told and "申诉成立已剔除" in told, "explain tells the story", told)

    # The same handlers where no daemon runs: a paper, and one that is not upheld.
    check(site.stop() == 0, "the daemon ends")
    out = site.run("appeal", "file", "b", "--badge", "012345", "--ground", "malice", "--note", "纸质申诉", "--as", "孙文书").stdout
    check("about case b: malice, open" in out, "what was handed in on paper", out)
    check(officer_row() == (0, 0, 0), "the 1 is left out as well", officer_row())
    check("decided by" not in out and "there is no appeal" in site.run("appeal", "propose", "3", "--as", "孙文书", "--outcome", "upheld", "--note", "x", exit=1).stderr, "who typed it in has filed it")
    check("--outcome" in site.run("appeal", "propose", "3", "--outcome", "withdrawn", "--note", "x", exit=2).stderr, "what may be proposed")
    check("proposed not_upheld" in site.run("appeal", "propose", "3", "--as", "周督察", "--outcome", "not_upheld", "--note", "没有证据").stdout, "one proposes")
    check("nobody confirms" in site.run("appeal", "confirm", "3", "--as", "周督察 ", exit=1).stderr, "however he spells himself")
    check("filed" in site.run("appeal", "return", "3", "--as", "吴督察", "--note", "再听一遍录音").stdout, "another one does not agree")
    check("nothing is proposed" in site.run("appeal", "confirm", "3", "--as", "郑督察", exit=1).stderr, "so there is nothing to confirm")
    site.run("appeal", "propose", "3", "--as", "吴督察", "--outcome", "not_upheld", "--note", "听过了,没有证据")
    check("not_upheld" in site.run("appeal", "confirm", "3", "--as", "周督察").stdout, "now the first one confirms")
    check(officer_row() == (1, 0, 0), "and the 1 counts again", officer_row())
    check("再听一遍录音" in site.run("appeal", "show", "3").stdout, "with every step")
    check(site.run("appeal", "list", "--all").stdout.count("upheld") == 2, "the decided ones are listed, too")
    check(site.books()["holds"] and site.run("verify").stdout.startswith("ok: "), "books and ledger hold")

    # One that is taken back, by the officer himself and from paper.
    check("about case c" in site.run("appeal", "show", "2").stdout, "the one that is open still")
    check(site.run("appeal", "withdraw", "2", "--badge", "054321", "--note", "x", "--as", "孙文书", exit=1).stderr.count("no such appeal of yours") == 1, "not for another officer")
    check("--note" in site.run("appeal", "withdraw", "2", "--badge", "012345", exit=2).stderr, "and not without a reason")
    site.start()
    where = f"/v1/appeals/{filed['c']['id']}"
    check(ask("POST", where + "/withdraw", another, note="x")[0] == 404 and ask("POST", where + "/withdraw", district, note="x")[0] == 403, "nor by anybody else")
    check(ask("POST", where + "/withdraw", officer, note="听过录音")[1]["state"] == "withdrawn", "the officer takes his back")
    check(ask("POST", where + "/propose", district, outcome="upheld", note="x")[0] == 409, "and nobody decides about it")
    check(file(officer, "c")[0] == 409, "nor does he file it again")
    check("nothing is open" in site.run("appeal", "list").stdout and "withdrawn" in site.run("appeal", "list", "--all").stdout, "the list")
    site.post_calls(site.call("d", "13900000404"))
    filed["d"] = file(officer, "d")[1]
    out = site.run("appeal", "withdraw", str(filed["d"]["id"]), "--badge", "012345", "--note", "纸质撤回", "--as", "孙文书").stdout
    check("withdrawn" in out, "from paper", out)
    check("appeal 撤回 withdrawn: control/孙文书" in site.run("explain", "d").stdout, "explain says so")
    check(json.loads(site.run("report", "appeals", "--raw", "--format", "json").stdout)["rows"][0]["withdrawn"] == 2, "and they are counted")
    check("appeals         0 open, 0 overdue" in site.run("status").stdout, "status has none left")
    check(site.books()["holds"] and site.run("verify").stdout.startswith("ok: "), "books and ledger hold")
    check(site.stop() == 0, "the daemon ends")

    # A month later it is too late.
    late = new_site(speed=1)
    late.environment["PINGJING_CLOCK"] = "2026-12-15T10:00:00+08:00"
    late.init()
    late.start()
    late.post_calls(late.call("old", numbers[0], reported_at="2026-11-27T09:00:00+08:00", closed_at="2026-11-27T10:00:00+08:00"))
    out = late.run("appeal", "file", "old", "--unit", "320102430000", "--ground", "slip", "--note", "x", "--as", "孙文书", exit=1).stderr
    check("too late: an appeal about this call could be filed until 2026-12-10T10:00:00+08:00" in out, "the limit is said", out)


play(story)
