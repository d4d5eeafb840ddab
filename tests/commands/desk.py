#!/usr/bin/env python3
"""An emergency that nobody takes for a while, and letters, by the commands and by HTTP, with a daemon and without. Usage: desk.py PROGRAM"""
import json, time
from police_site import DeskOfPolice, check, play, until


def emergencies(site, chief):
    number = "13900000301"
    site.post_calls(site.call("a", number))
    until(lambda: len(site.carrier.texts) == 1, "she is asked")
    sent = time.monotonic()
    check(site.reply(number, "救命 他拿刀 别回电", "e1", site.carrier.to(number)[0]["from"])[0] == 200, "her text is taken")
    until(lambda: site.desk.alarms, "the desk hears of it")
    check(time.monotonic() - sent < 5, "within seconds")
    until(lambda: chief.alarms, "nobody took it: the chief hears of it")
    waited = time.monotonic() - sent
    check(waited >= 2, "on the real clock, though the site's runs a thousand times as fast", waited)
    until(lambda: len(site.desk.alarms) > 1 and len(chief.alarms) > 1, "nobody took it still: both are told again")
    alarm = site.desk.alarms[0]["alarm_id"]
    check({a["alarm_id"] for a in site.desk.alarms + chief.alarms} == {alarm}, "by the same id")
    check(all(a["do_not_contact"] for a in chief.alarms) and chief.alarms[0]["phone"] == number, "with all that the desk needs", chief.alarms)

    shown = site.run("desk", "list").stdout
    check(number in shown and "DO NOT CALL BACK" in shown and "NOT TAKEN" in shown and "escalated at" in shown, "the list says how it stands", shown)
    check("1 not taken" in site.run("status").stdout, "so does status")
    reader = site.run("token", "create", "--scope", "report").stdout.strip()
    check(site.ask("GET", f"/v1/desk/{alarm}", token=reader)[0] == 403, "the desk is not for everybody")
    desk = site.run("token", "create", "--scope", "desk", "--name", "李值班").stdout.strip()
    check(json.loads(site.ask("GET", f"/v1/desk/{alarm}", token=desk)[2])["escalated_at"], "one by HTTP")
    out = site.run("desk", "ack", alarm, "--as", "李值班", "--words", "两组已出发").stdout
    check("by control/李值班" in out, "who took it", out)
    check("by control/李值班" in site.run("desk", "ack", alarm, "--as", "王二").stdout, "the first stands")
    heard = len(site.desk.alarms), len(chief.alarms)
    time.sleep(5)
    check((len(site.desk.alarms), len(chief.alarms)) == heard, "now nobody is told any more", heard)
    check("there is no such alarm" in site.run("desk", "ack", "x", exit=1).stderr, "an alarm that is none")
    row = json.loads(site.run("report", "desk", "--format", "json").stdout)["rows"][0]
    check(row["raised"] == 1 and row["acknowledged"] == 1 and row["open"] == 0 and row["ack_median_seconds"] > 0, "how long she waited", row)
    check(len(site.carrier.to(number)) == 1, "and nothing lit up her phone", site.carrier.to(number))


def letters(site):
    number = "13900000302"
    check(site.reply(number, "上个月丢的电动车有消息吗", "l1")[0] == 200, "a text out of the blue")
    listed = until(lambda: json.loads(site.run("letter", "list", "--format", "json").stdout)["letters"], "it is a letter")
    check(listed[0]["phone"] == "139****0302", "with the number in part", listed)
    one = str(listed[0]["id"])
    check("expected no link" in site.run("letter", "answer", one, "--as", "赵督察", "--words", "见 https://a.cn", exit=2).stderr, "no links")
    check("「您的案件仍在侦办」" in site.run("letter", "answer", one, "--as", "赵督察", "--words", "您的案件仍在侦办").stdout, "answered")
    until(lambda: site.carrier.to(number), "it goes out")
    check(site.carrier.to(number)[0]["text"] == "【XX公安】您的案件仍在侦办", "under our sign", site.carrier.to(number))
    check("one answer a letter" in site.run("letter", "answer", one, "--as", "赵督察", "--words", "再说", exit=1).stderr, "once")
    check(site.run("letter", "reveal", one, "--as", "赵督察", "--reason", "电话回访").stdout.strip() == number, "the number, for a reason")
    # The same handlers where no daemon runs.
    check(site.reply("13900000303", "派出所几点上班", "l2")[0] == 200, "another")
    until(lambda: json.loads(site.run("letter", "list", "--format", "json").stdout)["letters"], "it waits")
    check(site.stop() == 0, "the daemon ends")
    waiting = str(json.loads(site.run("letter", "list", "--format", "json").stdout)["letters"][0]["id"])
    check("办结 closed" in site.run("letter", "close", waiting, "--as", "赵督察", "--words", "已电话答复").stdout, "closed")
    check("「已电话答复」" in site.run("letter", "list", "--all").stdout, "and still to be seen")
    check("NOT RECEIVED" not in site.run("desk", "list").stdout, "the desk's list without a daemon")
    check(site.books()["holds"] and site.run("verify").stdout.startswith("ok: "), "books and ledger hold")


def story(new_site):
    chief = DeskOfPolice()
    site = new_site(more=f'ack_within = "2s"\n[desk.escalate]\nkind = "webhook"\nurl = "http://127.0.0.1:{chief.server.server_port}/alarm"\nack_within = "2s"\n')
    site.init()
    site.start()
    emergencies(site, chief)
    letters(site)


play(story)
