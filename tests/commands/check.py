#!/usr/bin/env python3
"""`pingjing check` on a site with every protocol: what each channel's settings mean, and what is true of them together. Usage: check.py PROGRAM"""
from police_site import check, play

CHANNELS = '''
[[channel]]
name = "cmcc"
provider = "cmpp3"
host = "10.0.0.1"
sp_id = "901234"
password = "s3cret"
source = "10690001"
extension_digits = 2
gbk = true
links = 2
window = 32
tps = 200
hours = "09:00-20:30"
daily_ceiling = 1200
[[channel]]
name = "cucc"
provider = "sgip"
host = "10.0.0.2"
node = 3010012345
login_name = "sp"
password = "s3cret"
corporation = "12345"
listen = "127.0.0.1:8801"
peers = ["10.0.0.2"]
source = "10655001"
extension_digits = 2
most_parts = 3
[[channel]]
name = "ctcc"
provider = "smgp"
host = "10.0.0.3"
client_id = "901234"
password = "s3cret"
source = "10659001"
extension_digits = 1
receipts = false
long_texts = "udh16"
[[channel]]
name = "abroad"
provider = "smpp"
host = "10.0.0.4"
system_id = "pj"
password = "s3cret"
source = "10690001"
extension_digits = 2
long_texts = "sar"
'''


def story(new_site):
    site = new_site()
    with open(site.path("pingjing.toml"), encoding="utf-8") as file:
        text = file.read()
    head = text[:text.index("[[channel]]")]

    def said(channels, exit=0):
        site.write("pingjing.toml", head + channels)
        done = site.run("check", exit=exit)
        return done.stdout, done.stderr

    out, _ = said(CHANNELS)
    of = {part.split(":")[0]: part.split("\ntest_clock")[0] for part in out.split("\nchannel ")[1:]}
    check(list(of) == ["cmcc", "cucc", "ctcc", "abroad"], "every channel", out)
    for channel, words in {
        "cmcc": ["CMPP 3.0 as 901234 to 10.0.0.1:7890, 2 links with 16 unanswered each, answers within 30 s; Chinese texts as GBK where it has them, else UCS-2",
                 "32 unanswered, 200 parts a second, 1200 surveys a day, in 09:00-20:30", "texts of at most 10 parts: 670 characters where there is Chinese in them, 1340 of ASCII alone",
                 "up to 10 open surveys of a phone are told apart by the digits behind 10690001", "a delivery report for the number", "the survey by it: 1 part"],
        "cucc": ["SGIP 1.2 as sp, node 3010012345", "16 unanswered, 50 parts a second, 5000 surveys a day, in the hours of [survey]",
                 "texts of at most 3 parts: 201 characters where there is Chinese in them, 402 of ASCII alone", "a delivery report that names it"],
        "ctcc": ["SMGP 3.0", "660 characters where there is Chinese in them, 1330 of ASCII alone; no delivery reports", "up to 10 open surveys"],
        "abroad": ["SMPP 3.4 as pj", "long texts by SAR fields", "660 characters where there is Chinese in them, 1520 of ASCII alone"],
    }.items():
        for word in words:
            check(word in of[channel], f"of {channel} it says: {word}", of[channel])
        check("s3cret" not in out, "no secret")

    # Who inspects and says nothing of himself may be whoever he decides about.
    site.configure()
    site.init()
    check("neither" not in site.run("check").stderr, "nobody inspects yet")
    named = site.run("token", "create", "--scope", "inspect", "--name", "赵督察", "--unit", "320100000000")
    check("neither" not in named.stderr, "one whose unit is known", named.stderr)
    nobody = site.run("token", "create", "--scope", "report,inspect", "--name", "钱督察")
    check("says neither --unit nor --badge" in nobody.stderr and nobody.stdout.startswith("pj_") and len(nobody.stdout.split()) == 1, "token create warns", nobody.stderr)
    warned = site.run("check").stderr
    check("钱督察" in warned and "赵督察" not in warned, "and check lists it", warned)
    site.run("token", "revoke", "3")
    check("neither" not in site.run("check").stderr, "as long as it holds")

    # One channel without digits, and no survey has any.
    out, _ = said(CHANNELS + '[[channel]]\nname = "bare"\nprovider = "cmpp2"\nhost = "h"\nsp_id = "901234"\npassword = "p"\nsource = "10690001"\n')
    check(out.count("one open survey a phone, for another channel has no extension digits") == 4, "what one channel cannot the others need not", out)
    check(out.count("one open survey a phone, for there are no extension digits") == 1, "and which it is", out)

    # What a channel will never carry is known before a citizen waits for it.
    out, problems = said(CHANNELS.replace("most_parts = 3", "most_parts = 1").replace("XX公安", ""))
    site.write("pingjing.toml", head.replace('sign = "XX公安"', 'sign = "某某某某某某某某某某市公安局"') + CHANNELS.replace("most_parts = 3", "most_parts = 1"))
    done = site.run("check")
    check("warning: channel 'cucc' cannot carry the text 'survey', of 2 parts where 1 go: it would be held" in done.stderr, "it warns", done.stderr)
    check("the survey by it: 2 parts" in done.stdout, "and says how many parts", done.stdout)

    # What a drop folder would trip over is said before the first file is set aside.
    def refused(words, mapping=""):
        site.write("pingjing.toml", head + '[intake]\nmapping = "%s"\n' % (mapping or "nope") + CHANNELS)
        done = site.run("check", exit=2)
        check(words in done.stderr, f"it says: {words}", done.stderr)

    refused('mapping = "nope": expected one of default, gat')
    site.write("own.toml", 'zone = "+08:00"\ntimes = ["%Y-%m-%d %H:%M:%S"]\n[columns]\nid = "id"\n[states]\nA = "closed"\n')
    refused('own.toml:1: zone = "+08:00": expected a name of the zone database', "own.toml")


play(story)
