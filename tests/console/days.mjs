// What each role does at the console, in a real browser. Told on standard input where it is and by which tokens one signs in.
import { chromium } from "playwright-core";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const told = JSON.parse(readFileSync(0, "utf8"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: told.chromium, args: ["--no-sandbox", "--autoplay-policy=user-gesture-required"] });
const whole = Object.values(told.numbers);

function check(holds, what, seen = "") {
  if (!holds) throw new Error(`${what}${seen === "" ? "" : `: ${String(seen).slice(0, 600)}`}`);
}

// A page of its own, watched: nothing may fail on it, and the policy may not have stopped anything.
async function page({ width = 1280, theme = "light", locale = "zh-CN" } = {}) {
  const context = await browser.newContext({ locale, colorScheme: theme, viewport: { width, height: 860 } });
  const one = await context.newPage();
  one.problems = [];
  one.on("pageerror", (error) => one.problems.push(error.message));
  one.on(
    "console",
    (message) => message.type() === "error" && !/status of 40[134]|status of 429/.test(message.text()) && one.problems.push(message.text()),
  );
  await one.addInitScript(() => {
    globalThis.tones = 0;
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...rest) {
      ++globalThis.tones;
      return start.apply(this, rest);
    };
  });
  return one;
}

const drawn = (one) =>
  one.waitForFunction(
    () => document.querySelector("#view")?.children.length > 0 && !/正在读取|Reading…/.test(document.querySelector("#view").textContent),
  );

async function signedIn(role, options, path = "") {
  const one = await page(options);
  if (options?.before) await one.addInitScript(options.before);
  await one.goto(`${told.base}/#/${path}`);
  await one.fill("#token", told.tokens[role]);
  await one.press("#token", "Enter");
  await drawn(one);
  return one;
}

async function go(one, path) {
  await one.evaluate((to) => (location.hash = `#/${to}`), path);
  await one.waitForTimeout(50);
  await drawn(one);
}

async function leave(one, who) {
  check(one.problems.length === 0, `${who}: nothing fails on the page`, one.problems.join(" | "));
  await one.context().close();
}

async function noNumberOn(one, what) {
  const text = await one.content();
  for (const number of [...whole, "13611112222"]) check(!text.includes(number), `${what}: no whole number is on the page`);
}

const days = {
  async "the door: a wrong token stays outside, and the right one leaves nothing behind"() {
    const one = await page();
    await one.goto(told.base);
    await one.fill("#token", `pj_${"x".repeat(43)}`);
    await one.press("#token", "Enter");
    await one.waitForSelector("#problem");
    await one.fill("#token", told.tokens.operator);
    const began = Date.now();
    await one.press("#token", "Enter");
    await drawn(one);
    const took = Date.now() - began;
    const stored = await one.evaluate(() =>
      JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, document.documentElement.outerHTML]),
    );
    check(!stored.includes("pingjing_session") && !stored.includes("pj_"), "no script finds session or token", stored);
    const [cookie] = await one.context().cookies();
    check(cookie.httpOnly && cookie.sameSite === "Strict", "the cookie is for us alone", JSON.stringify(cookie));
    const bytes = await one.evaluate(() =>
      performance
        .getEntriesByType("resource")
        .filter((r) => r.name.includes("/console/") && !/session|site|events/.test(r.name))
        .reduce((sum, r) => sum + r.decodedBodySize, performance.getEntriesByType("navigation")[0].decodedBodySize),
    );
    check(bytes > 20000 && bytes < 100000, "the first view has less than 100 KB", bytes);
    console.log(`first view: ${bytes} bytes, ${took} ms from the key to the figures`);
    await one.click("text=退出");
    await one.waitForSelector("#token");
    check((await one.evaluate(() => fetch("/v1/status").then((r) => r.status))) === 401, "who has left is outside");
    await leave(one, "operator");
  },

  async "the duty desk: an emergency comes in by itself, sounds, and is taken"() {
    const one = await signedIn("desk");
    check(
      (await one.textContent("#places")).includes("紧急情况") && !(await one.textContent("#places")).includes("不满意回访"),
      "the desk has its own places",
    );
    check((await one.textContent("#cry")) === "", "nothing is urgent yet");
    const query = new URLSearchParams({
      id: "cry",
      from: told.numbers.danger,
      to: told.answering,
      ts: "0",
      coding: "0",
      charset: "UTF-8",
      smsc: "x",
      text: "救命,有人拿刀",
    });
    check((await fetch(`${told.base}${told.hook}/mo?${query}`)).status === 200, "the carrier brings it");
    await one.waitForSelector("#cry .cry", { timeout: 10000 });
    await one.waitForFunction(() => globalThis.tones > 0, null, { timeout: 10000 });
    check((await one.title()).startsWith("（1 起紧急）"), "the title says so", await one.title());
    await one.click("#cry a");
    await drawn(one);
    await one.waitForSelector("text=救命,有人拿刀");
    await noNumberOn(one, "desk");
    await one.click("text=查看号码");
    await one.fill("dialog input[name=reason]", "联系报警人");
    await one.press("dialog input[name=reason]", "Enter");
    await one.waitForSelector(`text=${told.numbers.danger}`);
    await one.click("text=接手处理");
    await one.fill("dialog textarea", "已派警");
    await one.click("dialog button.main");
    await one.waitForSelector(".alarm.taken");
    await one.waitForFunction(() => document.querySelector("#cry").textContent === "", null, { timeout: 10000 });
    check((await one.evaluate(() => fetch("/v1/followups").then((r) => r.status))) === 403, "the desk does not see follow-ups");
    await leave(one, "desk");
  },

  async "督察: replies by one key with a way back, a call-back, a call as a story"() {
    const one = await signedIn("inspection", {}, "review");
    await one.waitForSelector("text=很满意,谢谢");
    await one.press("body", "n");
    await one.waitForSelector("#text >> text=还行吧");
    await one.press("body", "u");
    await one.waitForSelector("#text >> text=很满意,谢谢");
    await one.press("body", "Enter");
    await one.waitForSelector("#text >> text=还行吧");
    await one.waitForResponse((r) => /\/v1\/review\/\d+$/.test(r.url()) && r.request().method() === "POST" && r.ok(), { timeout: 8000 });

    await go(one, "followups");
    await noNumberOn(one, "follow-ups");
    await one.click("#view table a");
    await one.waitForSelector("#step-call");
    await noNumberOn(one, "one follow-up");
    check((await one.textContent("#view")).includes("136****2222"), "a number that a citizen wrote is masked too");
    await one.click("#step-call");
    await one.fill("dialog textarea", "出警慢,愿意配合核实");
    await one.click("dialog button.main");
    await one.click("#step-verify");
    await one.selectOption("dialog select[name=finding]", "valid");
    await one.selectOption("dialog select[name=topic]", "response_speed");
    await one.fill("dialog textarea", "出警记录 61 分钟");
    await one.click("dialog button.main");
    await one.click("#step-order");
    await one.fill("dialog input[name=person]", "刘所长");
    await one.click("dialog button.main");
    await one.waitForSelector("#step-rectify");

    await one.press("body", "/");
    await one.keyboard.type("3200000000000003");
    await one.keyboard.press("Enter");
    await one.waitForSelector("#title >> text=3200000000000003");
    await drawn(one);
    check((await one.textContent("#view")).includes("等了一个小时"), "the story has what the caller wrote");
    await noNumberOn(one, "a story");
    await go(one, "case/nothing");
    check((await one.textContent("#view")).includes("没有找到"), "a call that is none");
    await leave(one, "inspection");
  },

  async "a unit sees what it has to put right, and not who complained"() {
    const one = await signedIn("unit");
    check((await one.textContent("#title")) === "整改单", "its work orders come first");
    await one.click("#view table a");
    await one.waitForSelector("#step-rectify");
    const text = await one.textContent("#view");
    check(!text.includes("等了一个小时") && !text.includes("****") && !text.includes("出警慢"), "nothing of the caller", text);
    await one.click("#step-rectify");
    await one.fill("dialog textarea", "已增派夜间警力");
    await one.click("dialog button.main");
    await one.waitForSelector("text=已整改待复核");
    await go(one, "units");
    await one.waitForSelector("#view >> text=2026-10-01");
    const own = await one.textContent("#view");
    check((await one.textContent("#title")) === "本单位评价" && own.includes("2026-10-01 至 2026-10-31"), "its own figures, of the settled month", own);
    for (const path of ["/v1/reports/force", "/v1/reports/units?raw=1", "/v1/reports/trend"])
      check((await one.evaluate((p) => fetch(p).then((r) => r.status), path)) === 403, `${path} is not for units`);
    await leave(one, "unit");
  },

  async "a leader sees aggregates, an officer his own, nobody more"() {
    const one = await signedIn("leader");
    const places = await one.textContent("#places");
    check(places.includes("单位") && !places.includes("民警") && !places.includes("紧急"), "a leader's places", places);
    for (const path of ["/v1/reports/officers", "/v1/followups", "/v1/desk", "/v1/status"])
      check((await one.evaluate((p) => fetch(p).then((r) => r.status), path)) === 403, `${path} is not for leaders`);
    await leave(one, "leader");
    const other = await signedIn("officer");
    await other.click("text=我的评价");
    await drawn(other);
    check(
      (await other.textContent("#places")).includes("民警申诉") && !(await other.textContent("#places")).includes("单位"),
      "an officer's places",
    );
    await leave(other, "officer");
  },

  async "an auditor sees who looked and why, and no number"() {
    const one = await signedIn("audit");
    check((await one.textContent("#title")) === "审计" && (await one.textContent("#places")).trim() === "审计", "one place", await one.textContent("#places"));
    await one.waitForSelector("#view table");
    const text = await one.textContent("#view");
    check(text.includes("赵督察") && text.includes("判读裁定") && text.includes("查看回访"), "who looked, who decided", text);
    await noNumberOn(one, "the audit");
    await one.selectOption("select[name=group]", "decision");
    await one.click("#view button.main");
    await one.waitForFunction(() => !document.querySelector("#view table")?.textContent.includes("查看回访"));
    check((await one.textContent("#view table")).includes("判读裁定"), "decisions alone");
    await one.click("text=English");
    await drawn(one);
    check((await one.textContent("#view table")).includes("review decided"), "in English, too");
    for (const path of ["/v1/followups", "/v1/reports/units", "/v1/status"])
      check((await one.evaluate((p) => fetch(p).then((r) => r.status), path)) === 403, `${path} is not for auditors`);
    await leave(one, "audit");
  },

  async "a revoked token closes the page at once"() {
    const one = await signedIn("brief");
    execFileSync(told.revoke[0], told.revoke.slice(1));
    check((await one.evaluate(() => fetch("/console/session").then((r) => r.status))) === 401, "its session is over");
    await one.evaluate(() => (location.hash = "#/units"));
    await one.waitForSelector("#token");
    await leave(one, "revoked");
  },

  async "another origin gets nothing done with our cookie"() {
    const one = await signedIn("operator");
    const elsewhere = told.base.replace("127.0.0.1", "localhost");
    const answers = await one.evaluate(async (base) => {
      const tries = [
        fetch("/v1/desk/x/ack", { method: "POST" }), // a form could do that
        fetch(`${base}/v1/desk/x/ack`, { method: "POST", mode: "no-cors", credentials: "include" }),
        fetch(`${base}/v1/status`, { headers: { "X-Pingjing-Console": "1" } }),
      ];
      return (await Promise.allSettled(tries)).map((one) => (one.status === "fulfilled" ? one.value.status : "refused"));
    }, elsewhere);
    await go(one, "service");
    await drawn(one);  // the page is there before what `check` says has been asked for
    const told_there = await one.textContent("#view");
    check(/每条短信多长|计费条数/.test(told_there) && told_there.includes("parts a second"), "what a text costs and a channel can, as `pingjing check` says it", told_there);
    check(answers[0] === 403, "without our header nothing changes", answers);
    check(answers[1] === "refused" && answers[2] === "refused", "the policy lets the page talk to nobody else", answers);
    one.problems = [];
    await leave(one, "operator");
  },

  async "facts that never pause do not keep the page from looking, nor make it look all the time"() {
    const steady = () => {
      globalThis.EventSource = class extends EventTarget {
        constructor() {
          super();
          setInterval(() => this.dispatchEvent(new Event("change")), 300);
        }
        close() {}
      };
    };
    const one = await signedIn("desk", { before: steady });
    let looks = 0;
    one.on("request", (request) => request.url().endsWith("/v1/status") && ++looks);
    await one.waitForTimeout(5000);
    check(looks >= 2 && looks <= 6, "it looks now and then", looks);
    await leave(one, "desk");
  },

  async "everybody can use it: no finding of axe in any place, theme, language or width, and nothing runs out of the window"() {
    for (const look of [{}, { theme: "dark", locale: "en-US" }, { width: 390, theme: "dark" }, { width: 390, locale: "en-US" }]) {
      const one = await signedIn("operator", look);
      for (const place of [
        "today",
        "alarms",
        "followups",
        "review",
        "appeals",
        "letters",
        "units",
        "officers",
        "exclusions",
        "signals",
        "unit/320102430000",
        "reports",
        "audit",
        "service",
        "case/3200000000000003",
      ]) {
        await go(one, place);
        await one.evaluate(axe);
        const { violations } = await one.evaluate(() => globalThis.axe.run());
        check(
          violations.length === 0,
          `axe at ${place} ${JSON.stringify(look)}`,
          violations.map((v) => `${v.id} ${v.nodes[0].target} ${v.nodes[0].failureSummary}`).join(" | "),
        );
        const over = await one.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        check(over <= 0, `${place} ${JSON.stringify(look)} fits its window`, over);
      }
      await leave(one, JSON.stringify(look));
    }
  },

  async "a keyboard is enough"() {
    const one = await signedIn("inspection");
    await one.evaluate(() => document.activeElement.blur());
    await one.keyboard.press("Tab");
    check((await one.evaluate(() => document.activeElement.className)) === "skip", "the first key leads past the places");
    await one.keyboard.press("Enter");
    check((await one.evaluate(() => document.activeElement.id)) === "main", "to what the page is about");
    const seen = new Set();
    for (let i = 0; i < 25; ++i) {
      await one.keyboard.press("Tab");
      seen.add(
        await one.evaluate(() =>
          document.activeElement.closest("nav") ? "nav" : document.activeElement.closest("#view") ? "view" : document.activeElement.tagName,
        ),
      );
    }
    check(seen.has("view"), "what is in the view can be reached", [...seen]);
    await leave(one, "keyboard");
  },
};

let failed = 0;
for (const [name, day] of Object.entries(days)) {
  try {
    await day();
    console.log(`ok: ${name}`);
  } catch (error) {
    ++failed;
    console.log(`FAILED: ${name}\n    ${error.message}`);
  }
}
await browser.close();
process.exit(failed === 0 ? 0 : 1);
