#!/usr/bin/env python3
"""Two carriers, each by its own protocol, and routes by prefix: one dies with kill -9 in the middle, what waits for it goes by the other,
and when it lives again it gets its own back. Nobody is asked twice. Usage: failover.py PROGRAM"""
import time
from carrier import SECRET, Simulator, number_of
from police_site import check, play, until

CITIZENS = '[[rule]]\ntext = "回T退订"\nanswers = ["1"]\nafter_least = "50ms"\nafter_most = "400ms"\n[[rule]]\nanswers = []\n'
HABITS = '[gateway]\nwindow = 100\nlatency_least = "20ms"\nlatency_most = "60ms"\n[reports]\nafter_least = "50ms"\nafter_most = "300ms"\n'
ROUTES = '''
[[route]]
prefixes = ["139"]
channels = ["mobile", "unicom"]
[[route]]
channels = ["unicom", "mobile"]
'''


def story(new_site):
    site = new_site()
    mobile, unicom = Simulator(site, "cmpp3", CITIZENS, HABITS, name="mobile"), Simulator(site, "sgip", CITIZENS, HABITS, name="unicom")
    try:
        site.write("link.password", SECRET + "\n")
        with open(site.path("pingjing.toml"), encoding="utf-8") as file:
            text = file.read()
        site.write("pingjing.toml", text[:text.index("[[channel]]")] + mobile.channel("tps = 20\nwindow = 64\n") + unicom.channel("tps = 200\n") + ROUTES)
        site.token = site.run("init").stdout.strip()
        site.start()

        def post(first, count):
            for prefix in ("139", "130"):
                site.post_calls(*[site.call(f"{prefix}-{n}", f"{prefix}{n:08}") for n in range(first, first + count)])

        asked = lambda simulator: [number_of(t["to"]) for t in simulator.lines("text") if t.get("question")]
        post(0, 20)
        until(lambda: site.books()["rated"] == 40, "all are asked and answer")
        check(all(n.startswith("139") for n in asked(mobile)) and all(n.startswith("130") for n in asked(unicom)), "each by the carrier of its prefix", asked(mobile), asked(unicom))
        check(len(asked(mobile)) == len(asked(unicom)) == 20, "as many by each")

        post(100, 60)
        until(lambda: len(asked(mobile)) > 25, "some of the second round have gone")
        mobile.process.kill()
        mobile.process.wait()
        doubtful = lambda: site.books()["in_doubt"]
        until(lambda: len(set(asked(mobile) + asked(unicom))) + doubtful() >= 160 and site.books()["waiting"] == 0, "what waited for the dead one went by the other", 40)
        moved = [n for n in asked(unicom) if n.startswith("139")]
        check(len(moved) > 10, "a queue moves", moved)
        check(doubtful() <= 64, "in doubt is at most a window", site.books())

        mobile.start()
        again = len(asked(mobile))
        for first in range(200, 300, 2):
            post(first, 2)
            until(lambda: site.books()["waiting"] == 0, "everybody is asked", 40)
            if len(asked(mobile)) > again + 3:
                break
            time.sleep(0.4)
        check(len(asked(mobile)) > again + 3, "who lives again gets its own back", asked(mobile)[again:])
        posted = 160 + 2 * (first + 2 - 200)
        everyone = asked(mobile) + asked(unicom)
        check(len(everyone) == len(set(everyone)), "nobody was asked twice", len(everyone), len(set(everyone)))
        check(len(everyone) + doubtful() >= posted, "and everybody once, or nobody can know", len(everyone), site.books())
        site.run("verify")
        check(site.stop() == 0, "the daemon stops")
        for simulator in (mobile, unicom):
            simulator.stop()
        print(f"{len(asked(mobile))} by mobile, {len(asked(unicom))} by unicom, {len(moved)} of them moved")
    finally:
        for simulator in (mobile, unicom):
            if simulator.process.poll() is None:
                simulator.process.kill()


if __name__ == "__main__":
    play(story)
