// Units, officers, exclusions, signals: always with n and an interval, never in an order of merit.
import { choice, empty, field, h, interval, number, percent, t, table } from "/console/dom.js";
import { get, maybe, query } from "/console/api.js";
import { range, trend, wilson } from "/console/draw.js";
import { unitName, word } from "/console/words.js";

export function view(name, [code], context) {
  return { units, officers, exclusions, signals, mine, unit }[name](context, code);
}

// Whoever leads, or is a unit, and no more sees one whole month, which the daemon chooses.
const leads = (context) => context.may("leader", "unit") && !context.may("report");
const later = (day, days) => new Date(Date.parse(`${day}T00:00:00Z`) + days * 86400e3).toISOString().slice(0, 10);

// What days, chosen above a table.
function period(context) {
  const chosen = { days: 30 };
  return {
    asked: () => (leads(context) ? {} : { from: later(context.state.site.today, 1 - chosen.days), to: context.state.site.today }),
    control: () =>
      !leads(context) &&
      field(
        t("时段", "Days"),
        Object.assign(
          choice(
            "days",
            [
              [7, t("最近 7 天", "Last 7 days")],
              [30, t("最近 30 天", "Last 30 days")],
              [90, t("最近 90 天", "Last 90 days")],
            ],
            chosen.days,
          ),
          { id: "days", onchange: (event) => ((chosen.days = Number(event.target.value)), context.refresh()) },
        ),
      ),
  };
}

const about = (data) =>
  h(
    "p",
    { class: "soft small" },
    t(
      `${data.from} 至 ${data.to} 结警。点为满意率（满意 1、基本满意 0.5、不满意 0），粗线为 95% 区间，虚线为全局均值。不是排名。`,
      `Calls closed ${data.from} to ${data.to}. The point is the rate (1, 0.5, 0), the bar its 95% interval, the dashed line the mean of the force. Not a ranking.`,
    ),
  );

const noted = (row) => row.note && h("span", { class: "tag" }, word("note", row.note));
const state = (row) => (row.funnel === "below" || row.funnel === "above" ? row.funnel : "");

function scored(first, mean) {
  const from = 0.5;
  return [
    first,
    {
      title: t(`满意率与区间（${percent(from, 0)} – 100%）`, `Rate with interval (${percent(from, 0)} – 100%)`),
      kind: "draw",
      show: (row) =>
        row.rate === null
          ? h("span", { class: "soft" }, t("评价太少，不显示", "too few to show"))
          : range(row, { mean, from, state: state(row) }),
    },
    {
      title: t("95% 区间", "95% interval"),
      kind: "figure",
      show: (row) => (row.rate === null ? "–" : `${percent(row.rate)}（${interval(row.wilson_low, row.wilson_high)}）`),
    },
    { title: "n", kind: "figure", show: (row) => number(row.n) },
    { title: t("不满意", "Dissatisfied"), kind: "figure", show: (row) => number(row.dissatisfied) },
    { title: t("送达", "Delivered"), kind: "figure", show: (row) => number(row.delivered) },
    {
      title: t("说明", "Note"),
      show: (row) => [
        noted(row),
        (row.funnel === "below" || row.funnel === "above") &&
          h("span", { class: `tag ${row.funnel === "below" ? "bad" : "good"}` }, word("funnel", row.funnel)),
      ],
    },
  ];
}

function units(context) {
  const days = period(context);
  return {
    load: () => get(query("/v1/reports/units", days.asked())),
    show: (data) => {
      const force = data.rows.find((row) => row.level === "force");
      const name = (row) =>
        row.level === "station" && context.may("report", "leader")
          ? h("a", { class: "inner", href: `#/unit/${row.unit}` }, row.name || row.unit)
          : h("strong", null, row.name || unitName(row.unit));
      return [
        h("div", { class: "filters" }, days.control()),
        h(
          "section",
          { class: "card" },
          about(data),
          table(t("单位满意率", "Rates of units"), scored({ title: t("单位", "Unit"), show: name }, force?.rate ?? null), data.rows),
        ),
      ];
    },
  };
}

function officers(context) {
  const days = period(context);
  let unit = "";
  return {
    load: async () => ({
      data: await get(query("/v1/reports/officers", days.asked())),
      force: (await maybe(query("/v1/reports/force", days.asked())))?.rows[0] ?? null,
    }),
    show: ({ data, force }) => {
      const all = [...new Set(data.rows.map((row) => row.parent).filter(Boolean))].sort();
      const rows = data.rows.filter((row) => !unit || row.parent === unit);
      const first = {
        title: t("民警", "Officer"),
        show: (row) => [
          row.name || row.officer || t("无处警民警", "no officer"),
          " ",
          row.officer && h("span", { class: "soft small" }, row.officer),
        ],
      };
      const columns = scored(first, force?.rate ?? null);
      columns.splice(1, 0, { title: t("单位", "Unit"), kind: "nowrap", show: (row) => (row.parent ? unitName(row.parent) : "–") });
      return [
        h(
          "div",
          { class: "filters" },
          days.control(),
          field(
            t("单位", "Unit"),
            Object.assign(choice("unit", [["", t("全部单位", "All units")], ...all.map((one) => [one, unitName(one)])], unit), {
              id: "unit",
              onchange: (event) => ((unit = event.target.value), context.again()),
            }),
          ),
        ),
        h(
          "section",
          { class: "card" },
          about(data),
          table(t("民警满意率，按警号", "Rates of officers, by badge"), columns, rows.slice(0, 300)),
          rows.length > 300 && h("p", { class: "soft small" }, t("只显示前 300 名，请选择单位。", "The first 300; choose a unit.")),
        ),
      ];
    },
  };
}

function unit(context, code) {
  return {
    title: unitName(code),
    load: async () => {
      const [trends, figures] = await Promise.all([leads(context) ? null : maybe("/v1/reports/trend"), get("/v1/reports/units")]);
      return {
        weeks: trends?.rows.filter((row) => row.unit === code) ?? null,
        row: figures.rows.find((one) => one.unit === code) ?? null,
        force: figures.rows.find((one) => one.level === "force") ?? null,
        from: figures.from,
        to: figures.to,
      };
    },
    show: ({ weeks, row, force, from, to }) => [
      h("a", { href: "#/units" }, t("‹ 全部单位", "‹ All units")),
      row
        ? h(
            "section",
            { class: "card" },
            h("h2", null, t(`${from} 至 ${to}`, `${from} to ${to}`)),
            row.rate === null
              ? empty(t("评价还太少，不显示比率。", "Too few ratings to show a rate."))
              : [
                  h("p", { class: "big" }, percent(row.rate)),
                  range(row, { mean: force?.rate ?? null, state: state(row) }),
                  h(
                    "p",
                    { class: "soft small" },
                    t(
                      `95% 区间 ${interval(row.wilson_low, row.wilson_high)}，n = ${number(row.n)}；按案件构成预期 ${percent(row.expected)}`,
                      `95% interval ${interval(row.wilson_low, row.wilson_high)}, n = ${number(row.n)}; ${percent(row.expected)} expected from its kind of work`,
                    ),
                  ),
                ],
          )
        : h("section", { class: "card" }, empty(t("这一时段没有数据。", "Nothing in these days."))),
      weeks &&
        h(
          "section",
          { class: "card" },
          h("h2", null, t("每周不满意占比", "Share of dissatisfied by week")),
          trend(weeks),
          h(
            "p",
            { class: "soft small" },
            t(
              "浅色带为偶然波动的范围（3σ），虚线为均值；红点为信号。",
              "The band is what chance explains (3σ), the dashed line the mean, a red point a signal.",
            ),
          ),
        ),
      weeks &&
        h(
          "section",
          { class: "card" },
          table(
            t("每周数据", "Figures by week"),
            [
              { title: t("周", "Week"), show: (week) => week.week },
              { title: "n", kind: "figure", show: (week) => number(week.n) },
              {
                title: t("满意率（区间）", "Rate (interval)"),
                kind: "figure",
                show: (week) => (week.rate === null ? "–" : `${percent(week.rate)}（${interval(...wilson(week.rate, week.n))}）`),
              },
              {
                title: t("不满意占比", "Dissatisfied"),
                kind: "figure",
                show: (week) =>
                  week.dissatisfied_share === null ? "–" : `${percent(week.dissatisfied_share)}（${interval(week.low, week.high)}）`,
              },
              {
                title: t("说明", "Note"),
                show: (week) => [week.signal && h("span", { class: "tag bad" }, t("信号", "signal")), noted(week)],
              },
            ],
            [...weeks].reverse(),
          ),
        ),
    ],
  };
}

function exclusions(context) {
  const days = period(context);
  return {
    load: () => get(query("/v1/reports/exclusions", days.asked())),
    show: (data) => {
      const codes = data.rows
        .filter((row) => row.unit === null)
        .sort((a, b) => b.count - a.count)
        .map((row) => row.code);
      const byUnit = Map.groupBy
        ? Map.groupBy(data.rows, (row) => row.unit)
        : data.rows.reduce((map, row) => map.set(row.unit, [...(map.get(row.unit) ?? []), row]), new Map());
      const rows = [...byUnit].map(([unit, all]) => ({
        unit,
        ...Object.fromEntries(all.map((row) => [row.code, row])),
        all: all.reduce((sum, row) => sum + row.count, 0),
      }));
      return [
        h("div", { class: "filters" }, days.control()),
        h(
          "section",
          { class: "card" },
          h(
            "p",
            { class: "soft small" },
            t(
              "每格为件数，括号内为占该单位全部警情的比例。占比突然升高可能是在回避评价。",
              "Cases, and their share of all cases of that unit. A share that jumps may mean that ratings are avoided.",
            ),
          ),
          rows.length === 0
            ? empty(t("这一时段没有不评的警情。", "Every call of these days was asked about."))
            : table(
                t("不评警情", "Cases that nobody was asked about"),
                [
                  { title: t("单位", "Unit"), kind: "nowrap", show: (row) => unitName(row.unit) },
                  { title: t("合计", "All"), kind: "figure", show: (row) => number(row.all) },
                  ...codes.map((code) => ({
                    title: word("code", code),
                    kind: "figure",
                    show: (row) =>
                      row[code] ? [number(row[code].count), " ", h("span", { class: "soft small" }, `(${percent(row[code].share)})`)] : "–",
                  })),
                ],
                rows,
              ),
        ),
      ];
    },
  };
}

function signals(context) {
  const days = period(context);
  const subject = (row) =>
    row.level === "officer"
      ? [row.name || row.code, " ", h("span", { class: "soft small" }, `${row.code} · ${unitName(row.unit)}`)]
      : row.name || unitName(row.code);
  const value = (row) => (row.share === null ? number(row.count) : `${percent(row.share)} (n=${number(row.of ?? row.count)})`);
  return {
    load: () => get(query("/v1/reports/signals", days.asked())),
    show: (data) => [
      h("div", { class: "filters" }, days.control()),
      h(
        "section",
        { class: "card" },
        h("p", { class: "soft small" }, t("信号是核查的起点，不是结论。", "A signal is where to look, not what was found.")),
        data.rows.length === 0
          ? empty(t("没有异常信号。", "There are no signals."))
          : table(
              t("异常信号", "Signals"),
              [
                { title: t("信号", "Signal"), kind: "nowrap", show: (row) => word("signal", row.signal) },
                {
                  title: t("说明", "Note"),
                  show: (row) =>
                    h(
                      "span",
                      { class: `tag ${row.severity === "alarm" ? "bad" : "fair"}` },
                      row.severity === "alarm" ? t("报警", "alarm") : t("提示", "warning"),
                    ),
                },
                { title: t("对象", "About"), show: subject },
                { title: t("件数", "Count"), kind: "figure", show: (row) => number(row.count) },
                { title: t("实际", "Seen"), kind: "figure", show: value },
                {
                  title: t("预期", "Expected"),
                  kind: "figure",
                  show: (row) => (row.expected === null ? "–" : row.share === null ? number(row.expected) : percent(row.expected)),
                },
              ],
              data.rows,
            ),
      ),
    ],
  };
}

function mine() {
  return {
    load: () => get("/v1/reports/mine"),
    show: (data) =>
      h(
        "section",
        { class: "card" },
        h(
          "p",
          { class: "soft small" },
          t(
            "按已结束的月份汇总；件数不足的月份并入下一行，看不出是谁作的评价。",
            "By months that are over; those with few ratings stand together with the next, so that nobody can tell who rated.",
          ),
        ),
        data.rows.length === 0
          ? empty(t("评价还太少，暂不显示。", "Too few ratings to show yet."))
          : table(
              t("我的评价", "My ratings"),
              [
                { title: t("月份", "Months"), show: (row) => (row.from === row.to ? row.from : `${row.from} – ${row.to}`) },
                { title: "n", kind: "figure", show: (row) => number(row.n) },
                { title: t("满意", "Satisfied"), kind: "figure", show: (row) => number(row.satisfied) },
                { title: t("基本满意", "Basically"), kind: "figure", show: (row) => number(row.basically_satisfied) },
                { title: t("不满意", "Dissatisfied"), kind: "figure", show: (row) => number(row.dissatisfied) },
                {
                  title: t("满意率（95% 区间）", "Rate (95% interval)"),
                  kind: "figure",
                  show: (row) => (row.rate === null ? "–" : `${percent(row.rate)}（${interval(...wilson(row.rate, row.n))}）`),
                },
                { title: t("说明", "Note"), show: noted },
              ],
              data.rows,
            ),
      ),
  };
}
