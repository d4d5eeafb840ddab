// 审计: who looked at whom and why, and what people did by hand.
import { button, choice, empty, field, h, t, table, time } from "/console/dom.js";
import { get, query } from "/console/api.js";
import { person } from "/console/words.js";

const groups = ["look", "reveal", "override", "decision", "site"];
const names = {
  look: ["查看", "look"],
  reveal: ["查看号码或原文", "number or text shown"],
  override: ["人工干预", "by hand"],
  decision: ["人工裁定", "decision"],
  site: ["系统变更", "the site"],
  number: ["查看号码", "a number shown"],
  callback: ["查看未读回调", "an unread callback shown"],
  call: ["查看警情全程", "story of a call"],
  followups: ["回访列表", "list of follow-ups"],
  followup: ["查看回访", "a follow-up"],
  review: ["人工判读", "review"],
  letters: ["来信列表", "list of letters"],
  letter: ["查看来信", "a letter"],
  letter_alarm: ["来信转紧急", "a letter to the desk"],
  appeal: ["查看申诉", "an appeal"],
  desk: ["紧急情况", "emergencies"],
  notice: ["查看通知", "a notice"],
  audit: ["查看审计", "this audit"],
  raw: ["查看原始数据", "raw figures"],
  resend: ["重发", "sent again"],
  cancelled_by_operator: ["取消", "called off"],
  released: ["放行", "let go"],
  released_in_doubt: ["放行（可能重复）", "let go, maybe twice"],
  hold: ["暂停", "held"],
  release: ["恢复", "released"],
  opt_out: ["人工退订", "opted out by hand"],
  opt_in: ["人工恢复", "opted in by hand"],
  forget: ["遗忘号码", "a number forgotten"],
  review_decided: ["判读裁定", "review decided"],
  appeal_filed: ["提出申诉", "appeal filed"],
  appeal_proposed: ["申诉拟定", "appeal, proposed"],
  appeal_confirmed: ["申诉裁定", "appeal, decided"],
  appeal_returned: ["申诉退回", "appeal, returned"],
  appeal_withdrawn: ["撤回申诉", "appeal withdrawn"],
  restored: ["恢复备份", "backup restored"],
  configuration: ["配置变更", "configuration changed"],
  token_created: ["发放令牌", "token made"],
  token_revoked: ["撤销令牌", "token revoked"],
  ledger_key: ["账本签名密钥", "key of the ledger"],
};
const word = (key) => (names[key] ? t(...names[key]) : key);

export function view(_, __, context) {
  const days = { from: "", to: "" };
  let group = "";
  const choose = (event) => {
    event.preventDefault();
    const asked = Object.fromEntries(new FormData(event.target));
    group = asked.group;
    Object.assign(days, { from: asked.from, to: asked.to });
    context.refresh();
  };
  const take = () => h("a", { href: query("/v1/reports/audit", { ...days, format: "csv" }), download: "audit.csv" }).click();
  const day = (name) => h("input", { type: "date", name, value: days[name], max: context.state.site.today });
  const columns = [
    { title: t("账本行", "Ledger"), kind: "nowrap", show: (row) => String(row.ledger) },
    { title: t("时间", "Time"), kind: "nowrap", show: (row) => time(row.at) },
    { title: t("类别", "Group"), kind: "nowrap", show: (row) => word(row.group) },
    { title: t("事项", "What"), show: (row) => word(row.what) },
    { title: t("何人", "Who"), show: (row) => person(row.who) },
    { title: t("原因", "Why"), show: (row) => row.why ?? "–" },
    { title: t("警情", "Case"), kind: "nowrap", show: (row) => row.case_id ?? "–" },
    { title: t("关于", "About"), show: (row) => row.about ?? "–" },
  ];
  return {
    load: () => get(query("/v1/reports/audit", days)),
    show: (report) => {
      const rows = report.rows.filter((row) => !group || row.group === group).reverse();
      return h(
        "section",
        { class: "card" },
        h(
          "form",
          { class: "form", onsubmit: choose },
          h(
            "div",
            { class: "filters" },
            field(t("自", "From"), day("from")),
            field(t("至", "To"), day("to")),
            field(t("类别", "Group"), choice("group", [["", t("全部", "All")], ...groups.map((key) => [key, word(key)])], group)),
          ),
          h(
            "p",
            { class: "soft small" },
            t(
              "日期留空为最近 30 天，不含任何号码。您的查看也会记入账本。账本行可用 pingjing proof 证明。",
              "Without days it is the last 30; no number is in it. Your look is a line of the ledger, too, and pingjing proof proves each.",
            ),
          ),
          h(
            "div",
            { class: "actions" },
            h("button", { type: "submit", class: "main" }, t("查看", "Show")),
            button(t("下载 CSV", "Take as CSV"), take),
          ),
        ),
        rows.length === 0 ? empty(t("这几天没有记录。", "Nothing in these days.")) : table(t("审计", "Audit"), columns, rows.slice(0, 1000)),
        rows.length > 1000 &&
          h("p", { class: "soft small" }, t("仅显示最新的 1000 条，其余见 CSV。", "The newest 1000 are shown; the file has all.")),
      );
    },
  };
}
