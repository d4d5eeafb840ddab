// The frame: who is signed in, where he may go, what is urgent; and one view at a time inside it.
import { button, dress, h, keep, setClock, settings, since, t } from "/console/dom.js";
import { get, listen, maybe, post, remove, whenSignedOut } from "/console/api.js";
import { setUnits, word } from "/console/words.js";
import { ready, ring, wake } from "/console/sound.js";

const places = [
  {
    path: "today",
    words: () => (may("report", "desk", "inspect") ? t("今日概览", "Today") : t("月度概览", "The month")),
    scopes: ["report", "leader", "desk", "inspect"],
    file: "today",
  },
  { path: "mine", words: () => t("我的评价", "My ratings"), scopes: ["officer"], file: "figures" },
  {
    path: "alarms",
    words: () => t("紧急情况", "Emergencies"),
    scopes: ["desk", "inspect"],
    file: "alarms",
    count: (s) => [s.open_alarms, true],
  },
  {
    path: "followups",
    words: () => (may("inspect") ? t("不满意回访", "Follow-ups") : t("整改单", "Work orders")),
    scopes: ["inspect", "unit"],
    file: "followups",
    count: (s) => [s.followups.overdue, true],
  },
  { path: "review", words: () => t("人工判读", "Review"), scopes: ["inspect"], file: "review", count: (s) => [s.reviews.open] },
  {
    path: "appeals",
    words: () => t("民警申诉", "Appeals"),
    scopes: ["inspect", "officer", "unit"],
    file: "appeals",
    count: (s) => [s.appeals.open, s.appeals.overdue > 0],
  },
  { path: "letters", words: () => t("群众来信", "Letters"), scopes: ["inspect", "desk"], file: "letters", count: (s) => [s.letters.open] },
  {
    path: "units",
    words: () => (may("report", "leader") ? t("单位", "Units") : t("本单位评价", "Our unit")),
    scopes: ["report", "leader", "unit"],
    file: "figures",
  },
  { path: "officers", words: () => t("民警", "Officers"), scopes: ["report"], file: "figures" },
  { path: "exclusions", words: () => t("不评警情", "Exclusions"), scopes: ["report", "leader"], file: "figures" },
  { path: "signals", words: () => t("异常信号", "Signals"), scopes: ["inspect"], file: "figures" },
  { path: "reports", words: () => t("报表下载", "Downloads"), scopes: ["report", "leader"], file: "reports" },
  { path: "audit", words: () => t("审计", "Audit"), scopes: ["audit"], file: "audit" },
  { path: "service", words: () => t("运行状态", "Service"), scopes: ["report", "desk", "inspect"], file: "service" },
  { path: "case", scopes: ["inspect"], file: "case" },
  { path: "unit", scopes: ["report", "leader"], file: "figures" },
];

const state = {
  me: null,
  site: null,
  status: null,
  view: null,
  data: null,
  source: null,
  quietUntil: 0,
  line: "open",
  watched: "",
  loadedAt: 0,
};
const may = (...scopes) => state.me.scopes.includes("admin") || scopes.some((scope) => state.me.scopes.includes(scope));
const here = () => location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
const allowed = () => places.filter((place) => may(...place.scopes));

// The door.
function door(problem) {
  state.source?.close();
  state.me = state.view = null;
  const token = h("input", {
    id: "token",
    type: "password",
    autocomplete: "current-password",
    spellcheck: "false",
    required: true,
    "aria-describedby": problem ? "problem" : null,
  });
  const enter = async (event) => {
    event.preventDefault();
    wake(); // the one touch that a browser wants before it lets an alarm sound
    try {
      await post("/console/session", { token: token.value.trim() });
      await begin();
    } catch (error) {
      door(
        error.status === 401
          ? t("令牌无效、已过期或已被撤销。", "This token is not known, has expired or was revoked.")
          : error.status === 429
            ? t("错误次数过多，请稍候再试。", "Too many wrong tokens; wait a little.")
            : error.message,
      );
    }
  };
  document.title = t("登录 · 评警", "Sign in · pingjing");
  document.getElementById("page").replaceChildren(
    h(
      "main",
      { class: "door" },
      h(
        "form",
        { class: "card", onsubmit: enter },
        h(
          "div",
          { class: "brand" },
          h("img", { src: "/console/mark.svg", alt: "" }),
          h("div", null, h("h1", null, t("评警", "pingjing")), h("span", null, t("110 接处警短信评价", "Ratings of 110 calls by SMS"))),
        ),
        h("label", { class: "field" }, h("span", null, t("访问令牌", "Access token")), token),
        problem && h("p", { id: "problem", class: "clock late", role: "alert" }, problem),
        h("button", { class: "main", type: "submit" }, t("登录", "Sign in")),
        h(
          "p",
          { class: "soft small" },
          t(
            "令牌由管理员发放，仅用于登录，不会保存在浏览器中。",
            "An operator hands out tokens. It opens the door once and is not kept in the browser.",
          ),
        ),
        h(
          "div",
          { class: "row" },
          switches(() => door(problem)),
        ),
      ),
    ),
  );
  token.focus();
}

function switches(again) {
  const dark = { auto: "light", light: "dark", dark: "auto" };
  const theme = { auto: t("外观：自动", "Theme: auto"), light: t("外观：浅色", "Theme: light"), dark: t("外观：深色", "Theme: dark") };
  return [
    button(t("English", "中文"), () => (keep("language", settings.language === "zh" ? "en" : "zh"), again()), {
      class: "plain",
      lang: t("en", "zh-CN"),
    }),
    button(theme[settings.theme], () => (keep("theme", dark[settings.theme]), again()), { class: "plain" }),
  ];
}

// The frame around every view.
function frame() {
  const { me, site } = state;
  const search = h("input", {
    type: "search",
    name: "case",
    inputmode: "numeric",
    placeholder: t("接警单编号", "Record number"),
    "aria-label": t("按接警单编号查找", "Find a call by its record number"),
  });
  const find = (event) => {
    event.preventDefault();
    if (search.value.trim()) location.hash = `#/case/${encodeURIComponent(search.value.trim())}`;
  };
  const leave = async () => (await remove("/console/session").catch(() => {}), door());
  document
    .getElementById("page")
    .replaceChildren(
      h(
        "a",
        { class: "skip", href: "#main", onclick: (event) => (event.preventDefault(), document.getElementById("main").focus()) },
        t("跳到正文", "Skip to content"),
      ),
      h(
        "div",
        { class: "frame" },
        h(
          "header",
          { class: "side" },
          h(
            "div",
            { class: "brand" },
            h("img", { src: "/console/mark.svg", alt: "" }),
            h("div", null, h("strong", null, site.sign), h("span", null, t("短信评警", "Call ratings"))),
          ),
          h("nav", { "aria-label": t("栏目", "Places") }, h("ul", { class: "places", id: "places" })),
          h(
            "div",
            { class: "me" },
            h(
              "div",
              null,
              h("strong", null, me.name || me.who),
              h("div", { class: "soft" }, me.scopes.map((scope) => word("scope", scope)).join(t("、", ", "))),
            ),
            h(
              "div",
              { class: "row" },
              switches(redraw),
              may("desk") &&
                button(
                  settings.sound ? t("声音：开", "Sound: on") : t("声音：关", "Sound: off"),
                  () => (keep("sound", !settings.sound), wake(), redraw()),
                  { class: "plain" },
                ),
              button(t("退出", "Sign out"), leave, { class: "plain" }),
            ),
          ),
        ),
        h(
          "div",
          { class: "work" },
          h("div", { id: "cry", role: "alert" }),
          h(
            "main",
            { id: "main", tabindex: "-1" },
            h(
              "div",
              { class: "top" },
              h("div", { class: "where" }, h("h1", { id: "title" }), h("span", { id: "live", class: "live", role: "status" })),
              may("inspect") &&
                h("form", { class: "search", role: "search", onsubmit: find }, search, h("button", { type: "submit" }, t("查找", "Find"))),
            ),
            h("div", { id: "view" }),
          ),
        ),
      ),
      h("div", { id: "said", class: "notes", role: "status", "aria-live": "polite" }),
    );
  showPlaces();
  showLine();
}

function showPlaces() {
  const [path] = here();
  document.getElementById("places")?.replaceChildren(
    ...allowed()
      .filter((place) => place.words)
      .map((place) => {
        const [count, bad] = (state.status && place.count?.(state.status)) ?? [0];
        const badge =
          count > 0 &&
          h(
            "span",
            { class: `count${bad ? " bad" : ""}` },
            count > 999 ? "999+" : String(count),
            h("span", { class: "unseen" }, t(" 项", " waiting")),
          );
        return h(
          "li",
          null,
          h(
            "a",
            { href: `#/${place.path}`, "aria-current": place.path === path || (path === "unit" && place.path === "units") ? "page" : null },
            h("span", null, place.words()),
            badge,
          ),
        );
      }),
  );
}

function showLine() {
  const live = document.getElementById("live");
  if (!live) return;
  live.className = state.line === "down" ? "live down" : "live";
  live.textContent = state.line === "down" ? t("连接中断，正在重连", "Connection lost, trying again") : t("实时", "Live");
}

// Emergencies stand above whatever else is on the screen, until a person has each.
function showCry() {
  const cry = document.getElementById("cry");
  const open = may("desk", "inspect") ? (state.status?.open_alarms ?? 0) : 0;
  const [path] = here();
  const place = places.find((one) => one.path === path);
  document.title = `${open > 0 ? t(`（${open} 起紧急）`, `(${open} urgent) `) : ""}${place?.words?.() ?? t("评警", "pingjing")} · ${state.site.sign}`;
  if (!cry) return;
  if (open === 0) return void cry.replaceChildren();
  const rings = may("desk") && settings.sound;
  const words = t(
    `${open} 起紧急情况无人接手，最早 ${since(state.status.desk.oldest_open_at)}前`,
    `${open} ${open === 1 ? "emergency" : "emergencies"} with nobody on it, the oldest waiting for ${since(state.status.desk.oldest_open_at)}`,
  );
  const key = `${words}|${rings}|${ready()}|${Date.now() < state.quietUntil}`;
  if (cry.dataset.key === key && cry.firstChild) return;
  cry.dataset.key = key;
  const quiet = () => ((state.quietUntil = Date.now() + 60000), showCry());
  cry.replaceChildren(
    h(
      "div",
      { class: "cry" },
      h("strong", null, words),
      h("a", { href: "#/alarms" }, t("立即查看", "Look now")),
      rings &&
        (!ready()
          ? button(t("点此开启警报声", "Turn the sound on"), () => (wake(), setTimeout(() => (ring(), showCry()), 100)))
          : Date.now() > state.quietUntil && button(t("静音一分钟", "Quiet for a minute"), quiet)),
    ),
  );
}

setInterval(() => {
  if (state.me && may("desk") && settings.sound && state.status?.open_alarms > 0 && Date.now() > state.quietUntil) ring();
}, 5000);

// One view.
const context = { may, state, refresh: () => refresh(true), again, go: (path) => (location.hash = `#/${path}`) };

async function open() {
  const [path, ...rest] = here();
  const place = allowed().find((one) => one.path === path) ?? allowed()[0];
  if (!place)
    return void document
      .getElementById("view")
      .replaceChildren(h("p", { class: "empty" }, t("此令牌没有可查看的内容。", "There is nothing to see for this token.")));
  state.view?.leave?.();
  const module = await import(`/console/${place.file}.js`);
  const view = module.view(place.path, rest, context);
  state.view = view;
  state.data = null;
  document.getElementById("title").textContent = view.title ?? place.words();
  showPlaces();
  showCry();
  document.getElementById("view").replaceChildren(h("p", { class: "empty", role: "status" }, t("正在读取…", "Reading…")));
  await refresh(true);
}

// The view once more from what was read last, with the focus where it was.
function again() {
  const focused = document.activeElement?.id;
  document.getElementById("view").replaceChildren(...[state.view.show(state.loaded)].flat(4).filter(Boolean));
  if (focused && focused !== "main") document.getElementById(focused)?.focus();
}

// Anew where it must be, or where what the view watches has changed and it was not read a moment ago: a list about people is a look at
// them, which the daemon writes down, and a report is work.
async function refresh(anyway) {
  const { view } = state;
  if (!view || (!anyway && !view.watch)) return;
  const watched = view.watch?.(state.status) ?? "";
  if (!anyway && (watched === state.watched || Date.now() - state.loadedAt < (view.pause ?? 0))) return;
  const main = document.getElementById("view");
  // What somebody is writing is not pulled away under his hands.
  if (!anyway && main.querySelector("form textarea:focus, form input:focus, form select:focus, dialog[open]")) return;
  try {
    const data = await view.load();
    if (state.view !== view) return;
    Object.assign(state, { watched, loadedAt: Date.now() });
    const seen = JSON.stringify(data);
    if (!anyway && seen === state.data) return;
    state.data = seen;
    state.loaded = data;
    again();
  } catch (error) {
    if (state.view !== view || error.status === 401) return;
    const words =
      error.status === 0
        ? t("连接不上服务，恢复后会自动更新。", "The service cannot be reached; this page comes back by itself.")
        : error.status === 404
          ? t("没有找到，或您无权查看。", "There is no such thing, or it is not for you.")
          : (error.message ?? String(error));
    main.replaceChildren(
      h(
        "section",
        { class: "card", role: "alert" },
        h("p", null, words),
        button(t("再试一次", "Try again"), () => refresh(true)),
      ),
    );
  }
}

async function look() {
  if (!may("report", "desk", "inspect")) return;
  const before = state.status?.open_alarms ?? 0;
  state.status = (await maybe("/v1/status").catch(() => null)) ?? state.status;
  if (!state.status) return;
  setClock(state.site.zone, state.status.now);
  if (state.status.open_alarms > before) {
    state.quietUntil = 0;
    if (may("desk") && settings.sound) ring();
  }
  showPlaces();
  showCry();
}

let waiting = null;
function lookSoon(pause) {
  waiting ??= setTimeout(() => {
    waiting = null;
    look().then(() => refresh(false));
  }, pause);
}

function heard(what) {
  state.line = what === "down" ? "down" : "open";
  showLine();
  if (what === "down" || what === "open") return;
  if (what === "alarm") {
    // An emergency does not wait for the others.
    clearTimeout(waiting);
    waiting = null;
  }
  // Facts come in bursts, or all the time: once in a while for all that came.
  lookSoon(what === "alarm" ? 0 : 1500);
}

function redraw() {
  frame();
  open();
}

async function begin() {
  state.me = await get("/console/session");
  state.site = await get("/console/site");
  setClock(state.site.zone, state.site.now);
  setUnits(state.site.units);
  frame();
  await look();
  state.source?.close();
  state.source = listen(heard);
  await open();
}

whenSignedOut(() => state.me && door(t("会话已结束，请重新登录。", "This session is over; sign in again.")));
addEventListener("hashchange", () => state.me && open().then(() => document.getElementById("main")?.focus({ preventScroll: true })));
addEventListener("pointerdown", () => state.me && may("desk") && wake(), { once: true });
addEventListener("keydown", (event) => {
  if (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    /^(input|textarea|select)$/i.test(event.target.tagName) ||
    document.querySelector("dialog[open]")
  )
    return;
  if (event.key === "/" && document.querySelector(".search input"))
    return (event.preventDefault(), document.querySelector(".search input").focus());
  state.view?.key?.(event);
});
setInterval(() => state.me && look().then(() => refresh(false)), 15000);

dress();
begin().catch((error) => door(error.status === 401 ? null : error.message));
