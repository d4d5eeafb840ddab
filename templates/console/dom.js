// Elements made by hand: `h` makes one of the page, `draw` one of a drawing, and no text ever becomes markup. `t` says a thing in the language
// of the reader.

export const settings = {
  language: localStorage.getItem("language") ?? (navigator.language.startsWith("zh") ? "zh" : "en"),
  theme: localStorage.getItem("theme") ?? "auto",
  sound: localStorage.getItem("sound") !== "off",
};

export function keep(name, value) {
  settings[name] = value;
  localStorage.setItem(name, value === true ? "on" : value === false ? "off" : value);
  dress();
}

// What the whole document wears.
export function dress() {
  document.documentElement.lang = settings.language === "zh" ? "zh-CN" : "en";
  document.documentElement.dataset.theme = settings.theme;
}

export const t = (chinese, english) => (settings.language === "zh" ? chinese : english);

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "width%") element.style.width = `${value}%`;
    else if (name === "left%") element.style.left = `${value}%`;
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(4)) if (child !== null && child !== undefined && child !== false) element.append(child);
  return element;
}

export const h = (name, properties, ...children) => fill(document.createElement(name), properties, children);
export const draw = (name, properties, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", name), properties, children);

export const number = (value) => (value === null || value === undefined ? "–" : value.toLocaleString("en-US"));
export const percent = (value, digits = 1) => (value === null || value === undefined ? "–" : `${(value * 100).toFixed(digits)}%`);
// Never a rate alone.
export const interval = (low, high) => (low === null || low === undefined ? "" : `${percent(low)} – ${percent(high)}`);

const pad = (value) => String(value).padStart(2, "0");

let zone = "Asia/Shanghai";
let drift = 0; // of the daemon's clock against this machine's
export function setClock(place, now) {
  zone = place;
  drift = Date.parse(now) - Date.now();
}
export const now = () => Date.now() + drift;

function parts(instant) {
  const pieces = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    hourCycle: "h23",
  }).formatToParts(new Date(instant));
  return Object.fromEntries(pieces.map((piece) => [piece.type, Number(piece.value)]));
}

export function when(instant) {
  if (!instant) return "–";
  const then = parts(instant);
  const today = parts(now());
  const clock = `${pad(then.hour)}:${pad(then.minute)}`;
  if (then.year === today.year && then.month === today.month && then.day === today.day) return clock;
  const day = t(
    `${then.month}月${then.day}日`,
    `${then.day} ${["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][then.month - 1]}`,
  );
  return then.year === today.year ? `${day} ${clock}` : `${then.year}${t("年", " ")}${day}`;
}
export const time = (instant) => h("time", { datetime: instant ?? "" }, when(instant));

export function lasted(milliseconds) {
  const minutes = Math.max(0, Math.floor(milliseconds / 60000));
  if (minutes < 1) return t("不到 1 分钟", "under a minute");
  if (minutes < 60) return t(`${minutes} 分钟`, `${minutes} min`);
  if (minutes < 48 * 60) return t(`${Math.floor(minutes / 60)} 小时`, `${Math.floor(minutes / 60)} h`);
  return t(`${Math.floor(minutes / 1440)} 天`, `${Math.floor(minutes / 1440)} days`);
}
export const since = (instant) => (instant ? lasted(now() - Date.parse(instant)) : "–");

// How long something is still in time, or no longer.
export function due(instant) {
  if (!instant) return null;
  const left = Date.parse(instant) - now();
  const kind = left < 0 ? "late" : left < 4 * 3600e3 ? "soon" : "calm";
  const words = left < 0 ? t(`逾期 ${lasted(-left)}`, `${lasted(-left)} overdue`) : t(`还有 ${lasted(left)}`, `${lasted(left)} left`);
  return h("span", { class: `clock ${kind}`, title: when(instant) }, words);
}

export const button = (words, onclick, properties) => h("button", { type: "button", onclick, ...properties }, words);
export const empty = (words) => h("p", { class: "empty" }, words);
export const field = (label, control) => h("label", { class: "field" }, h("span", null, label), control);
export const choice = (name, options, chosen) =>
  h(
    "select",
    { name },
    options.map(([value, words]) => h("option", { value, selected: value === chosen }, words)),
  );

export function table(caption, columns, rows) {
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      null,
      h("caption", { class: "unseen" }, caption),
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          columns.map((column) => h("th", { scope: "col", class: column.kind }, column.title)),
        ),
      ),
      h(
        "tbody",
        null,
        rows.map((row) =>
          h(
            "tr",
            null,
            columns.map((column, at) =>
              h(at === 0 ? "th" : "td", { scope: at === 0 ? "row" : null, class: column.kind }, column.show(row)),
            ),
          ),
        ),
      ),
    ),
  );
}

const said = () => document.getElementById("said");
// To the eye and to a screen reader; stays as long as it takes to read.
export function say(words, kind = "done") {
  const place = said();
  if (!place) return;
  const note = h("p", { class: `note ${kind}` }, words);
  place.append(note);
  setTimeout(() => note.remove(), kind === "failed" ? 9000 : 4000);
}

// Asks for one thing in a dialog; null when he thought better of it.
export function ask(title, content, action) {
  return new Promise((resolve) => {
    const form = h(
      "form",
      { method: "dialog" },
      h("h2", { id: "asked" }, title),
      content,
      h(
        "div",
        { class: "actions" },
        button(t("取消", "Cancel"), () => dialog.close()),
        h("button", { type: "submit", class: "main" }, action),
      ),
    );
    const dialog = h("dialog", { "aria-labelledby": "asked" }, form);
    let answer = null;
    form.addEventListener("submit", () => (answer = Object.fromEntries(new FormData(form))));
    dialog.addEventListener("close", () => (dialog.remove(), resolve(answer)));
    document.body.append(dialog);
    dialog.showModal();
  });
}
