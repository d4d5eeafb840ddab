#!/usr/bin/env python3
"""The real daemon and the real simulator of one protocol, with a kill -9 of the daemon in the middle: every question is in the
simulator's log once, every answer there is a rating here, and reports are counted alike; the report on the officer equals that log. Usage: day.py PROGRAM PROTOCOL [CALLS]"""
import json, sys
from carrier import Simulator, number_of, serve_by
from police_site import check, play, until

PROTOCOL, CALLS = sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 300
LONG = "1 民警来得很快,态度也很好,帮我把丢的东西找了回来,还跟我讲了以后怎么防范,我和家里人都非常感谢他们,希望以后多有这样的民警,辛苦了,祝他们工作顺利平安,再次感谢城东派出所的各位同志。" + "谢谢" * 20
CITIZENS = f'''
[[rule]]
text = "回T退订"
number = "1390"
answers = ["1"]
after_least = "200ms"
after_most = "900ms"
[[rule]]
text = "回T退订"
number = "1391"
answers = ["3 等了两个小时"]
after_least = "200ms"
after_most = "900ms"
[[rule]]
text = "回T退订"
number = "1392"
answers = ["{LONG}"]
after_least = "200ms"
after_most = "900ms"
[[rule]]
answers = []
'''
HABITS = '''
[gateway]
latency_least = "1ms"
latency_most = "30ms"
[reports]
after_least = "100ms"
after_most = "600ms"
[reports.states]
DELIVRD = 90
UNDELIV = 10
'''


def story(new_site):
    site = new_site()
    simulator = Simulator(site, PROTOCOL, CITIZENS, HABITS)
    try:
        serve_by(site, simulator, "tps = 500")
        numbers = [f"139{n % 4}{n:07}" for n in range(CALLS)]
        for at in range(0, CALLS, 50):
            site.post_calls(*[site.call(f"call-{n}", numbers[n]) for n in range(at, min(at + 50, CALLS))])
        questions = lambda: [t for t in simulator.lines("text") if t.get("question")]
        until(lambda: len(questions()) > CALLS // 3, "a third is asked")
        site.daemon.kill()
        site.daemon.wait()
        site.start()
        # What was claimed when the daemon died and had not left stays in doubt: nobody can know better, and it is not sent again.
        until(lambda: len(questions()) + site.books()["in_doubt"] == CALLS, "all are asked, or in doubt because of the kill", 30)
        answers = lambda: simulator.lines("citizen")
        expected = sum(1 for t in questions() if t["status"] == "DELIVRD" and number_of(t["to"])[:4] != "1393")
        until(lambda: len(answers()) >= expected, "all who were reached have answered")
        until(lambda: site.books()["rated"] >= expected, "every answer is a rating", 20)
        states = {}
        for report in simulator.lines("report"):
            states.setdefault(report["id"], set()).add(report["status"])
        arrived = sum(1 for t in questions() if all(states.get(id) == {"DELIVRD"} for id in t["ids"]))
        failed = sum(1 for t in questions() if any("UNDELIV" in states.get(id, ()) for id in t["ids"]))
        until(lambda: (lambda books: books["delivered"] == arrived and books["failed"] == failed)(site.books()), f"reports are counted alike: {arrived} delivered, {failed} failed", 20)

        asked = [number_of(t["to"]) for t in questions()]
        books = site.books()
        check(len(asked) == len(set(asked)) and set(asked) <= set(numbers), "nobody was asked twice", len(asked), len(set(asked)))
        check(books["in_doubt"] == CALLS - len(asked) <= 16, "in doubt is what never left, at most a window", books)
        check(books["cases"] == CALLS and books["rated"] == expected == len(answers()), "as many ratings as answers", books, expected, len(answers()))
        check(arrived > 0 and failed > 0 and books["holds"], "some could be reached, some not, and the books hold", books)
        said = [line["text"].strip()[0] for line in answers()]
        figures = json.loads(site.run("report", "officers", "--from", "2026-11-01", "--to", "2026-11-30", "--format", "json").stdout)
        officer, = figures["rows"]
        told = {"delivered": arrived, "satisfied": said.count("1"), "dissatisfied": said.count("3"), "basically_satisfied": 0, "n": len(said)}
        check({name: officer[name] for name in told} == told, "the officer's report is what the carrier's log says", officer, told)
        site.run("verify")
        leaves = len(simulator.lines("leave"))
        check(site.stop() == 0, "the daemon stops")
        check(len(simulator.lines("leave")) > leaves or PROTOCOL == "sgip", "and takes leave of the carrier", simulator.lines()[-5:])
        counters = simulator.stop()
        check(counters["questions"] == len(asked) and counters["replies_taken"] >= expected, "what it counted is what it wrote", counters)
        print(f"{CALLS} calls, {len(asked)} asked, nobody twice; {books['in_doubt']} never left before the kill; {expected} answers, {books['rated']} ratings; {arrived} delivered, {failed} not; {counters}")
    finally:
        if simulator.process.poll() is None:
            simulator.process.kill()
            print("--- the simulator wrote, last:", *simulator.lines()[-10:], sep="\n")


if __name__ == "__main__":
    play(story)
