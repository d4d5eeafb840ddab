// 件件有回复: who is owed an answer, and what the next step is.
import { ask, button, choice, due, empty, field, h, say, t, table, time } from "/console/dom.js";
import { get, post } from "/console/api.js";
import { person, unitName, word, words } from "/console/words.js";

export const view = (_, [id], context) => (id ? one(id, context) : list(context));

function list(context) {
  let only = "late";
  const filters = {
    late: [() => t("已逾期", "Overdue"), (row) => row.overdue],
    today: [() => t("24 小时内到期", "Due within a day"), (row) => !row.overdue && Date.parse(row.due_at) - Date.now() < 86400e3],
    all: [() => t("全部", "All"), () => true],
  };
  const columns = [
    { title: t("接警单", "Call"), show: (row) => h("a", { href: `#/followups/${row.id}` }, row.case_id) },
    { title: t("时限", "Due"), show: (row) => due(row.due_at) },
    { title: t("进度", "State"), show: (row) => word("state", row.state) },
    context.may("inspect") && {
      title: t("评价", "Rating"),
      show: (row) => row.grade && h("span", { class: `tag ${row.grade === "dissatisfied" ? "bad" : ""}` }, word("grade", row.grade)),
    },
    { title: t("单位", "Unit"), show: (row) => unitName(row.unit) },
    context.may("inspect") && { title: t("民警", "Officer"), show: (row) => row.officer ?? "–" },
    context.may("inspect") && {
      title: t("说明", "Note"),
      show: (row) => row.no_callback && h("span", { class: "tag fair" }, t("不愿接听回访", "wants no call")),
    },
  ].filter(Boolean);
  return {
    watch: (status) => `${status?.followups.open} ${status?.followups.overdue}`,
    load: () => get("/v1/followups"),
    show: ({ followups }) => {
      const count = (key) => followups.filter(filters[key][1]).length;
      if (count(only) === 0 && only === "late") only = count("today") > 0 ? "today" : "all";
      const rows = followups.filter(filters[only][1]);
      return [
        h(
          "div",
          { class: "filters", role: "group", "aria-label": t("筛选", "Filter") },
          Object.entries(filters).map(([key, [title]]) =>
            button(`${title()} ${count(key)}`, () => ((only = key), context.again()), {
              "aria-pressed": String(only === key),
              id: `only-${key}`,
            }),
          ),
        ),
        h(
          "section",
          { class: "card" },
          rows.length === 0
            ? empty(t("没有待办的回访。", "Nobody waits for an answer."))
            : table(t("待办回访", "Open follow-ups"), columns, rows.slice(0, 200)),
          rows.length > 200 &&
            h("p", { class: "soft small" }, t(`显示最紧迫的 200 件，共 ${rows.length} 件。`, `The 200 most pressing of ${rows.length}.`)),
        ),
      ];
    },
  };
}

const note = (label, required) => field(label, h("textarea", { name: "note", maxlength: "1200", required }));

// What may come next, by state; the daemon decides again, and says why not.
function nextSteps(f) {
  const orders = f.finding === "valid" || f.finding === "partly";
  if (f.state === "opened" && !f.no_callback) {
    return [
      [
        "call",
        t("登记回访", "Call back"),
        () => [
          field(
            t("结果", "Outcome"),
            choice("outcome", [
              ["reached", t("已接通", "Reached")],
              ["no_answer", t("未接通", "No answer")],
              ["declined", t("不愿回访", "Wants no call")],
            ]),
          ),
          note(t("群众反映了什么（接通必填）", "What the caller said (needed when reached)")),
        ],
      ],
      f.missed_calls >= 3 && [
        "verify",
        t("登记无法联系", "Unreachable"),
        () => [h("input", { type: "hidden", name: "finding", value: "unreachable" }), note(t("依据", "What it rests on"), true)],
      ],
    ].filter(Boolean);
  }
  if (f.state === "called_back" || f.state === "opened")
    return [
      [
        "verify",
        t("登记核实结果", "Record the finding"),
        () => [
          field(
            t("结论", "Finding"),
            choice(
              "finding",
              words("finding").filter(([key]) => key !== "unreachable"),
            ),
          ),
          field(t("反映事项", "Topic"), choice("topic", words("topic"), f.asked_topic)),
          field(t("地点（可不填）", "Place (may be empty)"), h("input", { name: "place", maxlength: "200" })),
          note(t("依据", "What it rests on"), true),
        ],
      ],
    ];
  if (f.state === "verified" && orders)
    return [
      [
        "order",
        t("下发整改单", "Order it put right"),
        () => [
          field(t("责任单位", "Unit"), h("input", { name: "unit", value: f.unit, inputmode: "numeric", pattern: "[0-9]{12}" })),
          field(t("责任人", "Who is to put it right"), h("input", { name: "person", required: true })),
          note(t("要求", "What is asked")),
        ],
      ],
    ];
  if (f.state === "rectifying") return [["rectify", t("登记整改情况", "Put right"), () => [note(t("做了什么", "What was done"), true)]]];
  if (f.state === "rectified" || f.state === "verified")
    return [
      [
        "review",
        t("复核", "Review"),
        () => [
          field(
            t("意见", "Opinion"),
            choice("agreed", [
              ["true", t("同意", "Agreed")],
              ["false", t("退回", "Send back")],
            ]),
          ),
          note(t("说明（退回必填）", "Note (needed to send back)")),
        ],
      ],
    ];
  const over = f.finding === "unreachable" || f.no_callback;
  if (f.state === "reviewed")
    return [
      f.finding !== "unreachable" && [
        "tell",
        t("回告群众", "Tell the caller"),
        () => [
          field(
            t("方式", "How"),
            choice(
              "how",
              [
                ["sms", t("短信", "Text")],
                ["call", t("电话", "Call")],
                ["letter", t("信函", "Letter")],
              ].filter(([key]) => key !== "call" || !f.no_callback),
            ),
          ),
          note(t("备注", "Note")),
        ],
      ],
      over && ["close", t("办结", "Close"), () => [note(t("备注", "Note"))]],
    ].filter(Boolean);
  if (f.state === "told") return [["close", t("办结", "Close"), () => [note(t("备注", "Note"))]]];
  return [];
}

function one(id, context) {
  let number = null;

  const act = async ([step, title, form]) => {
    const answer = await ask(title, form(), t("登记", "Record"));
    if (!answer) return;
    const body = Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== ""));
    if (body.agreed) body.agreed = body.agreed === "true";
    try {
      await post(`/v1/followups/${id}/${step}`, body);
      say(t("已登记。", "Written down."));
    } catch (error) {
      say(error.message, "failed");
    }
    context.refresh();
  };

  const reveal = async () => {
    const answer = await ask(
      t("显示号码", "Show the number"),
      [
        h("p", { class: "soft" }, t("每次查看都会记录查看人和理由。", "Each look is written down, with who looked and why.")),
        field(
          t("为什么需要号码", "Why it is needed"),
          h("input", { name: "reason", required: true, maxlength: "300", value: t("回访", "call-back") }),
        ),
      ],
      t("显示", "Show"),
    );
    if (!answer) return;
    try {
      number = (await post(`/v1/followups/${id}/reveal`, { reason: answer.reason })).phone;
      setTimeout(() => ((number = null), context.state.view === self && context.refresh()), 120000);
    } catch (error) {
      say(error.message, "failed");
    }
    context.refresh();
  };

  const self = {
    title: t("回访", "Follow-up"),
    load: () => get(`/v1/followups/${encodeURIComponent(id)}`),
    show: (f) => {
      const steps = nextSteps(f);
      return [
        h("a", { href: "#/followups" }, t("‹ 全部回访", "‹ All follow-ups")),
        h(
          "section",
          { class: "card" },
          h("div", { class: "head" }, h("h2", null, word("state", f.state)), due(f.due_at)),
          h(
            "div",
            { class: "facts" },
            context.may("inspect") ? h("a", { href: `#/case/${f.case_id}` }, f.case_id) : f.case_id,
            h("span", null, unitName(f.unit)),
            number ? h("strong", { class: "quote" }, number) : f.phone && h("span", null, f.phone),
            f.no_callback && h("span", { class: "tag fair" }, t("不愿接听回访", "wants no call")),
            f.urgent && h("span", { class: "tag bad" }, t("优先", "urgent")),
            f.escalated > 0 && h("span", { class: "tag fair" }, t("已升级督办", "gone a level up")),
            f.finding && h("span", { class: "tag" }, word("finding", f.finding)),
            f.topic && h("span", { class: "tag" }, word("topic", f.topic)),
          ),
          (f.said ?? []).map((text) => h("p", { class: "said in" }, text.text)),
          h(
            "div",
            { class: "actions" },
            steps
              .filter(([step]) => context.may("inspect") || step === "rectify")
              .map((step, at) => button(step[1], () => act(step), { class: at === 0 ? "main" : null, id: `step-${step[0]}` })),
            f.phone &&
              !number &&
              !f.no_callback &&
              f.state !== "closed" &&
              button(t("查看号码", "Show the number"), reveal, { id: "reveal" }),
          ),
        ),
        h(
          "section",
          { class: "card" },
          h("h2", null, t("经过", "What was done")),
          h(
            "ol",
            { class: "story" },
            f.steps.map((step) =>
              h(
                "li",
                { class: step.step === "escalated" ? "bad" : step.step === "closed" ? "good" : "" },
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
        f.reveals?.length > 0 &&
          h(
            "section",
            { class: "card" },
            h("h2", null, t("谁看过号码", "Who saw the number")),
            h(
              "ul",
              { class: "plainlist" },
              f.reveals.map((look) => h("li", null, h("span", null, person(look.who), "：", look.reason), time(look.at))),
            ),
          ),
      ];
    },
  };
  return self;
}
