// One call as a story: what came in, what was decided and by which rule, what was said and what came back, how it counts.
import { due, h, t, time } from "/console/dom.js";
import { get } from "/console/api.js";
import { person, unitName, word } from "/console/words.js";

const line = (at, words, kind, ...more) => ({
  at,
  row: h("li", { class: kind ?? "" }, h("div", null, words, " ", h("span", { class: "soft small" }, time(at))), ...more),
});

// "category 010100" and its like.
const rule = (words) =>
  t(
    (words ?? "")
      .replace(/^category /, "类别 ")
      .replace(/^flag /, "标记 ")
      .replace(/^state /, "状态 "),
    words ?? "",
  );
const matches = { slot: () => t("按扩展码对应", "matched by its digits"), only_open: () => t("唯一未答的警情", "the only open one") };

function told(story) {
  const lines = [];
  for (const version of story.versions)
    lines.push(
      line(
        version.at,
        h(
          "strong",
          null,
          version.number === 1 ? t("警情录入", "The call came in") : t(`第 ${version.number} 版`, `Version ${version.number}`),
        ),
        "",
        h("p", { class: "small" }, version.outcome === "accepted" ? t("应评", "to be asked about") : word("code", version.code)),
      ),
    );
  let last = "";
  for (const decision of story.decisions) {
    const words = `${decision.outcome}${decision.code}${decision.rule}`;
    if (words === last) continue; // the same once more at the moment of sending
    last = words;
    const excluded = decision.outcome !== "accepted";
    lines.push(
      line(
        decision.at,
        h("strong", null, excluded ? t("不评：", "Not asked: ") : t("决定评价", "To be asked"), excluded && word("code", decision.code)),
        excluded ? "bad" : "",
        h("p", { class: "small" }, t("依据 ", "by "), rule(decision.rule), " · ", decision.rules_sha256?.slice(0, 12)),
      ),
    );
  }
  for (const text of story.inbound)
    lines.push(
      line(
        text.at,
        h("strong", null, t("群众回复：", "The caller wrote: "), word("inbound", text.kind)),
        text.verdict === "dissatisfied" ? "bad" : "good",
        text.text && h("p", { class: "said in" }, text.text),
        h(
          "p",
          { class: "small" },
          t("判读 ", "read as "),
          word("label", text.verdict),
          " · ",
          text.why,
          " · ",
          matches[text.match]?.() ?? text.match,
        ),
      ),
    );
  for (const message of story.messages) {
    const first = message.attempts[0];
    const report = message.receipts.at(-1);
    lines.push(
      line(
        first?.claimed_at ?? story.versions[0]?.at,
        h("strong", null, word("purpose", message.purpose), "：", word("message", message.state)),
        message.state === "delivered" ? "good" : message.state === "failed" ? "bad" : "",
        message.text && h("p", { class: "said" }, message.text),
        h(
          "p",
          { class: "small" },
          message.channel,
          first && first.detail ? ` · ${first.detail}` : "",
          message.attempts.length > 1 ? t(` · ${message.attempts.length} 次尝试`, ` · ${message.attempts.length} attempts`) : "",
          report ? [t(" · 回执 ", " · report "), report.code, " ", time(report.at)] : "",
        ),
      ),
    );
  }
  for (const step of story.followup?.steps ?? [])
    lines.push(
      line(
        step.at,
        h("strong", null, t("回访：", "Follow-up: "), word("state", step.state)),
        step.state === "escalated" ? "bad" : "",
        h("p", { class: "small" }, person(step.who)),
      ),
    );
  return lines.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)).map((one) => one.row);
}

export function view(_, [id]) {
  return {
    title: t(`警情 ${id ?? ""}`, `Call ${id ?? ""}`),
    load: () => get(`/v1/calls/${encodeURIComponent(id)}`),
    show: (story) => [
      h(
        "section",
        { class: "card" },
        h(
          "div",
          { class: "facts" },
          h("span", null, story.phone),
          story.rating && [
            h(
              "span",
              { class: `tag ${story.rating.grade === "dissatisfied" ? "bad" : story.rating.grade === "satisfied" ? "good" : "fair"}` },
              word("grade", story.rating.grade),
            ),
            h("span", null, unitName(story.rating.unit)),
            h("span", null, story.rating.officer ?? t("无处警民警", "no officer")),
            h("span", null, story.rating.counts ? t("计入统计", "counts") : t("不计入统计", "does not count")),
          ],
          story.followup && [
            h("span", { class: "tag" }, word("state", story.followup.state)),
            story.followup.state !== "closed" && due(story.followup.due_at),
          ],
        ),
      ),
      h("section", { class: "card" }, h("h2", null, t("经过", "What happened")), h("ol", { class: "story" }, told(story))),
      h(
        "section",
        { class: "card" },
        h(
          "details",
          null,
          h("summary", null, t(`账本 ${story.events.length} 条`, `${story.events.length} ledger entries`)),
          h(
            "ul",
            { class: "plainlist" },
            story.events.map((event) => h("li", null, h("span", null, `#${event.seq} ${event.kind}`), time(event.at))),
          ),
        ),
      ),
    ],
  };
}
