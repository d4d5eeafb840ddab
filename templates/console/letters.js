// 群众来信: texts that answer no question of ours.
import { ask, button, empty, field, h, say, since, t, time } from "/console/dom.js";
import { get, post } from "/console/api.js";
import { person, word } from "/console/words.js";

export function view(_, __, context) {
  const act = async (letter, step, title, content, action) => {
    const answer = content ? await ask(title, content, action) : {};
    if (!answer) return;
    try {
      await post(`/v1/letters/${letter.id}/${step}`, Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== "")));
      say(t("已登记。", "Written down."));
    } catch (error) {
      say(error.message, "failed");
    }
    context.refresh();
  };
  const words = (label, required) => field(label, h("textarea", { name: "words", maxlength: "300", required }));

  const one = (letter) =>
    h(
      "article",
      { class: `card${letter.emergency ? " alarm" : ""}`, "aria-label": letter.text ?? "" },
      h("blockquote", { class: "quote" }, letter.text ?? t("（内容已清除）", "(erased)")),
      h(
        "div",
        { class: "facts" },
        h("span", { class: "tag" }, word("state", letter.state)),
        h("span", null, letter.phone),
        time(letter.at),
        letter.state === "open" && h("span", { class: "clock soon" }, since(letter.at)),
      ),
      letter.answered && h("p", { class: "said" }, `${person(letter.answered.by)}：${letter.answered.words ?? ""}`),
      letter.closed && h("p", { class: "soft" }, `${person(letter.closed.by)} ${letter.closed.words ?? ""}`),
      letter.state === "open" &&
        h(
          "div",
          { class: "actions" },
          context.may("inspect") && [
            button(
              t("短信答复", "Answer by text"),
              () =>
                act(
                  letter,
                  "answer",
                  t("短信答复", "Answer by text"),
                  [
                    h("p", { class: "said in" }, letter.text ?? ""),
                    words(t("答复内容，以本局名义发出", "What to say; it goes out under our sign"), true),
                  ],
                  t("发送", "Send"),
                ),
              { class: "main", id: `answer-${letter.id}` },
            ),
            button(
              t("不需答复，办结", "Close without answer"),
              () =>
                act(
                  letter,
                  "close",
                  t("办结", "Close"),
                  words(t("为什么不需答复（可不填）", "Why no answer is needed (may be empty)")),
                  t("办结", "Close"),
                ),
              { id: `close-${letter.id}` },
            ),
          ],
          !letter.emergency &&
            button(
              t("有危险，转值班", "In danger: to the desk"),
              () =>
                act(
                  letter,
                  "alarm",
                  t("转值班", "To the desk"),
                  h("p", null, t("此人可能有危险，立即通知值班人员。", "Somebody may be in danger: the duty desk is told at once.")),
                  t("立即通知", "Tell the desk"),
                ),
              { class: "bad", id: `alarm-${letter.id}` },
            ),
        ),
    );

  return {
    watch: (status) => `${status?.letters.open}`,
    load: () => get("/v1/letters?state=all"),
    show: ({ letters }) =>
      letters.length === 0 ? h("section", { class: "card" }, empty(t("没有来信。", "There are no letters."))) : letters.map(one),
  };
}
