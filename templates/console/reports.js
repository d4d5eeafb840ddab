// Reports to take along.
import { choice, empty, field, h, t, table } from "/console/dom.js";
import { maybe, query } from "/console/api.js";

const kinds = [
  ["force", () => t("全局", "Whole force"), ["report", "leader"]],
  ["units", () => t("单位", "Units"), ["report", "leader"]],
  ["officers", () => t("民警", "Officers"), ["report"]],
  ["balance", () => t("总账", "The books"), ["report", "leader"]],
  ["exclusions", () => t("不评警情", "Exclusions"), ["report", "leader"]],
  ["response", () => t("参评率", "Response"), ["report", "leader"]],
  ["trend", () => t("走势", "Trends"), ["report", "leader"]],
  ["assessment", () => t("考评", "Assessment"), ["report", "leader"]],
  ["register", () => t("民情台账", "Register of topics"), ["report", "leader"]],
  ["desk", () => t("紧急情况", "Emergencies"), ["report", "leader"]],
  ["appeals", () => t("申诉", "Appeals"), ["report", "leader"]],
  ["paths", () => t("上行与回执通路", "Paths"), ["report"]],
  ["funnel", () => t("漏斗", "Funnel"), ["inspect"]],
  ["signals", () => t("异常信号", "Signals"), ["inspect"]],
];
const formats = [
  ["xlsx", "Excel"],
  ["csv", "CSV"],
  ["html", t("可打印页面", "page to print")],
  ["json", "JSON"],
];

export function view(_, __, context) {
  const fixed = context.may("leader") && !context.may("report");
  const download = (event) => {
    event.preventDefault();
    const { report, from, to, format } = Object.fromEntries(new FormData(event.target));
    const weekly = report === "register" || report === "balance" || fixed;
    const link = h("a", {
      href: query(`/v1/reports/${report}`, { from: weekly ? "" : from, to: weekly ? "" : to, format }),
      download: `${report}.${format}`,
      target: format === "html" ? "_blank" : null,
      rel: "noopener",
    });
    link.click();
  };
  return {
    load: async () => (context.may("report") ? maybe("/console/exports") : null),
    show: (nightly) => [
      h(
        "section",
        { class: "card" },
        h(
          "form",
          { class: "form", onsubmit: download },
          field(
            t("报表", "Report"),
            choice(
              "report",
              kinds.filter(([, , scopes]) => context.may(...scopes)).map(([key, words]) => [key, words()]),
            ),
          ),
          !fixed &&
            h(
              "div",
              { class: "filters" },
              field(t("自", "From"), h("input", { type: "date", name: "from", max: context.state.site.today })),
              field(t("至", "To"), h("input", { type: "date", name: "to", max: context.state.site.today })),
            ),
          field(t("格式", "Format"), choice("format", formats)),
          h(
            "p",
            { class: "soft small" },
            fixed
              ? t("领导报表为一个完整的月份，答复期结束后给出。", "For leaders a report is of one whole month, when its answers are in.")
              : t("日期留空为最近 30 天。报表不含任何号码。", "Without days it is the last 30. No report holds a number."),
          ),
          h("div", { class: "actions" }, h("button", { type: "submit", class: "main" }, t("下载", "Download"))),
        ),
      ),
      nightly &&
        h(
          "section",
          { class: "card" },
          h("h2", null, t("每夜导出", "Nightly files")),
          h(
            "p",
            { class: "soft small" },
            t("一个版本写成后不再改变；数据有变则另出新版。", "A version never changes once it is written; changed data makes a new one."),
          ),
          nightly.exports.length === 0
            ? empty(t("还没有导出文件。", "There are no files yet."))
            : table(
                t("每夜导出", "Nightly files"),
                [
                  { title: t("日期", "Day"), kind: "nowrap", show: (one) => one.day },
                  { title: t("版本", "Version"), show: (one) => one.version },
                  {
                    title: t("文件", "Files"),
                    show: (one) =>
                      h(
                        "span",
                        { class: "facts" },
                        one.files.map((file) =>
                          h(
                            "a",
                            { href: `/console/exports/${one.day}/${one.version}/${file}`, download: `${one.day}-${one.version}-${file}` },
                            file,
                          ),
                        ),
                      ),
                  },
                ],
                nightly.exports.slice(0, 60),
              ),
        ),
    ],
  };
}
