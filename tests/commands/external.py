#!/usr/bin/env python3
"""The example of an adapter in a process of its own, beside the real daemon: a text, its report, a rating, a crash of either. Usage: external.py PROGRAM"""
import json
import os
import signal
import subprocess
import sys
from police_site import check, play, until

EXAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../providers/external/example.py")


class Modem:
    """Sends what the example puts down, and puts down what comes in; runs the example as its unit would."""

    def __init__(self, folder):
        self.folder, self.process, self.socket = os.path.join(folder, "spool"), None, os.path.join(folder, "a.sock")

    def start(self):
        self.process = subprocess.Popen([sys.executable, "-B", EXAMPLE, self.socket, self.folder], stderr=subprocess.DEVNULL)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def texts(self):
        out = os.path.join(self.folder, "out")
        names = [n for n in os.listdir(out) if n.endswith(".json")] if os.path.isdir(out) else []
        return [json.load(open(os.path.join(out, n), encoding="utf-8")) for n in sorted(names)]

    def bring(self, name, item):
        path = os.path.join(self.folder, "in", name)
        with open(path + ".part", "w", encoding="utf-8") as out:
            out.write(item if isinstance(item, str) else json.dumps(item))
        os.rename(path + ".part", path + ".json")

    def waiting(self):
        return [n for n in os.listdir(os.path.join(self.folder, "in")) if n.endswith(".json")]


def story(new_site):
    site = new_site()
    with open(site.path("pingjing.toml"), encoding="utf-8") as file:
        before = file.read().split("[[channel]]")[0]
    site.write("pingjing.toml", before + '[[channel]]\nname = "modem"\nprovider = "external"\nsocket = "a.sock"\nsource = "106900110"\nextension_digits = 2\n')
    modem = Modem(site.folder)
    checked = site.run("check").stdout
    check("an adapter of its own process at" in checked and '"type":"submit"' in checked, "check shows what goes over the socket", checked)
    site.token = site.run("init").stdout.strip()
    site.start()
    site.post_calls(site.call("a", "13900000201"), site.call("b", "13900000202"))
    until(lambda: "nobody listens" in site.run("status").stdout, "status says that the adapter is not there")
    modem.start()
    until(lambda: len(modem.texts()) == 2, "both are asked once it is", 60)
    texts = {t["phone"]: t for t in modem.texts()}
    check(set(texts) == {"+8613900000201", "+8613900000202"}, "each at his number", texts)
    one = texts["+8613900000201"]
    check("XX公安" in one["text"] and one["source"] == "106900110" and len(one["extension"]) == 2, "the text, the access number, its extension", one)

    modem.bring("r1", {"kind": "receipt", "ref": one["ref"], "phone": "13900000201", "state": "delivered", "code": "DELIVRD"})
    modem.bring("m1", {"kind": "reply", "from": "+8613900000201", "to": one["source"] + one["extension"], "text": "3", "key": "m1"})
    modem.bring("x", "no JSON at all 13900000202")
    until(lambda: not modem.waiting(), "what came in is kept, and gone there")
    books = until(lambda: site.books() if site.books()["rated"] == 1 else None, "the rating arrives")
    check(books["quarantined"] == 1 and books["delivered"] == 1 and books["holds"], "what nobody can read is for a person", books)

    modem.kill()
    until(lambda: "106900110" not in site.said() and "link.closed" in site.said(), "the daemon has seen it go")
    modem.start()
    two = texts["+8613900000202"]
    modem.bring("m2", {"kind": "reply", "from": "13900000202", "to": two["source"] + two["extension"], "text": "1满意", "key": "m2"})
    until(lambda: site.books()["rated"] == 2, "after its crash it goes on")
    modem.bring("m2-again", {"kind": "reply", "from": "13900000202", "to": two["source"] + two["extension"], "text": "1满意", "key": "m2"})
    until(lambda: not modem.waiting(), "a repetition is acknowledged")
    check(site.books()["inbound"] == 3, "and is none", site.books())
    surveys = [t for t in modem.texts() if t["ref"] in (one["ref"], two["ref"])]
    check(len(surveys) == 2, "nobody was asked twice", modem.texts())
    check("13900000201" not in site.said() and "13900000202" not in site.said(), "no number stands in the log")
    site.run("verify")
    check(site.stop() == 0, "stops")
    modem.process.wait(timeout=10)


play(story)
