#!/usr/bin/env python3
"""A gateway at its worst: every fault that the simulator knows, every spelling, three links. Nobody is asked twice, no question is
said again that was not refused, every answer is one rating, and what is in doubt at the end is what nobody can know.
Usage: faults.py PROGRAM PROTOCOL [CALLS]"""
import sys
from carrier import Simulator, number_of, serve_by
from day import LONG
from police_site import Failed, check, play, until

PROTOCOL, CALLS = sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 120
CITIZENS = f'''
[[rule]]
text = "回T退订"
number = "1391"
answers = ["1", "满意"]
after_least = "100ms"
after_most = "900ms"
between_least = "10ms"
between_most = "100ms"
order = "any"
[[rule]]
text = "回T退订"
number = "1392"
answers = ["{LONG}"]
after_least = "100ms"
after_most = "900ms"
[[rule]]
answers = []
'''
SPELLINGS = {
    "smpp": ["text_and_tlv", "decimal", "padded", "hex", "upper_hex", "padded_hex", "tlv", "broken_tlv", "other_keys", "short", "ucs2", "payload"],
    "cmpp2": ["as_version", "octets_60", "octets_71", "junk_times"], "cmpp3": ["as_version", "octets_60", "octets_71", "junk_times"],
    "smgp": ["octets_122", "letter_s", "no_separator", "hex"], "sgip": ["report"],
}[PROTOCOL]
LONG_TEXTS = ["udh", "udh16", "sar", "payload"] if PROTOCOL == "smpp" else ["udh", "udh16", "gbk"]
# So far up that no number in one base looks like another in the other.
ANSWERED = 'answered_ids = "hex"\nfirst_id = 655360\n' if PROTOCOL == "smpp" else ""
# A centre that refuses a bind by its one general code is left alone for a minute.
REFUSED = "" if PROTOCOL == "smpp" else '[[fault]]\nwhat = "refuse_login"\nfirst = 2\nevery = 1000\n'
EVERY = {"throttle": 61, "queue_full": 79, "refuse": 67, "no_response": 37, "late_response": 43, "duplicate_response": 13, "out_of_order": 11, "report_first": 7, "pieces": 5, "rubbish": 19,
         "no_report": 37, "late_report": 13, "duplicate_report": 7, "foreign_report": 17, "other_connection": 5, "late_reply": 11, "duplicate_reply": 5, "backwards": 3}
ONCE = [("drop", True, 31), ("drop", False, 59), ("half_pdu", True, 71), ("half_pdu", False, 89), ("wrong_length", True, 101), ("wrong_length", False, 113), ("no_response", False, 23)]
HABITS = f'''
[gateway]
{ANSWERED}window = 24
latency_least = "1ms"
latency_most = "30ms"
taken_within = "1s"
again_after = "200ms"
[reports]
after_least = "100ms"
after_most = "600ms"
waiting_share = 0.2
spellings = {SPELLINGS}
[reports.states]
DELIVRD = 90
UNDELIV = 10
[replies]
long_texts = {LONG_TEXTS}
{REFUSED}
[[fault]]
what = "silent_login"
first = 4
every = 1000
[[fault]]
what = "outage"
from = "3s"
until = "3500ms"
''' + "".join(f'[[fault]]\nwhat = "{what}"\nfirst = {first}\nevery = 1000\ntaken = {str(taken).lower()}\n' for what, taken, first in ONCE) + "".join(
    f'[[fault]]\nwhat = "{what}"\nevery = {every}\n' + ('after = "700ms"\n' if what.startswith(("late_r", "duplicate")) else "") for what, every in EVERY.items())


class Log:
    """What the simulator's log proves."""

    def __init__(self, simulator):
        self.read(simulator)

    def read(self, simulator):
        self.times = {}  # number → each time that its question came
        for submit in simulator.lines("submit"):
            if "回T退订" in submit["text"]:
                self.times.setdefault(number_of(submit["to"]), []).append(submit)
        last = {number: times[-1] for number, times in self.times.items()}
        reports = {line["id"]: line["status"] for line in simulator.lines("report") if line["status"] != "ACCEPTD"}
        answered = {number_of(line["from"]) for line in simulator.lines("citizen")}
        ends = {number: reports.get(t["id"]) for number, t in last.items() if t["status"] == "taken"}
        self.answers = len(answered)
        self.delivered = sum(1 for number, state in ends.items() if state == "DELIVRD" or number in answered)
        self.failed = sum(1 for number, state in ends.items() if state == "UNDELIV" and number not in answered)
        self.refused, self.lost = (sum(1 for t in last.values() if t["status"] == what) for what in ("refused", "lost"))


def story(new_site):
    site = new_site()
    simulator = Simulator(site, PROTOCOL, CITIZENS, HABITS)
    try:
        more = 'tps = 400\nlinks = 8\nwindow = 8\nresponse_timeout = "1s"\nsubmit_timeout = "6s"\nlogin_timeout = "1s"\n'
        serve_by(site, simulator, more)
        numbers = [f"139{n % 4}{n:07}" for n in range(CALLS)]
        for at in range(0, CALLS, 60):
            site.post_calls(*[site.call(f"call-{n}", numbers[n]) for n in range(at, min(at + 60, CALLS))])
        until(lambda: site.books()["waiting"] == 0, "everybody is asked, or nobody can say", 40)
        log = Log(simulator)

        def agrees():
            log.read(simulator)
            books = site.books()
            # A refusal that was written to a link as we hung up on it says nothing to us.
            refusals = books["failed"] - log.failed
            return books["delivered"] == log.delivered and books["rated"] == log.answers and 0 <= refusals <= log.refused and books["in_doubt"] >= log.lost + CALLS - len(log.times)

        try:
            until(agrees, "the books say what the log says", 10)
        except Failed:
            print(vars(log) | {"times": len(log.times)}, site.books(), sep="\n")
            raise
        for number, times in log.times.items():
            said = [t["status"] for t in times]
            check(set(said[:-1]) <= {"slower", "full"}, "what was not told to wait is never said again", number, said)
        texts = [number_of(t["to"]) for t in simulator.lines("text") if t.get("question")]
        check(len(texts) == len(set(texts)), "nobody is asked twice", len(texts), len(set(texts)))
        # What was written to a link as the gateway hung up was never read there.
        check(set(log.times) <= set(numbers) and len(log.times) >= CALLS - 16, "everybody was to be asked", len(log.times))
        books = site.books()
        check(books["rated"] > 0 and books["failed"] > 0 and books["holds"] and books["unmatched"] == 0, "there was something of everything", books)
        site.run("verify")
        check(site.stop() == 0, "the daemon stops")
        counters = simulator.stop()
        missing = [what for what in [*EVERY, *(what for what, _, _ in ONCE), "silent_login"] if f"fault_{what}" not in counters]
        check(not missing, "every fault had its turn", missing, counters)
        print(f"{CALLS} calls, nobody asked twice; {books['rated']} rated, {books['delivered']} delivered, {books['failed']} not, {books['in_doubt']} in doubt, "
              f"{books['pending']} never reported; {sum(count for name, count in counters.items() if name.startswith('fault_'))} faults; {counters}")
    finally:
        if simulator.process.poll() is None:
            simulator.process.kill()


if __name__ == "__main__":
    play(story)
