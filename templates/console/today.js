// One day at a glance: what became of its calls, what waits for whom, whether the lines hold.
import { button, due, h, interval, now, number, percent, since, t, table, time } from "/console/dom.js";
import { maybe, query } from "/console/api.js";
import { flow, span } from "/console/draw.js";
import { unitName, word } from "/console/words.js";

const dayWords = (day) =>
  new Intl.DateTimeFormat(t("zh-CN", "en-GB"), { month: "long", day: "numeric", weekday: "long", timeZone: "UTC" }).format(
    new Date(`${day}T00:00:00Z`),
  );
const later = (day, days) => new Date(Date.parse(`${day}T00:00:00Z`) + days * 86400e3).toISOString().slice(0, 10);

// A ported number keeps its digits: near enough to see a path that has gone silent.
function byCarrier(rows) {
  const all = new Map();
  for (const row of rows.filter((one) => one.prefix !== null && one.carrier)) {
    const sum = all.get(row.carrier) ?? { carrier: row.carrier, sent: 0, replies: 0, expected: 0 };
    all.set(row.carrier, {
      ...sum,
      sent: sum.sent + row.sent,
      replies: sum.replies + row.replies,
      expected: sum.expected + (row.expected ?? 0),
    });
  }
  return [...all.values()];
}

// What a leader may see is one whole month, when its answers are in.
const leads = (context) => context.may("leader") && !context.may("report");

export function view(_, __, context) {
  const { site } = context.state;
  let day = site.last_day ?? site.today;

  const load = async () => {
    const figures = context.may("report", "leader");
    // Of the same days as the other, whoever chose them.
    const force = figures ? await maybe(query("/v1/reports/force", leads(context) ? {} : { from: day, to: day })) : null;
    const [exclusions, paths, desk] = await Promise.all([
      force ? maybe(query("/v1/reports/exclusions", { from: force.from, to: force.to })) : null,
      context.may("report") ? maybe("/v1/reports/paths") : null,
      context.may("desk", "inspect") && context.state.status?.open_alarms > 0 ? maybe("/v1/desk") : null,
    ]);
    return {
      force,
      exclusions: exclusions?.rows.filter((row) => row.unit === null) ?? null,
      paths: paths?.rows.filter((row) => row.prefix === null) ?? null,
      carriers: paths && byCarrier(paths.rows),
      from: force?.from,
      to: force?.to,
      alarms: desk?.alarms.filter((alarm) => !alarm.acknowledged_at) ?? null,
      status: context.state.status && { ...context.state.status, now: null },
    };
  };

  const move = (days) => ((day = later(day, days)), context.refresh());

  const chooser = () =>
    leads(context)
      ? null
      : h(
          "div",
          { class: "filters" },
          button("‹", () => move(-1), { "aria-label": t("前一天", "The day before"), id: "earlier" }),
          h("input", {
            id: "day",
            type: "date",
            value: day,
            max: site.today,
            "aria-label": t("日期", "Day"),
            onchange: (event) => event.target.value && ((day = event.target.value), context.refresh()),
          }),
          button("›", () => move(1), { "aria-label": t("后一天", "The day after"), id: "later", disabled: day >= site.today }),
        );

  const books = (data) => {
    const row = data.force.rows[0];
    const excluded = data.exclusions.reduce((sum, one) => sum + one.count, 0);
    const share = (count, of) => (of > 0 ? percent(count / of) : "–");
    const parts = [
      { count: row.satisfied, kind: "s" },
      { count: row.basically_satisfied, kind: "b" },
      { count: row.dissatisfied, kind: "d" },
    ];
    const rated = row.n;
    const closed = row.eligible + excluded;
    return h(
      "section",
      { class: "card wide", "aria-labelledby": "flow" },
      h(
        "div",
        { class: "head" },
        h("h2", { id: "flow" }, leads(context) ? t(`${data.from} 至 ${data.to}`, `${data.from} to ${data.to}`) : dayWords(day)),
        chooser(),
      ),
      day !== site.today &&
        !leads(context) &&
        day === site.last_day &&
        h(
          "p",
          { class: "soft small" },
          t("今天还没有结警，显示最近有警情的一天。", "No call was closed today yet; this is the last day that has calls."),
        ),
      flow([
        { words: t("结警", "Closed"), count: closed, of: t("当日办结", "calls closed") },
        { words: t("应评", "Asked"), count: row.eligible, of: t(`不评 ${number(excluded)}`, `${number(excluded)} excluded`) },
        { words: t("送达", "Delivered"), count: row.delivered, of: t(`已发 ${number(row.sent)}`, `of ${number(row.sent)} sent`) },
        { words: t("答复", "Answered"), count: row.answered, of: t(`有效评价 ${number(rated)}`, `${number(rated)} ratings`) },
        {
          words: t("评价", "Rated"),
          count: rated,
          parts: rated !== null && row.satisfied !== null ? parts : undefined,
          of: t(`占送达 ${share(rated, row.delivered)}`, `${share(rated, row.delivered)} of delivered`),
        },
      ]),
      h(
        "p",
        { class: "legend" },
        h("span", null, h("i", { class: "s" }), t(`满意 ${number(row.satisfied)}`, `satisfied ${number(row.satisfied)}`)),
        h(
          "span",
          null,
          h("i", { class: "b" }),
          t(`基本满意 ${number(row.basically_satisfied)}`, `basically ${number(row.basically_satisfied)}`),
        ),
        h("span", null, h("i", { class: "d" }), t(`不满意 ${number(row.dissatisfied)}`, `dissatisfied ${number(row.dissatisfied)}`)),
      ),
    );
  };

  const rate = (data) => {
    const row = data.force.rows[0];
    return h(
      "section",
      { class: "card third", "aria-labelledby": "rate" },
      h("h2", { id: "rate" }, t("满意率", "Satisfaction")),
      row.rate === null
        ? h("p", { class: "empty" }, t("评价还太少，不显示比率。", "Too few ratings to show a rate."))
        : [
            h("p", { class: "big" }, percent(row.rate)),
            span(row.rate, row.wilson_low, row.wilson_high),
            h(
              "p",
              { class: "soft small" },
              t(
                `95% 区间 ${interval(row.wilson_low, row.wilson_high)}，n = ${number(row.n)}`,
                `95% interval ${interval(row.wilson_low, row.wilson_high)}, n = ${number(row.n)}`,
              ),
            ),
            h(
              "p",
              { class: "soft small" },
              t(
                `满意 ${percent(row.satisfied_share)} · 满意和基本满意 ${percent(row.positive_share)}（${interval(row.positive_low, row.positive_high)}）· 不满意 ${percent(row.dissatisfied_share)}`,
                `satisfied ${percent(row.satisfied_share)} · with basically ${percent(row.positive_share)} (${interval(row.positive_low, row.positive_high)}) · dissatisfied ${percent(row.dissatisfied_share)}`,
              ),
            ),
          ],
    );
  };

  const queue = (href, words, count, below, bad) =>
    h(
      href ? "a" : "div",
      { class: `queue${bad ? " bad" : ""}`, href },
      h("span", null, words),
      h("b", null, number(count)),
      h("span", null, below),
    );

  const queues = ({ status: s }) => {
    const inspects = context.may("inspect");
    return h(
      "section",
      { class: "whole", "aria-label": t("待办", "What waits") },
      h(
        "div",
        { class: "queues" },
        queue(
          context.may("desk", "inspect") && "#/alarms",
          t("紧急情况", "Emergencies"),
          s.open_alarms,
          s.open_alarms > 0
            ? t(`最早 ${since(s.desk.oldest_open_at)}前`, `oldest ${since(s.desk.oldest_open_at)} ago`)
            : t("均有人接手", "all taken"),
          s.open_alarms > 0,
        ),
        queue(
          inspects && "#/followups",
          t("不满意回访", "Follow-ups"),
          s.followups.open,
          s.followups.overdue > 0
            ? t(`逾期 ${number(s.followups.overdue)}`, `${number(s.followups.overdue)} overdue`)
            : s.followups.next_due_at
              ? due(s.followups.next_due_at)
              : t("无待办", "none open"),
          s.followups.overdue > 0,
        ),
        queue(
          inspects && "#/review",
          t("人工判读", "To be read"),
          s.reviews.open,
          s.reviews.open > 0
            ? t(`最早 ${since(s.reviews.oldest_at)}前`, `oldest ${since(s.reviews.oldest_at)} ago`)
            : t("无待办", "none open"),
        ),
        queue(
          inspects && "#/appeals",
          t("民警申诉", "Appeals"),
          s.appeals.open,
          s.appeals.overdue > 0 ? t(`逾期 ${s.appeals.overdue}`, `${s.appeals.overdue} overdue`) : t("无逾期", "none overdue"),
          s.appeals.overdue > 0,
        ),
        queue(
          inspects && "#/letters",
          t("群众来信", "Letters"),
          s.letters.open,
          s.letters.open > 0
            ? t(`最早 ${since(s.letters.oldest_at)}前`, `oldest ${since(s.letters.oldest_at)} ago`)
            : t("无待办", "none open"),
        ),
        queue(
          "#/service",
          t("待发短信", "Texts to send"),
          s.queue.due + s.queue.held,
          s.queue.held > 0
            ? t(`暂停 ${number(s.queue.held)}`, `${number(s.queue.held)} held`)
            : t(`稍后 ${number(s.queue.later)}`, `${number(s.queue.later)} later`),
          s.queue.held > 0,
        ),
        queue(
          "#/service",
          t("发送存疑", "In doubt"),
          s.in_doubt.count,
          s.in_doubt.oldest_at
            ? t(`最早 ${since(s.in_doubt.oldest_at)}前`, `oldest ${since(s.in_doubt.oldest_at)} ago`)
            : t("均有结论", "all settled"),
        ),
      ),
    );
  };

  const lines = ({ status: s, paths, carriers }) =>
    h(
      "section",
      { class: "card half", "aria-labelledby": "lines" },
      h("h2", { id: "lines" }, t("通道与上行", "Channels and replies")),
      h(
        "ul",
        { class: "plainlist" },
        s.channels.map((channel) => {
          const path = paths?.find((row) => row.channel === channel.name);
          return h(
            "li",
            null,
            h(
              "span",
              null,
              h("strong", null, channel.name),
              " ",
              h("span", { class: `tag ${channel.state === "up" ? "good" : "bad"}` }, word("channel", channel.state)),
              channel.why && h("span", { class: "soft small" }, ` ${channel.why}`),
            ),
            path &&
              path.sent > 0 &&
              h(
                "span",
                { class: "soft small" },
                t(
                  `30 天：回执 ${number(path.receipts)} · 回复 ${number(path.replies)} · 发出 ${number(path.sent)}`,
                  `30 days: ${number(path.receipts)} reports · ${number(path.replies)} replies · ${number(path.sent)} sent`,
                ),
              ),
          );
        }),
      ),
      h(
        "p",
        { class: "soft small" },
        t("最近回执 ", "Last report "),
        time(s.last_receipt_at),
        t(" · 最近回复 ", " · last reply "),
        time(s.last_reply_at),
      ),
      carriers?.length > 0 &&
        table(
          t("各运营商的回复", "Replies by carrier"),
          [
            { title: t("运营商", "Carrier"), show: (row) => row.carrier },
            { title: t("发出", "Sent"), kind: "figure", show: (row) => number(row.sent) },
            { title: t("有回复", "Replies"), kind: "figure", show: (row) => number(row.replies) },
            { title: t("应有回复", "Expected"), kind: "figure", show: (row) => number(row.expected) },
            {
              title: t("上行", "Path"),
              show: (row) =>
                row.expected < 10
                  ? h("span", { class: "tag" }, t("样本不足", "too few"))
                  : row.replies < row.expected / 3
                    ? h("span", { class: "tag bad" }, t("可能中断", "may be lost"))
                    : h("span", { class: "tag good" }, t("正常", "works")),
            },
          ],
          carriers,
        ),
      s.alarms.length > 0 &&
        h(
          "ul",
          { class: "plainlist" },
          s.alarms.map((alarm) =>
            h(
              "li",
              null,
              h("span", null, h("span", { class: "tag bad" }, alarm.name), ` ${alarm.about} ${alarm.detail}`),
              h("span", { class: "soft small" }, since(alarm.since)),
            ),
          ),
        ),
      s.holds.length > 0 &&
        h(
          "p",
          null,
          h("span", { class: "tag fair" }, t("已暂停发送", "Sending held")),
          ` ${s.holds.map((hold) => hold.reason).join("; ")}`,
        ),
    );

  const left = ({ exclusions }) => {
    const most = Math.max(1, ...exclusions.map((row) => row.count));
    return h(
      "section",
      { class: "card half", "aria-labelledby": "left" },
      h(
        "div",
        { class: "head" },
        h("h2", { id: "left" }, t("为什么不评", "Why not asked")),
        h("a", { class: "small", href: "#/exclusions" }, t("按单位查看", "By unit")),
      ),
      exclusions.length === 0
        ? h("p", { class: "empty" }, t("没有不评的警情。", "Every call was asked about."))
        : h(
            "dl",
            { class: "flow tight" },
            [...exclusions]
              .sort((a, b) => b.count - a.count)
              .slice(0, 8)
              .map((row) =>
                h(
                  "div",
                  null,
                  h("dt", { class: "small" }, word("code", row.code)),
                  h("dd", { class: "amount" }, number(row.count)),
                  h("dd", { class: "track", "aria-hidden": "true" }, h("i", { "width%": (100 * row.count) / most })),
                ),
              ),
          ),
    );
  };

  const urgent = ({ alarms }) =>
    alarms?.length > 0 &&
    h(
      "section",
      { class: "card whole alarm", "aria-labelledby": "urgent" },
      h(
        "div",
        { class: "head" },
        h("h2", { id: "urgent" }, t("紧急情况，先看这里", "Emergencies first")),
        h("a", { href: "#/alarms" }, t("全部", "All")),
      ),
      h(
        "ul",
        { class: "plainlist" },
        alarms
          .slice(0, 3)
          .map((alarm) =>
            h(
              "li",
              null,
              h("strong", null, alarm.text),
              h("span", { class: "facts" }, unitName(alarm.unit), time(alarm.at), h("span", { class: "clock late" }, since(alarm.at))),
            ),
          ),
      ),
    );

  return {
    watch: (status) => status?.now,
    pause: 12000,
    load,
    show: (data) =>
      h(
        "div",
        { class: "grid" },
        urgent(data),
        data.status && queues(data),
        data.force && data.exclusions && [books(data), rate(data)],
        data.status && lines(data),
        data.exclusions && left(data),
        h(
          "p",
          { class: "whole soft small" },
          t("数据时间 ", "As of "),
          data.force ? time(data.force.as_of) : time(new Date(now()).toISOString()),
        ),
      ),
  };
}
