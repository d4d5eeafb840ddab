#!/usr/bin/env python3
"""A site adds a language by files alone: check says what is missing, then a call in it is asked and answered in it. Usage: language.py PROGRAM"""
import os
from police_site import check, play, until

# A language that nobody speaks.
TEXTS = {
    "survey": "【{{sign}}】Toku mi, {{month}}/{{day}} 110 sorel. 1 vanu 2 meso 3 nevanu. T dor. 110!",
    "survey_neutral": "【{{sign}}】Toku mi. 1 vanu 2 meso 3 nevanu. T dor",
    "thanks": "【{{sign}}】Miru toku.",
    "thanks_dissatisfied": "【{{sign}}】Miru, 24 oru. 0 nedor. 110!",
    "unclear": "【{{sign}}】Nesim. 1 vanu 2 meso 3 nevanu. 110!",
    "emergency": "【{{sign}}】Necel! 110! {{sms_alarm}}",
    "opt_out": "【{{sign}}】Dor. START.",
    "help": "【{{sign}}】110 sorel: 1 vanu 2 meso 3 nevanu. T dor. 12389",
    "done": "【{{sign}}】{{month}}/{{day}} keru. 12389",
    "canary": "【{{sign}}】Kanari 1 2 3",
}


def story(new_site):
    site = new_site()
    with open(site.path("pingjing.toml"), encoding="utf-8") as file:
        text = file.read()
    site.write("pingjing.toml", text.replace("[service]\n", '[service]\nlanguages = ["xq"]\ntemplates_dir = "texts"\n', 1))
    os.makedirs(site.path("texts/xq"))

    # Nothing is there yet: each file that is missing, by its name, and where to put it.
    said = site.run("check", exit=2).stderr
    for name in TEXTS:
        check(f"there is no text xq/{name}.txt" in said, f"{name} is missing", said)
    check("templates_dir" in said, "and where it is to be", said)

    for name, words in TEXTS.items():
        site.write(f"texts/xq/{name}.txt", words + "\n")
    site.write("texts/xq/thanx.txt", "Miru\n")
    done = site.run("check")
    check("thanx.txt: no text of this name is sent" in done.stderr, "a slip in a name", done.stderr)
    check("xq/survey" in done.stdout and "xq/thanks_dissatisfied" in done.stdout, "what each text costs", done.stdout)
    os.remove(site.path("texts/xq/thanx.txt"))
    site.write("texts/xq/unclear.txt", "【{{sign}}】Nesim. 1 vanu 2 meso\n")
    check("text xq/unclear" in site.run("check", exit=2).stderr, "a text without one of the digits")
    site.write("texts/xq/unclear.txt", TEXTS["unclear"] + "\n")

    # What a site has besides, for its own services, may be missing: then it is said in the site's own language, and check says so.
    with open(site.path("pingjing.toml"), encoding="utf-8") as file:
        text = file.read()
    site.write("pingjing.toml", text.replace("[desk]\n", '[notices]\ntexts = ["notice_safety"]\n[desk]\n', 1))
    warned = site.run("check").stderr
    check("xq/notice_safety.txt" in warned and "zh-CN" in warned, "what is said in the site's own language instead", warned)

    site.init()
    site.start()
    for n, language in enumerate(["xq", "xq-ZZ", "XQ", "de", ""]):
        site.post_calls(site.call(f"c{n}", f"1390000030{n}", **({"language": language} if language else {})))
    until(lambda: len(site.carrier.texts) == 5, "all five are asked")
    asked = [site.carrier.to(f"1390000030{n}")[0]["text"] for n in range(5)]
    for n in range(3):
        check(asked[n].startswith("【XX公安】Toku mi, 11/21 110 sorel"), "asked in the language of the call", asked[n])
    for n in (3, 4):
        check("请回复数字" in asked[n], "asked in the site's own language", asked[n])
    check(site.reply("13900000300", "3", "r1", site.carrier.to("13900000300")[0]["from"])[0] == 200, "a digit is taken")
    until(lambda: len(site.carrier.to("13900000300")) == 2, "it is answered")
    check(site.carrier.to("13900000300")[1]["text"].startswith("【XX公安】Miru, 24 oru"), "in the same language", site.carrier.to("13900000300"))
    check(site.books()["rated"] == 1, "and is a rating")


play(story)
