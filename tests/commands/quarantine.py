#!/usr/bin/env python3
"""A carrier says what its mapping does not expect; somebody is in danger in it, somebody else rates; the mapping is mended, and nothing was lost. Usage: quarantine.py PROGRAM"""
import json
import os
import urllib.parse
from police_site import check, play, until

KANNEL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../templates/http/kannel.toml")


def map_replies(site, sender):
    """The mapping looks for the number under this name."""
    with open(KANNEL, encoding="utf-8") as preset:
        before, reply = preset.read().split("[reply]\n")
    check('from = "from"' in reply, "the preset names the sender", reply)
    site.write("carrier.toml", before + "[reply]\n" + reply.replace('from = "from"', f'from = "{sender}"', 1))
    site.configure()
    with open(site.path("pingjing.toml"), encoding="utf-8") as configuration:
        text = configuration.read()
    site.write("pingjing.toml", text.replace('preset = "kannel"', 'preset = "carrier.toml"'))


def story(new_site):
    site = new_site()
    map_replies(site, "msisdn")
    site.init()
    site.start()
    rater, victim = "13900000201", "13900000202"
    site.post_calls(site.call("a", rater), site.call("b", victim))
    until(lambda: len(site.carrier.texts) == 2, "both are asked")

    check(site.reply(rater, "3", "m1", site.carrier.to(rater)[0]["from"])[0] == 200, "the carrier is answered as it wants")
    check(site.reply(rater, "2", "m2", site.carrier.to(rater)[0]["from"])[0] == 200, "and again, with another query alone")
    check(site.reply(victim, "救命 有人要杀我", "m3", site.carrier.to(victim)[0]["from"])[0] == 200, "and again")
    check(site.books()["quarantined"] == 3 and site.books()["inbound"] == 3, "three callbacks, of which the query alone differs, are three", site.books())
    alarm = until(lambda: next((a for a in site.desk.alarms if "救命" in a["text"]), None), "the cry reaches the desk")
    check(alarm["phone"] == victim and alarm["case_id"] == "b", "with number and call", alarm)
    check("nobody can read" in alarm["text"], "and says where it comes from", alarm)
    check(site.reply(victim, "救命 有人要杀我", "m3", site.carrier.to(victim)[0]["from"])[0] == 200 and site.books()["quarantined"] == 3, "repeated by the carrier it is none")

    listed = site.run("quarantine", "list").stdout
    check(listed.count("a reply without a number") == 3 and listed.count("警") == 1, "the list says why", listed)
    check(victim not in listed and "救命" not in listed and rater not in listed, "and neither numbers nor words", listed)
    ids = [c["id"] for c in json.loads(site.run("quarantine", "list", "--format", "json", "--channel", "kannel").stdout)["callbacks"]]
    check(json.loads(site.run("quarantine", "list", "--channel", "other", "--format", "json").stdout)["callbacks"] == [], "another channel has none")
    check("--reason is required" in site.run("quarantine", "show", str(ids[0]), exit=None).stderr, "a look needs a reason")
    shown = site.run("quarantine", "show", str(ids[0]), "--reason", "格式变了", "--as", "李四").stdout
    check(rater in urllib.parse.unquote(shown) and "格式变了" in shown and "李四" in shown, "one of them, and who has seen it", shown)
    check("there is no callback 99" in site.run("quarantine", "show", "99", "--reason", "x", "--as", "李四", exit=1).stderr, "a number that is none")

    read = site.run("quarantine", "reread").stdout
    check("3 callbacks: 0 read, 3 still unread" in read, "by the same mapping nothing is read", read)
    check(site.stop() == 0, "stops")
    check("start it" in site.run("quarantine", "reread", exit=1).stderr, "without a daemon nobody knows the mappings")
    check(site.run("quarantine", "list").stdout.count("a reply without a number") == 3, "the list needs none")

    map_replies(site, "from")
    site.start()
    read = json.loads(site.run("quarantine", "reread", "--format", "json").stdout)
    check((read["callbacks"], read["read"], read["texts"], read["still_unread"]) == (3, 3, 3, 0), "all three are read", read)
    books = until(lambda: site.books() if site.books()["rated"] == 1 else None, "the first digit is the rating")
    check(books["quarantined"] == 3 and books["inbound"] == 6 and books["holds"], "the callbacks stay in the books as they came, the texts beside them", books)
    check(books["alarms"] == 1, "the desk does not hear the same cry twice", books)
    check(site.run("quarantine", "list").stdout == "", "nothing waits")
    check("0 callbacks" in site.run("quarantine", "reread").stdout, "and nothing is read twice")
    check(site.reply(rater, "3", "m1", site.carrier.to(rater)[0]["from"])[0] == 200 and site.books()["inbound"] == 6, "the carrier's own repetition is one")
    check(rater not in site.said() and victim not in site.said(), "no number stands in the log")
    site.run("verify")
    check(site.stop() == 0, "stops")


LIST = """from = "%s"
to = "/to"
items = "/replies"
path = "mo"
text = "/content"
"""


def map_lists(site, sender):
    """Replies in JSON, without the vendor's id and time: nothing in them tells a repetition."""
    with open(KANNEL, encoding="utf-8") as preset:
        before, reply = preset.read().split("[reply]\n")
    site.write("carrier.toml", before + "[reply]\n" + LIST % sender + reply[reply.index("\n# Kannel sends"):])
    site.configure()
    with open(site.path("pingjing.toml"), encoding="utf-8") as configuration:
        text = configuration.read()
    site.write("pingjing.toml", text.replace('preset = "kannel"', 'preset = "carrier.toml"'))


def one_bad_item(new_site):
    site = new_site()
    map_lists(site, "/mobile")
    site.init()
    site.start()
    rater, other = "13900000203", "13900000204"
    site.post_calls(site.call("a", rater), site.call("b", other))
    until(lambda: len(site.carrier.texts) == 2, "both are asked")
    to = {number: site.carrier.to(number)[0]["from"] for number in (rater, other)}
    body = json.dumps({"replies": [{"mobile": rater, "to": to[rater], "content": "3"}, {"msisdn": other, "to": to[other], "content": "1"}]})
    check(site.ask("POST", f"{site.hook}/mo", body, Content_Type="application/json")[0] == 200, "the carrier need not send it again")
    books = until(lambda: site.books() if site.books()["rated"] == 1 else None, "the item that can be read is the rating")
    check(books["quarantined"] == 1 and books["inbound"] == 2 and books["holds"], "the other one waits", books)
    listed = site.run("quarantine", "list").stdout
    check("1 of 2 items taken; item 2: a reply without a number" in listed, "the list says which", listed)
    check("1 callbacks: 0 read, 1 still unread; 0 texts" in site.run("quarantine", "reread").stdout, "the same mapping takes nothing twice")
    check(site.stop() == 0, "stops")

    map_lists(site, "/mobile|/msisdn")
    site.start()
    read = json.loads(site.run("quarantine", "reread", "--format", "json").stdout)
    check((read["read"], read["texts"], read["still_unread"], read["repeated"]) == (1, 1, 0, 0), "only the other item is new", read)
    books = until(lambda: site.books() if site.books()["rated"] == 2 else None, "and counts")
    check(books["repeated"] == 0 and books["inbound"] == 3 and books["holds"], "each of them once", books)
    check(site.run("quarantine", "list").stdout == "", "nothing waits")
    site.run("verify")
    check(site.stop() == 0, "stops")


def all_of_it(new_site):
    story(new_site)
    one_bad_item(new_site)


play(all_of_it)
