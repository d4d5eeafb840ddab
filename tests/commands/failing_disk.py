#!/usr/bin/env python3
"""An fsync fails, once. Nothing is acknowledged and nobody is texted after that, whoever is in danger is heard, systemd is no longer
told that all is well, and a new start has what was acknowledged before. Usage: failing_disk.py PROGRAM FAILING_FSYNC.so"""
import json, socket, sys, threading, time
from police_site import check, play, until


def story(new_site):
    site = new_site()
    site.init()
    where, sign = site.path("notify"), site.path("fail")
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(where)
    beats = []
    threading.Thread(target=lambda: [beats.append(notify.recv(4096)) for _ in iter(int, 1)], daemon=True).start()
    site.start({"NOTIFY_SOCKET": where, "WATCHDOG_USEC": "600000", "LD_PRELOAD": sys.argv[2], "FAILING_FSYNC": sign, "ASAN_OPTIONS": "verify_asan_link_order=0"})
    number = lambda n: str(13_900_100_000 + n)
    post = lambda n: site.ask("POST", "/v1/calls", json.dumps(site.call(f"call-{n}", number(n))), site.token, Content_Type="application/json")[0]
    check([post(n) for n in range(10)] == [200] * 10, "calls are taken")
    until(lambda: len(site.carrier.texts) == 10, "and asked")
    mine = site.carrier.to(number(0))[0]["from"]
    check(site.reply(number(0), "1", "r0", mine)[0] == 200, "a reply is taken")
    until(lambda: len(site.carrier.texts) == 11, "and thanked for")
    until(lambda: b"WATCHDOG=1" in beats, "systemd knows that it lives")

    site.write("fail", "")
    until(lambda: site.ask("GET", "/readyz")[0] == 503, "readiness says no")
    check([post(n) for n in range(10, 15)] == [503] * 5, "no call is taken any more")
    check(post(3) == 503, "nor is one called unchanged")
    check(site.reply(number(1), "3", "r1", mine)[0] == 503 and site.reply(number(0), "1", "r0", mine)[0] == 503, "no reply is kept, known or not")
    check(site.reply(number(2), "救命 他要杀我", "r2", mine)[0] == 503, "an emergency neither")
    until(lambda: any("救命" in a["text"] for a in site.desk.alarms), "and yet the desk hears it")
    until(lambda: "serve.store_failed" in site.said(), "the log says why")
    beats.clear()
    time.sleep(1)
    check(b"WATCHDOG=1" not in beats and site.daemon.poll() is None, "systemd hears nothing more", beats)
    check(len(site.carrier.texts) == 11, "nobody is texted")
    check(site.stop() == 0 and site.took < 15, "it stops when told")

    site.start()
    check([post(n) for n in range(15)] == [200] * 15, "with a new start everything is taken")
    check([site.reply(number(n), text, f"r{n}", mine)[0] for n, text in enumerate(("1", "3", "救命 他要杀我"))] == [200] * 3, "replies too")
    until(lambda: len({t["to"] for t in site.carrier.texts}) == 15, "all are asked")
    until(lambda: site.books()["rated"] == 2 and site.books()["alarms"] == 1, "and read")
    asked = [t["to"] for t in site.carrier.texts if "回T退订" in t["text"]]  # the thanks after a 3 ask for a reply as well
    check(len(asked) == len(set(asked)) == 15, "nobody twice", asked)
    check(site.books()["cases"] == 15 and site.books()["inbound"] == 3 and site.books()["holds"], "the books hold", site.books())
    check(site.stop() == 0, "stops")
    site.run("verify")


play(story)
