// Replies that a person has to decide, one after the other, by one key each. What was pressed can be taken back for three seconds; then it stands.
import { ask, button, choice, empty, field, h, say, t, time } from "/console/dom.js";
import { get, post } from "/console/api.js";
import { unitName, word } from "/console/words.js";

const grades = [
  ["1", "satisfied", "s"],
  ["2", "basically_satisfied", "b"],
  ["3", "dissatisfied", "d"],
];
const choices = {
  words: [
    ["Enter", "confirmed"],
    ["n", "none"],
  ],
  ambiguous: [["n", "none"]],
  unknown_words: [["n", "none"]],
  several_open: [["n", "none"]],
  better_after_worse: [
    ["k", "keep_first"],
    ["a", "accept"],
  ],
  set_aside: [
    ["r", "read_again"],
    ["n", "none"],
  ],
  data_error: [
    ["Enter", "confirmed"],
    ["n", "none"],
  ],
};
const byGrade = { words: "corrected", ambiguous: "rated", unknown_words: "rated", several_open: "rated" };

export function view(_, __, context) {
  let at = 0;
  let all = [];
  let pending = null; // what is said and not yet sent
  const gone = new Set();

  const waiting = () => all.filter((review) => !gone.has(review.id));
  const current = () => waiting()[Math.min(at, Math.max(0, waiting().length - 1))];

  async function send(more) {
    if (!pending) return;
    const { review, body, timer, note } = pending;
    pending = null;
    clearTimeout(timer);
    note.remove();
    try {
      await post(`/v1/review/${review.id}`, body, more);
    } catch (error) {
      gone.delete(review.id);
      say(`${review.text ?? review.id}：${error.message}`, "failed");
      context.refresh();
    }
  }

  function decide(body, words) {
    const review = current();
    if (!review) return;
    send();
    if (review.kind === "several_open" && body.decision === "rated") return void choose(review, body, words);
    gone.add(review.id);
    const note = h("p", { class: "note" }, `${words}：${review.text ?? review.case_id}`, button(t("撤销 u", "Undo u"), undo));
    document.getElementById("said").append(note);
    pending = { review, body, note, timer: setTimeout(send, 3000) };
    context.again();
  }

  // Which of the calls it is about.
  async function choose(review, body, words) {
    const whole = await get(`/v1/review/${review.id}`).catch(() => null);
    if (!whole) return;
    const answer = await ask(
      t("属于哪一起警情？", "Which call is it about?"),
      field(
        t("接警单", "Call"),
        choice(
          "case_id",
          whole.cases.map((one) => [one.case_id, one.case_id]),
        ),
      ),
      words,
    );
    if (!answer) return;
    await post(`/v1/review/${review.id}`, { ...body, case_id: answer.case_id }).catch((error) => say(error.message, "failed"));
    context.refresh();
  }

  function undo() {
    if (!pending) return;
    clearTimeout(pending.timer);
    pending.note.remove();
    gone.delete(pending.review.id);
    pending = null;
    context.again();
  }

  const actions = (review) => {
    const graded = byGrade[review.kind];
    const before = review.kind === "words" ? grades.filter(([, grade]) => grade !== review.label) : grades;
    const plain = (choices[review.kind] ?? []).map(([key, decision]) => {
      const words =
        review.kind === "words" && decision === "confirmed"
          ? t(`确实是「${word("label", review.label)}」`, `It is “${word("label", review.label)}”`)
          : review.kind === "data_error"
            ? decision === "confirmed"
              ? t("确为错号", "A wrong number")
              : t("号码无误", "The number is right")
            : word("decision", decision);
      return { key, words, body: { decision }, main: decision === "confirmed" };
    });
    const rated = graded
      ? before.map(([key, grade, kind]) => ({
          key,
          words: `${word("decision", graded)}${t("「", " “")}${word("grade", grade)}${t("」", "”")}`,
          body: { decision: graded, grade },
          kind,
        }))
      : [];
    return review.kind === "words" ? [plain[0], ...rated, plain[1]] : [...rated, ...plain];
  };

  const leaving = () => send({ keepalive: true });
  addEventListener("pagehide", leaving);

  return {
    watch: (status) => `${status?.reviews.open}`,
    pause: 5000,
    leave: () => (send(), removeEventListener("pagehide", leaving)),
    load: async () => {
      all = (await get("/v1/review")).reviews;
      return all;
    },
    key: (event) => {
      if (event.key === "u") return undo();
      if (event.key === "j" || event.key === "ArrowRight") return ((at = Math.min(at + 1, waiting().length - 1)), context.again());
      if (event.key === "ArrowLeft") return ((at = Math.max(0, at - 1)), context.again());
      if (event.key === "Enter" && event.target !== document.body && event.target.id !== "main") return;
      const review = current();
      const action = review && actions(review).find((one) => one.key === event.key);
      if (action) (event.preventDefault(), decide(action.body, action.words));
    },
    show: () => {
      const review = current();
      if (!review) return h("section", { class: "card" }, empty(t("没有待判读的回复。", "No reply waits for a person.")));
      const left = waiting();
      return [
        h(
          "section",
          { class: "card judge", "aria-labelledby": "text" },
          h(
            "div",
            { class: "head" },
            h("span", { class: "tag" }, word("kind", review.kind)),
            h(
              "span",
              { class: "soft small" },
              t(`第 ${left.indexOf(review) + 1} 件，共 ${left.length} 件`, `${left.indexOf(review) + 1} of ${left.length}`),
            ),
          ),
          h("p", { class: "quote", id: "text" }, review.text ?? t("（内容已清除）", "(erased)")),
          h(
            "div",
            { class: "facts" },
            h("span", null, t("系统判读：", "Read as: "), h("strong", null, word("label", review.label))),
            review.suggestion && h("span", null, t("第二意见：", "Second opinion: "), review.suggestion),
            review.case_id && h("a", { href: `#/case/${review.case_id}` }, review.case_id),
            h("span", null, unitName(review.unit)),
            h("span", null, review.phone),
            time(review.at),
          ),
          h(
            "div",
            { class: "keys" },
            actions(review).map((action) =>
              h(
                "button",
                {
                  type: "button",
                  class: action.main ? "main" : action.kind,
                  onclick: () => decide(action.body, action.words),
                  id: `key-${action.key}`,
                },
                action.words,
                h("kbd", { "aria-hidden": "true" }, action.key === "Enter" ? "↵" : action.key),
              ),
            ),
          ),
          h(
            "p",
            { class: "soft small" },
            t(
              "按键即决定，三秒内按 u 可撤销；← → 翻看。每次决定都以您的姓名记录。",
              "A key decides; u takes it back for three seconds; ← → move. Each decision is recorded by your name.",
            ),
          ),
        ),
        left.length > 1 &&
          h(
            "section",
            { class: "card" },
            h("h2", null, t("接下来", "Next")),
            h(
              "ul",
              { class: "plainlist" },
              left
                .slice(left.indexOf(review) + 1, left.indexOf(review) + 9)
                .map((one) => h("li", null, h("span", null, one.text ?? "–"), h("span", { class: "soft small" }, word("kind", one.kind)))),
            ),
          ),
      ];
    },
  };
}
