// 民警申诉: whoever was rated asks for a rating to be taken out; two people of inspection decide.
import { ask, button, choice, due, empty, field, h, say, t, table, time } from "/console/dom.js";
import { get, post } from "/console/api.js";
import { person, unitName, word, words } from "/console/words.js";

export const view = (_, [id], context) => (id ? one(id, context) : list(context));

const note = (required) => field(t("依据", "What it rests on"), h("textarea", { name: "note", maxlength: "1200", required }));

async function act(path, answer, context) {
  if (!answer) return;
  try {
    await post(path, Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== "")));
    say(t("已登记。", "Written down."));
  } catch (error) {
    say(error.message, "failed");
  }
  context.refresh();
}

function list(context) {
  const inspects = context.may("inspect");
  const file = async () =>
    act(
      "/v1/appeals",
      await ask(
        t("提出申诉", "File an appeal"),
        [
          field(t("接警单编号", "Record number"), h("input", { name: "case_id", required: true })),
          field(t("理由", "Ground"), choice("ground", words("ground"))),
          note(true),
        ],
        t("提交", "File"),
      ),
      context,
    );
  const columns = [
    { title: t("接警单", "Call"), show: (row) => (inspects ? h("a", { href: `#/appeals/${row.id}` }, row.case_id) : row.case_id) },
    { title: t("时限", "Due"), show: (row) => (["upheld", "not_upheld", "withdrawn"].includes(row.state) ? "–" : due(row.due_at)) },
    { title: t("进度", "State"), show: (row) => word("state", row.state) },
    { title: t("理由", "Ground"), show: (row) => word("ground", row.ground) },
    { title: t("单位", "Unit"), show: (row) => (row.unit ? unitName(row.unit) : "–") },
    { title: t("提出时间", "Filed"), show: (row) => time(row.filed_at) },
  ];
  return {
    watch: (status) => `${status?.appeals.open} ${status?.appeals.overdue}`,
    load: () => get("/v1/appeals?state=all"),
    show: ({ appeals }) => [
      context.may("officer", "unit") &&
        !inspects &&
        h("div", null, button(t("提出申诉", "File an appeal"), file, { class: "main", id: "file" })),
      h(
        "section",
        { class: "card" },
        appeals.length === 0 ? empty(t("没有申诉。", "There are no appeals.")) : table(t("申诉", "Appeals"), columns, appeals),
      ),
    ],
  };
}

function one(id, context) {
  const path = `/v1/appeals/${encodeURIComponent(id)}`;
  const propose = async () =>
    act(
      `${path}/propose`,
      await ask(
        t("提出裁定意见", "Propose an outcome"),
        [
          field(
            t("意见", "Outcome"),
            choice("outcome", [
              ["upheld", t("申诉成立", "Upheld")],
              ["not_upheld", t("申诉不成立", "Not upheld")],
            ]),
          ),
          note(true),
        ],
        t("提出", "Propose"),
      ),
      context,
    );
  const second = (step, title, required) => async () => act(`${path}/${step}`, await ask(title, note(required), title), context);
  return {
    title: t("申诉", "Appeal"),
    load: () => get(path),
    show: (a) => [
      h("a", { href: "#/appeals" }, t("‹ 全部申诉", "‹ All appeals")),
      h(
        "section",
        { class: "card" },
        h(
          "div",
          { class: "head" },
          h("h2", null, word("state", a.state)),
          !["upheld", "not_upheld", "withdrawn"].includes(a.state) && due(a.due_at),
        ),
        h(
          "div",
          { class: "facts" },
          h("a", { href: `#/case/${a.case_id}` }, a.case_id),
          h("span", null, word("ground", a.ground)),
          h("span", null, unitName(a.unit)),
          a.badge && h("span", null, a.badge),
          a.rating && h("span", { class: "tag" }, word("grade", a.rating)),
          a.proposed && h("span", { class: "tag fair" }, t("拟：", "proposed: "), word("state", a.proposed)),
        ),
        (a.said ?? []).map((text) => h("p", { class: "said in" }, text.text)),
        h(
          "div",
          { class: "actions" },
          a.state === "filed" && button(t("提出裁定意见", "Propose an outcome"), propose, { class: "main", id: "propose" }),
          a.state === "proposed" && [
            button(t("确认", "Confirm"), second("confirm", t("确认", "Confirm"), false), { class: "main", id: "confirm" }),
            button(t("退回", "Send back"), second("return", t("退回", "Send back"), true), { id: "return" }),
          ],
        ),
      ),
      a.steps &&
        h(
          "section",
          { class: "card" },
          h("h2", null, t("经过", "What was done")),
          h(
            "ol",
            { class: "story" },
            a.steps.map((step) =>
              h(
                "li",
                null,
                h(
                  "div",
                  null,
                  h("strong", null, word("state", step.step)),
                  " ",
                  h("span", { class: "soft small" }, time(step.at), ` ${person(step.who)}`),
                ),
                step.note && h("p", { class: "said" }, step.note),
              ),
            ),
          ),
        ),
    ],
  };
}
