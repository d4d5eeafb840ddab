#!/usr/bin/env python3
"""kill -9, again and again, while calls, replies and delivery reports come in: whatever was acknowledged is there afterwards, once,
nobody is texted twice, and what was in doubt while the carrier had it is settled by its report. Usage: killed.py PROGRAM [KILLS]"""
import http.client, json, os, random, re, sys, threading, time, urllib.parse
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "commands"))
from police_site import check, play, until

KILLS, CALLERS, CITIZENS = int(sys.argv[2]) if len(sys.argv) > 2 else 8, 4, 2


def name_of(number):
    return f"call-{number - 13_900_000_000}"  # no number may stand in it


class Sender(threading.Thread):
    """One that takes no silence for an answer: it says the same again until it hears yes, as police systems and carriers do."""

    def __init__(self, site, work, stopping):
        super().__init__(daemon=True)
        self.site, self.work, self.stopping, self.acknowledged, self.lost = site, work, stopping, [], 0
        self.start()

    def run(self):
        for one in self.work():
            while True:
                try:
                    kept = one is None or self.say(one)
                except (OSError, http.client.HTTPException, ValueError):
                    kept = False
                if kept:
                    break
                self.lost += 1
                time.sleep(0.02)
            if one is None:
                time.sleep(0.02)
            else:
                self.acknowledged.append(one)
            if self.stopping.is_set():
                return


class Police(Sender):
    def say(self, numbers):
        calls = [self.site.call(name_of(n), str(n)) for n in numbers]
        status, _, body = self.site.ask("POST", "/v1/calls", json.dumps(calls), self.site.token, Content_Type="application/json")
        return status == 200 and {r["outcome"] for r in json.loads(body)["results"]} <= {"accepted", "unchanged"}


class Citizen(Sender):
    def say(self, text):
        return self.site.reply(text["to"], "1", f"reply-{text['to']}", text["from"])[0] == 200


class Reports(Sender):
    """The carrier's delivery reports: it has delivered whatever it took."""

    def say(self, text):
        place = urllib.parse.urlsplit(text["dlr-url"])
        said = {"%d": "1", "%T": "0", "%p": text["to"], "%P": text["from"]}
        query = re.sub("%[A-Za-z]", lambda escape: said.get(escape[0], ""), place.query)
        return self.site.ask("GET", f"{place.path}?{query}")[0] < 300


def story(new_site):
    # Not faster: the longest run must be over before its first calls are stale or its first doubt is given up.
    site = new_site(speed=60)
    site.configure(previous="daily_ceiling = 10000000")  # a day of the site has more texts than one of a city
    site.init()

    def slowly(_):  # so that a kill finds something under way
        time.sleep(random.uniform(0, 0.08))
        return 202, "0: Accepted for delivery"

    site.carrier.answer = slowly
    site.start()
    stopping, chance = threading.Event(), random.Random(20261121)

    def batches(caller):
        def work():
            n = 13_900_000_000 + caller * 1_000_000
            while True:
                size = 1 + n % 3
                yield list(range(n, n + size))
                n += size
                time.sleep(0.02)
        return work

    def replies(citizen):
        def work():
            seen = citizen
            while True:  # every text is answered by one of them
                if seen < len(site.carrier.texts):
                    text = site.carrier.texts[seen]
                    if "extension" not in text and "回复" in text["text"]:
                        yield text
                    seen += CITIZENS
                else:
                    yield None
        return work

    def reports():
        seen = 0
        while True:
            if seen < len(site.carrier.texts):
                yield site.carrier.texts[seen]
                seen += 1
            else:
                yield None

    police = [Police(site, batches(c), stopping) for c in range(CALLERS)]
    citizens = [Citizen(site, replies(c), stopping) for c in range(CITIZENS)]
    carrier = Reports(site, reports, stopping)
    for kill in range(KILLS):
        time.sleep(chance.uniform(0.3, 2.2))  # in the first second of a life nothing is sent
        site.daemon.kill()
        site.daemon.wait()
        site.start()
        if sys.stderr.isatty():
            print(f"\r{kill + 1} of {KILLS} kills, {len(site.carrier.texts)} texts", end="", file=sys.stderr, flush=True)
    until(lambda: sum(len(c.acknowledged) for c in citizens) > 50, "citizens answer")
    stopping.set()
    for sender in police + citizens + [carrier]:
        sender.join(timeout=20)
        check(not sender.is_alive(), "every sender hears yes in the end")
    check(sum(s.lost for s in police + citizens + [carrier]) > 0, "some were cut off in the middle")
    for text in site.carrier.texts[len(carrier.acknowledged):]:
        until(lambda: carrier.say(text), "the last reports are taken")

    numbers = [n for p in police for batch in p.acknowledged for n in batch]
    answered = [t["to"] for c in citizens for t in c.acknowledged]
    books = site.books()
    check(books["cases"] == len(numbers), "every call that was acknowledged is there, and no other", books, len(numbers))
    for n in chance.sample(numbers, 50):
        check(site.ask("GET", "/v1/calls/" + name_of(n), token=site.token)[0] == 200, name_of(n) + " is there")
    check(books["inbound"] == len(answered) == len(set(answered)), "every reply that was acknowledged is there, once", books, len(answered))
    until(lambda: site.books()["rated"] == len(answered), "and is a rating")
    doubted = sum(int(n) for n in re.findall(r'"in_doubt_after_start":(\d+)', site.said()))
    until(lambda: site.books()["surveyed"] - site.books()["in_doubt"] >= len([t for t in site.carrier.texts if "回复" in t["text"]]), "every text that the carrier had is settled")
    check(site.stop() == 0, "stops")
    books = site.books()
    asked = [t["to"] for t in site.carrier.texts if "回复" in t["text"]]
    check(len(asked) == len(set(asked)), "nobody was asked twice", len(asked), len(set(asked)))
    check(books["surveyed"] - books["in_doubt"] <= len(asked) <= books["surveyed"], "who was not asked is waiting or in doubt", len(asked), books)
    check(books["excluded"] == books["unknown"] == 0, "all of them were to be asked, and no doubt was given up", books)
    check(doubted <= 16 * KILLS, "in doubt is at most the window, at each kill", doubted)  # [[channel]] window
    settled = doubted - books["in_doubt"]
    print(f"{KILLS} kills: {len(numbers)} calls and {len(answered)} replies acknowledged, none lost; {len(asked)} asked, nobody twice; {doubted} in doubt at a start, {doubted / KILLS:.1f} a kill: "
          f"{settled} ({settled / max(doubted, 1):.0%}) settled by a report or a reply, {books['in_doubt']} never reached the carrier and still are; "
          f"{sum(s.lost for s in police + citizens + [carrier])} requests cut off and said again")
    check(books["holds"], "the books balance", books)
    site.run("verify")


play(story)
