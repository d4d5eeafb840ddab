#!/usr/bin/env python3
"""A gateway that lets one link of four in, and refuses every text: what of it people read, and where. Usage: links.py PROGRAM"""
from carrier import Simulator, serve_by
from police_site import check, play, until

HABITS = '[gateway]\nlinks = 1\n[[fault]]\nwhat = "refuse"\nevery = 1\ncode = 11\n'
REFUSED = "refused: bind refused with command_status 0x0D: 登录失败 bind failed"
NUMBER = "command_status 0x0B: 被叫号码无效 invalid destination address"


def story(new_site):
    site = new_site()
    simulator = Simulator(site, "smpp", "[[rule]]\nanswers = []\n", HABITS)
    try:
        serve_by(site, simulator, "links = 4\n")
        told = until(lambda: "3 " + REFUSED in (out := site.run("status").stdout) and out, "status tells what is refused and why")
        check("main: up (1 of 4 links up; 3 " + REFUSED in told, "and how many there are", told)
        figures = site.ask("GET", "/metrics", token=site.token)[2]
        for figure in ('links_open{channel="main"} 1', 'links_refused{channel="main"} 3', 'links_wanted{channel="main"} 4'):
            check("pingjing_" + figure in figures, "the metrics say so", figures)
        site.post_calls(site.call("call-1", "13900000001"))
        until(lambda: simulator.lines("submit"), "the text goes by the link that is there")
        story = until(lambda: NUMBER in (out := site.run("explain", "call-1").stdout) and out, "explain tells what the code means")
        check("号码被拒收 permanent_number (" + NUMBER + ")" in story, "beside how the attempt ended", story)
        journal = site.said()
        check(REFUSED.removeprefix("refused: ") in journal and NUMBER in journal, "so does the journal", journal[-2000:])
        check(site.stop() == 0, "the daemon stops")
    finally:
        simulator.stop()


play(story)
