// Drawings: a rate only ever with its interval.
import { draw, h, interval, number, percent, t } from "/console/dom.js";

// From `from` to 1 on a line, the interval as a bar, the value as a point, the force's mean as a dashed line.
export function span(value, low, high, { from = 0.5, mean = null, state = "" } = {}) {
  if (value === null || value === undefined) return h("span", { class: "soft" }, "–");
  const x = (share) => 1 + 98 * Math.max(0, Math.min(1, (share - from) / (1 - from)));
  const words = `${percent(value)}${t("，区间 ", ", interval ")}${interval(low, high)}`;
  return draw(
    "svg",
    { class: "span", role: "img", "aria-label": words },
    draw("title", null, words),
    draw("line", { class: "axis", x1: "1%", x2: "99%", y1: 14, y2: 14 }),
    mean !== null && draw("line", { class: "mid", x1: `${x(mean)}%`, x2: `${x(mean)}%`, y1: 2, y2: 26 }),
    draw("line", { class: "reach", x1: `${x(low)}%`, x2: `${x(high)}%`, y1: 14, y2: 14 }),
    draw("circle", { class: `point ${state}`, cx: `${x(value)}%`, cy: 14, r: 6.5 }),
  );
}

export const range = (row, options) => h("div", { class: "range" }, span(row.rate, row.wilson_low, row.wilson_high, options));

// Closed, asked, delivered, answered, satisfied: one bar each, all on one scale.
export function flow(steps) {
  const most = Math.max(1, ...steps.map((step) => step.count));
  return h(
    "dl",
    { class: "flow" },
    steps.map((step) =>
      h(
        "div",
        null,
        h("dt", null, step.words),
        h("dd", { class: "amount" }, number(step.count)),
        h(
          "dd",
          { class: "track", "aria-hidden": "true" },
          (step.parts ?? [{ count: step.count, kind: "" }]).map(
            (part) => part.count > 0 && h("i", { class: part.kind, "width%": (100 * part.count) / most }),
          ),
        ),
        h("dd", { class: "of" }, step.of ?? ""),
      ),
    ),
  );
}

// z = 1.96, as the reports do it; for the few tables that have a rate and n and no interval.
export function wilson(rate, n) {
  const z = 1.96,
    spread = 1 + (z * z) / n;
  const centre = (rate + (z * z) / (2 * n)) / spread;
  const half = (z / spread) * Math.sqrt((rate * (1 - rate)) / n + (z * z) / (4 * n * n));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

// A unit's weeks: the share of dissatisfied as a line, the band within which chance alone explains it, a week with a signal in red.
export function trend(rows) {
  const weeks = rows.filter((row) => row.dissatisfied_share !== null);
  if (weeks.length < 2)
    return h("p", { class: "empty" }, t("满 30 件评价的周不足两周，暂无走势。", "Fewer than two weeks have enough ratings to compare."));
  const [width, height, left, right, top, bottom] = [760, 250, 48, 14, 14, 32];
  const most = Math.ceil(Math.max(0.1, ...weeks.flatMap((row) => [row.dissatisfied_share, row.high ?? 0])) * 27) / 25; // in fours of a per cent
  const x = (at) => left + ((width - left - right) * at) / (weeks.length - 1);
  const y = (share) => top + (height - top - bottom) * (1 - share / most);
  const edge = (name) => weeks.map((row, at) => `${x(at)},${y(row[name] ?? row.centre ?? 0)}`);
  const step = Math.ceil(weeks.length / 8);
  return draw(
    "svg",
    {
      class: "chart",
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": t("每周不满意占比走势，数据见下表", "Share of dissatisfied by week; the table below has the figures"),
    },
    draw("polygon", { class: "band", points: [...edge("high"), ...edge("low").reverse()].join(" ") }),
    [0, 0.25, 0.5, 0.75, 1].map((part) => [
      draw("line", { class: "axis", x1: left, x2: width - right, y1: y(part * most), y2: y(part * most) }),
      draw("text", { x: left - 8, y: y(part * most) + 4, "text-anchor": "end" }, percent(part * most, 0)),
    ]),
    draw("polyline", { class: "mid", fill: "none", points: edge("centre").join(" ") }),
    draw("polyline", { class: "line", points: edge("dissatisfied_share").join(" ") }),
    weeks.map((row, at) => [
      draw(
        "circle",
        { class: `point ${row.signal ? "below" : ""}`, cx: x(at), cy: y(row.dissatisfied_share), r: row.signal ? 7 : 5 },
        draw("title", null, `${row.week} ${percent(row.dissatisfied_share)} n=${row.n}`),
      ),
      at % step === 0 && draw("text", { x: x(at), y: height - 8, "text-anchor": "middle" }, row.week.slice(5)),
    ]),
  );
}
