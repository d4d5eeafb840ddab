#!/usr/bin/env python3
"""Aliyun, Tencent Cloud and Vonage as their manuals say they are, and the real program in front of them. Usage: vendors.py PROGRAM

Each vendor here checks what proves a request by the words of its manual, with nothing of ours, and calls back in its own form."""
import hashlib, hmac, http.server, json, re, urllib.parse, base64
from police_site import check, listen, play, until

quote = lambda text: urllib.parse.quote(text, safe="-_.~")
sha256 = lambda octets: hashlib.sha256(octets).hexdigest()
mac = lambda key, text: hmac.new(key, text.encode(), hashlib.sha256)


class Vendor:
    """Takes texts where they are proved, and keeps them. `refuse[number]` is what it answers instead; "lost" is no answer at all."""

    def __init__(self, name):
        self.name, self.texts, self.refuse, self.unproved = name, [], {}, []
        vendor = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                text = vendor.read(self.path, self.headers, body)
                if not text:
                    vendor.unproved.append((self.path, str(self.headers), body))
                    return self.say(vendor.no_proof())
                vendor.texts.append(text)
                said = vendor.refuse.get(text["to"])
                if said == "lost":
                    return self.connection.close()
                self.say(vendor.taken(text, len(vendor.texts)) if said is None else said)

            def say(self, answer):
                body = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = listen(Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def to(self, number):
        return [t for t in self.texts if t["to"] == number]


class Aliyun(Vendor):
    def read(self, path, headers, body):
        given = re.fullmatch(r"ACS3-HMAC-SHA256 Credential=LTAI-test,SignedHeaders=([a-z0-9;-]+),Signature=([0-9a-f]{64})", headers["Authorization"] or "")
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query, keep_blank_values=True)
        if not given or headers["x-acs-content-sha256"] != sha256(body) or "host" not in given[1].split(";"):
            return None
        canonical = "&".join(f"{quote(k)}={quote(v[0])}" for k, v in sorted(query.items()))
        lines = "".join(f"{name}:{headers[name].strip()}\n" for name in given[1].split(";"))
        request = f"POST\n/\n{canonical}\n{lines}\n{given[1]}\n{sha256(body)}"
        if mac(b"ali-secret", "ACS3-HMAC-SHA256\n" + sha256(request.encode())).hexdigest() != given[2]:
            return None
        p = {k: v[0] for k, v in query.items()}
        return {"to": p["PhoneNumbers"], "ref": p["OutId"], "template": p["TemplateCode"], "values": json.loads(p.get("TemplateParam", "{}")),
                "sign": p["SignName"], "digits": p.get("SmsUpExtendCode", ""), "nonce": headers["x-acs-signature-nonce"]}

    def no_proof(self):
        return {"Code": "SignatureDoesNotMatch", "Message": "no", "RequestId": "r"}

    def taken(self, text, n):
        text["id"] = f"biz{n}^0"
        return {"Code": "OK", "Message": "OK", "RequestId": "r", "BizId": text["id"]}

    def report(self, text, good=True, code="DELIVERED"):
        return [{"phone_number": text["to"], "send_time": "2026-11-21 10:00:16", "report_time": "2026-11-21 10:00:19", "success": good,
                 "err_code": code, "err_msg": "用户接收成功", "sms_size": "1", "biz_id": text.get("id", "unheard"), "out_id": text["ref"]}]

    def reply(self, text, words):
        return [{"phone_number": text["to"], "content": words, "send_time": "2026-11-21 11:00:00", "dest_code": "10655555" + text["digits"],
                 "sequence_id": text["ref"] + words}]


class Tencent(Vendor):
    def read(self, path, headers, body):
        given = re.fullmatch(r"TC3-HMAC-SHA256 Credential=AKID-test/(\d{4}-\d\d-\d\d)/sms/tc3_request, "
                             r"SignedHeaders=content-type;host, Signature=([0-9a-f]{64})", headers["Authorization"] or "")
        if not given:
            return None
        request = f"POST\n{path}\n\ncontent-type:{headers['Content-Type']}\nhost:{headers['Host']}\n\ncontent-type;host\n{sha256(body)}"
        text = f"TC3-HMAC-SHA256\n{headers['X-TC-Timestamp']}\n{given[1]}/sms/tc3_request\n{sha256(request.encode())}"
        key = mac(mac(mac(b"TC3tx-secret", given[1]).digest(), "sms").digest(), "tc3_request").digest()
        if mac(key, text).hexdigest() != given[2] or headers["X-TC-Action"] != "SendSms":
            return None
        p = json.loads(body)
        check(all(isinstance(v, str) for v in p["TemplateParamSet"]) and len(p["PhoneNumberSet"]) == 1, "values are texts, and one number a request", p)
        return {"to": p["PhoneNumberSet"][0][3:], "ref": p["SessionContext"], "template": p["TemplateId"], "values": p["TemplateParamSet"],
                "sign": p["SignName"], "digits": p.get("ExtendCode", "")}

    def no_proof(self):
        return {"Response": {"Error": {"Code": "AuthFailure.SignatureFailure", "Message": "no"}, "RequestId": "r"}}

    def taken(self, text, n):
        text["id"] = f"5000:{n}"
        return self.status(text["to"], "Ok", text["id"])

    def status(self, number, code, serial=""):
        one = {"SerialNo": serial, "PhoneNumber": "+86" + number, "Fee": 1, "SessionContext": "", "Code": code, "Message": "m", "IsoCode": "CN"}
        return {"Response": {"SendStatusSet": [one], "RequestId": "r"}}

    def report(self, text, good=True, code="DELIVRD"):
        return [{"user_receive_time": "2026-11-21 10:00:19", "nationcode": "86", "mobile": text["to"],
                 "report_status": "SUCCESS" if good else "FAIL", "errmsg": code, "description": "用户短信送达成功", "sid": text.get("id", "unheard"), "ext": text["ref"]}]

    def reply(self, text, words):
        return {"extend": text["digits"], "mobile": text["to"], "nationcode": "86", "sign": "XX公安", "text": words, "time": 1795230000}


class Vonage(Vendor):
    def read(self, path, headers, body):
        if headers["Authorization"] != "Basic " + base64.b64encode(b"abcd1234:vo-secret").decode():
            return None
        p = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True))
        return {"to": p["to"][2:], "ref": p["client-ref"], "text": p["text"], "type": p["type"], "callback": p["callback"]}

    def no_proof(self):
        return {"message-count": "1", "messages": [{"status": "4", "error-text": "Bad Credentials"}]}

    def taken(self, text, n):
        text["id"] = f"0A{n}"
        return {"message-count": "1", "messages": [{"to": "86" + text["to"], "message-id": text["id"], "status": "0", "client-ref": text["ref"]}]}

    def signed(self, parameters):
        text = "".join(f"&{k}={v.replace('&', '_').replace('=', '_')}" for k, v in sorted(parameters.items()))
        return dict(parameters, sig=hmac.new(b"vo-signature", text.encode(), hashlib.sha256).hexdigest())

    def report(self, text, status="delivered", code="0"):
        return self.signed({"msisdn": "86" + text["to"], "to": "447700900000", "messageId": text.get("id", "unheard"), "status": status,
                            "err-code": code, "client-ref": text["ref"], "message-timestamp": "2026-11-21 02:00:19", "timestamp": "1795226419", "nonce": "n"})

    def reply(self, text, words, **more):
        return self.signed(dict({"msisdn": "86" + text["to"], "to": "447700900000", "messageId": text["ref"] + words, "text": words,
                                 "type": "unicode", "message-timestamp": "2026-11-21 03:00:00", "timestamp": "1795230000", "nonce": "n"}, **more))


IDS = '''
[[aliyun]]
text = "survey"
id = "SMS_1"
values = { month = "{{month}}", day = "{{day}}" }
[[aliyun]]
text = "thanks"
id = "SMS_2"
sign = "某市公安局"
[[tencent]]
text = "survey"
id = "1110"
values = ["{{month}}", "{{day}}"]
wording = "您好，{1}月{2}日"
[[tencent]]
text = "thanks"
id = "1111"
[[tencent]]
text = "survay"
id = "1112"
'''


def configure(site, ali, tx, vo):
    with open(site.path("pingjing.toml"), encoding="utf-8") as file:
        head = file.read().split("[[channel]]")[0]
    for name in ("ali", "tx", "vo", "vo.signature"):
        site.write(name + ".secret", {"vo.signature": "vo-signature"}.get(name, name + "-secret") + "\n")
    site.write("ids.toml", IDS)
    site.write("pingjing.toml", head + f'''
[[channel]]
name = "ali"
provider = "aliyun"
url = "{ali.url}/"
access_key_id = "LTAI-test"
access_key_secret_file = "ali.secret"
template_ids = "ids.toml"
hook_secret_file = "ali.hook"
source = "106900110"
extension_digits = 2
carrier_adds_sign = true
[[channel]]
name = "tx"
provider = "tencent"
url = "{tx.url}/"
secret_id = "AKID-test"
secret_key_file = "tx.secret"
app_id = "1400006666"
template_ids = "ids.toml"
hook_secret_file = "tx.hook"
source = "106900110"
extension_digits = 2
carrier_adds_sign = true
[[channel]]
name = "vo"
provider = "vonage"
url = "{vo.url}/sms/json"
username = "abcd1234"
password_file = "vo.secret"
signature_secret_file = "vo.signature.secret"
signature_method = "sha256"
hook_secret_file = "vo.hook"
source = "447700900000"
[[route]]
prefixes = ["138"]
channels = ["ali"]
[[route]]
prefixes = ["139"]
channels = ["tx"]
[[route]]
prefixes = ["137"]
channels = ["vo"]
''')


def checked(site):
    """What check says of the texts that a vendor does not know, each with its place."""
    done = site.run("check")
    ids = site.path("ids.toml")
    for line in (f"warning: {ids}: no template for the text 'emergency', which would be held: expected [[aliyun]] with text = \"emergency\" and its id (channel 'ali')",
                 f"warning: {ids}: no template for the text 'help', which would be held: expected [[tencent]] with text = \"help\" and its id (channel 'tx')",
                 f"warning: {ids}:18: text = \"survay\": no text of this name is sent (channel 'tx')",
                 f"warning: {ids}:10: text 'survey': the vendor's wording is not ours: expected \"您好,您{{1}}月{{2}}日"):
        check(line in done.stderr, line, done.stderr)
    check("channel 'vo'" not in done.stderr, "who sends free texts needs none", done.stderr)
    check(done.stdout.count("approved templates alone") == 2, "check says who sends nothing else", done.stdout)
    check(not re.search("(ali|tx|vo)-secret", done.stdout + done.stderr), "no secret", done.stdout)
    check("the text survey to 13800000000: POST" in done.stdout, "a request is shown", done.stdout)


def asks(site, vendors):
    """One that is taken, one that is refused for its number, one whose answer is lost: by each vendor."""
    ali, tx, vo = vendors
    ali.refuse = {"13800000002": {"Code": "isv.MOBILE_NUMBER_ILLEGAL", "Message": "m", "RequestId": "r"}, "13800000003": "lost"}
    tx.refuse = {"13900000002": tx.status("13900000002", "InvalidParameterValue.IncorrectPhoneNumber"), "13900000003": "lost"}
    vo.refuse = {"13700000002": {"message-count": "1", "messages": [{"status": "7", "error-text": "barred"}]}, "13700000003": "lost",
                 "13700000004": {"message-count": "2", "messages": [{"status": "0", "message-id": "0B1"}, {"status": "9", "error-text": "quota"}]}}
    numbers = [p + "0000000" + n for p in ("138", "139", "137") for n in "123"] + ["13700000004"]
    said = site.post_calls(*[site.call(f"J-{at}", n) for at, n in enumerate(numbers)])
    check(all(one["outcome"] == "accepted" for one in said), "all will be asked", said)
    for vendor, prefix, many in ((ali, "138", 3), (tx, "139", 3), (vo, "137", 4)):
        until(lambda: len(vendor.texts) == many, f"{vendor.name} has {many}", 40)
        check(not vendor.unproved, f"{vendor.name} takes every signature", vendor.unproved)
    check(ali.texts[0]["template"] == "SMS_1" and ali.texts[0]["values"] == {"month": "11", "day": "21"} and ali.texts[0]["sign"] == "XX公安", "a template by name", ali.texts[0])
    check(tx.texts[0]["template"] == "1110" and tx.texts[0]["values"] == ["11", "21"], "a template in order", tx.texts[0])
    check(vo.texts[0]["type"] == "unicode" and vo.texts[0]["text"].startswith("【XX公安】您好"), "a free text", vo.texts[0])
    check(len({t["nonce"] for t in ali.texts}) == 3, "no nonce twice", ali.texts)
    until(lambda: site.books()["in_doubt"] == 3, "three answers were lost", 20)
    books = site.books()
    check(books["failed"] == 4, "three numbers are wrong, and of one text a part was refused", books)


def hears(site, vendors):
    """Reports and replies in each vendor's form; a lost answer is settled by the report that has our name in it."""
    ali, tx, vo = vendors
    hook = {}
    for name in ("ali", "tx", "vo"):
        with open(site.path(name + ".hook"), encoding="ascii") as secret:
            hook[name] = f"/v1/hooks/{name}/{secret.readline().strip()}"
    say = lambda name, body: site.ask("POST", hook[name], json.dumps(body), Content_Type="application/json")
    for number, said in (("1", True), ("3", True)):
        for vendor, name, prefix, words in ((ali, "ali", "138", '{"code":0,"msg":"OK"}'), (tx, "tx", "139", '{"result":0,"errmsg":"OK"}')):
            text = vendor.to(prefix + "0000000" + number)[0]
            for body in (vendor.report(text), vendor.report(text), vendor.reply(text, number)):
                status, headers, answer = say(name, body)
                check(status == 200 and answer == words and headers["Content-Type"].startswith("application/json"), f"{name} hears its own words", status, answer)
    ways = {"1": lambda p: site.ask("GET", hook["vo"] + "?" + urllib.parse.urlencode(p)),
            "3": lambda p: site.ask("POST", hook["vo"], urllib.parse.urlencode(p), Content_Type="application/x-www-form-urlencoded")}
    for number, way in ways.items():
        text = vo.to("1370000000" + number)[0]
        for parameters in (vo.report(text), vo.reply(text, number)):
            status, _, answer = way(parameters)
            check(status in (200, 204) and not answer, "vo hears nothing, which could reach the citizen", status, answer)
    forged = dict(vo.reply(vo.to("13700000004")[0], "1"), text="3")
    say("vo", forged)
    until(lambda: site.books()["rated"] == 6, "six have answered", 20)
    books = site.books()
    check(books["in_doubt"] == 0 and books["delivered"] == 6, "every report found its text", books)
    check(books["quarantined"] == 1, "what is not proved is left for a person", books)
    check(books["holds"], "the books balance", books)


def story(new_site):
    site = new_site(more="")
    ali, tx, vo = vendors = Aliyun("Aliyun"), Tencent("Tencent"), Vonage("Vonage")
    configure(site, ali, tx, vo)
    site.token = site.run("init").stdout.strip()
    checked(site)
    site.start()
    asks(site, vendors)
    hears(site, vendors)
    until(lambda: len(ali.to("13800000001")) == 2, "Aliyun sends the thanks that it knows", 20)
    check(ali.to("13800000001")[1]["template"] == "SMS_2" and ali.to("13800000001")[1]["sign"] == "某市公安局", "with its own sign", ali.to("13800000001"))
    for vendor in vendors:
        for text in vendor.texts:
            surveys = [t for t in vendor.to(text["to"]) if t.get("template") in ("SMS_1", "1110") or "您好,您11月21日的报警" in t.get("text", "")]
            check(len(surveys) == 1, "nobody is asked twice", text)
    # The thanks to a dissatisfied caller has no template at either: held for a person, and never sent as something else.
    check(not [t for t in ali.texts + tx.texts if t["template"] not in ("SMS_1", "SMS_2", "1110", "1111")], "what has no template does not leave", ali.texts, tx.texts)
    said = site.said()
    for name in ("ali", "tx", "vo"):
        lines = [l for l in said.splitlines() if "clock.not_the_vendors" in l and f'"{name}"' in l]
        check(len(lines) == 1, f"the clock of {name} is not ours, said once", lines)
    check(site.stop() == 0, "it stops", site.said())


play(story)
