// What one needs at three in the morning.
import { empty, h, number, since, t, table, time } from "/console/dom.js";
import { get, maybe } from "/console/api.js";
import { percent } from "/console/dom.js";
import { word } from "/console/words.js";

const pair = (words, value) => h("li", null, h("span", { class: "soft" }, words), h("span", null, value));

export function view(_, __, context) {
  return {
    watch: (status) => status?.now,
    pause: 5000,
    load: async () => ({
      status: { ...(await get("/v1/status")), now: null },
      settings: context.may("admin") ? await maybe("/console/settings") : null,
      paths: context.may("report") ? ((await maybe("/v1/reports/paths"))?.rows ?? null) : null,
    }),
    show: ({ status: s, paths, settings }) =>
      h(
        "div",
        { class: "grid" },
        h(
          "section",
          { class: "card half" },
          h("h2", null, t("服务", "Service")),
          h(
            "ul",
            { class: "plainlist" },
            pair(t("方式", "Mode"), word("mode", s.mode)),
            pair(
              t("能否工作", "Ready"),
              s.not_ready.length === 0
                ? h("span", { class: "tag good" }, t("正常", "ready"))
                : s.not_ready.map((reason) => h("span", { class: "tag bad" }, reason)),
            ),
            s.notes.length > 0 && pair(t("注意", "Notes"), s.notes.join("; ")),
            pair(t("最近回执", "Last report"), time(s.last_receipt_at)),
            pair(t("最近回复", "Last reply"), time(s.last_reply_at)),
            pair(t("未读文本", "Texts not read"), number(s.unread_texts)),
            pair(t("可用磁盘", "Disk free"), `${number(Math.round(s.disk.free_mib / 1024))} GiB`),
            pair(
              t("名单外单位 / 民警（7 天）", "Units / officers in no list (7 days)"),
              `${s.strangers_7d.units} / ${s.strangers_7d.officers}`,
            ),
          ),
        ),
        h(
          "section",
          { class: "card half" },
          h("h2", null, t("队列", "Queues")),
          h(
            "ul",
            { class: "plainlist" },
            pair(t("待发", "Due"), number(s.queue.due)),
            pair(t("稍后", "Later"), number(s.queue.later)),
            pair(t("暂停", "Held"), number(s.queue.held)),
            pair(t("在发", "Being sent"), number(s.queue.sending)),
            pair(t("存疑", "In doubt"), [
              number(s.in_doubt.count),
              s.in_doubt.oldest_at && t(`，最早 ${since(s.in_doubt.oldest_at)}前`, `, oldest ${since(s.in_doubt.oldest_at)} ago`),
            ]),
            s.in_doubt.by.map((one) => pair(`${one.channel} · ${word("message", one.state)}`, `${number(one.count)} · ${one.why}`)),
          ),
        ),
        h(
          "section",
          { class: "card half" },
          h("h2", null, t("通道", "Channels")),
          h(
            "ul",
            { class: "plainlist" },
            s.channels.map((channel) =>
              h(
                "li",
                null,
                h(
                  "span",
                  null,
                  h("strong", null, channel.name),
                  " ",
                  h("span", { class: `tag ${channel.state === "up" ? "good" : "bad"}` }, word("channel", channel.state)),
                  ` ${channel.why}`,
                ),
                h(
                  "span",
                  { class: "soft small" },
                  channel.links ? t(`链路 ${channel.links.up}/${channel.links.of}`, `links ${channel.links.up}/${channel.links.of}`) : "",
                  t(` 在途 ${channel.in_flight}`, ` ${channel.in_flight} under way`),
                ),
              ),
            ),
          ),
        ),
        h(
          "section",
          { class: "card half" },
          h("h2", null, t("告警与暂停", "Alarms and holds")),
          s.alarms.length + s.holds.length === 0
            ? empty(t("没有告警，没有暂停。", "No alarm, no hold."))
            : h(
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
                s.holds.map((hold) =>
                  h(
                    "li",
                    null,
                    h(
                      "span",
                      null,
                      h("span", { class: "tag fair" }, `${t("暂停", "hold")} ${hold.of}${hold.channel ? ` · ${hold.channel}` : ""}`),
                      ` ${hold.reason}`,
                    ),
                    h("span", { class: "soft small" }, since(hold.since)),
                  ),
                ),
              ),
        ),
        paths &&
          h(
            "section",
            { class: "card whole" },
            h("h2", null, t("上行与回执，最近 30 天", "Replies and reports, last 30 days")),
            table(
              t("按号段", "By group of numbers"),
              [
                { title: t("通道", "Channel"), show: (row) => row.channel },
                { title: t("号段", "Numbers"), show: (row) => (row.prefix ? `${row.prefix} ${row.carrier ?? ""}` : t("合计", "all")) },
                { title: t("发出", "Sent"), kind: "figure", show: (row) => number(row.sent) },
                { title: t("有回执", "Reports"), kind: "figure", show: (row) => `${number(row.receipts)} (${percent(row.receipt_share)})` },
                { title: t("有回复", "Replies"), kind: "figure", show: (row) => `${number(row.replies)} (${percent(row.reply_share)})` },
                { title: t("应有回复", "Expected"), kind: "figure", show: (row) => number(row.expected) },
                {
                  title: t("说明", "Note"),
                  show: (row) =>
                    row.prefix &&
                    row.expected >= 10 &&
                    row.replies < row.expected / 3 &&
                    h("span", { class: "tag bad" }, t("上行可能中断", "replies may be lost")),
                },
              ],
              paths,
            ),
          ),
        settings &&
          h(
            "section",
            { class: "card whole" },
            h("h2", null, t("现行设置（只读）", "Settings in force (read only)")),
            settings.warnings.length === 0
              ? h("p", null, h("span", { class: "tag good" }, t("检查无发现", "check finds nothing")))
              : h(
                  "ul",
                  { class: "plainlist" },
                  settings.warnings.map((warning) =>
                    h("li", null, h("span", null, h("span", { class: "tag fair" }, t("注意", "warning")), ` ${warning}`)),
                  ),
                ),
            table(
              t("每条短信多长", "What each text costs"),
              [
                { title: t("短信", "Text"), show: (text) => text.name },
                { title: t("内容（最长日期）", "With the longest date"), show: (text) => text.whole },
                { title: t("字数", "Characters"), kind: "figure", show: (text) => number(text.units) },
                { title: t("计费条数", "SMS charged"), kind: "figure", show: (text) => number(text.parts) },
              ],
              settings.texts,
            ),
            settings.channels.map((channel) =>
              h(
                "details",
                null,
                h("summary", null, `${t("通道", "Channel")} ${channel.name}: ${channel.what}`),
                h("ul", { class: "plainlist" }, channel.lines.map((line) => h("li", null, h("span", null, line)))),
              ),
            ),
            h("p", { class: "soft small" }, t("规则指纹 ", "Fingerprint of the rules "), settings.sha256.slice(0, 16)),
            h(
              "details",
              null,
              h("summary", null, t("显示全部设置（不含密钥）", "Show all settings, without secrets")),
              h("pre", { class: "said", tabindex: "0" }, settings.text),
            ),
          ),
      ),
  };
}
