// Emergencies: what somebody cried for, and who has it.
import { ask, button, empty, field, h, say, since, t, time } from "/console/dom.js";
import { get, post } from "/console/api.js";
import { person, unitName } from "/console/words.js";

export function view(_, __, context) {
  const shown = new Map(); // numbers that a reason was given for, on this screen only

  const take = async (alarm) => {
    const answer = await ask(
      t("接手这起紧急情况", "Take this emergency"),
      [
        h("p", { class: "quote" }, alarm.text),
        field(t("采取了什么措施（可不填）", "What is being done (may be empty)"), h("textarea", { name: "words", maxlength: "1000" })),
      ],
      t("我来处理", "I have it"),
    );
    if (!answer) return;
    try {
      await post(`/v1/desk/${alarm.alarm_id}/ack`, answer.words ? { words: answer.words } : {});
      say(t("已登记由您接手。", "It is yours now, and written down."));
    } catch (error) {
      say(error.message, "failed");
    }
    context.refresh();
  };

  const reveal = async (alarm) => {
    const answer = await ask(
      t("显示号码", "Show the number"),
      [
        h("p", { class: "soft" }, t("每次查看都会记录查看人和理由。", "Each look is written down, with who looked and why.")),
        field(t("为什么需要号码", "Why it is needed"), h("input", { name: "reason", required: true, maxlength: "300" })),
      ],
      t("显示", "Show"),
    );
    if (!answer) return;
    try {
      const found = await post(`/v1/desk/${alarm.alarm_id}/reveal`, { reason: answer.reason });
      // Of one alarm for many cries each stands with its number.
      shown.set(alarm.alarm_id, found.text ?? found.phone);
      setTimeout(() => (shown.delete(alarm.alarm_id), context.state.view === self && context.refresh()), 120000);
    } catch (error) {
      say(
        error.status === 403 ? t("需要实名令牌才能查看号码。", "Numbers are shown to persons: this token names nobody.") : error.message,
        "failed",
      );
    }
    context.refresh();
  };

  const one = (alarm) => {
    const taken = Boolean(alarm.acknowledged_at);
    const number = shown.get(alarm.alarm_id);
    return h(
      "article",
      { class: `card alarm${taken ? " taken" : ""}`, "aria-label": alarm.text },
      h("blockquote", null, alarm.text),
      h(
        "div",
        { class: "facts" },
        h("span", null, unitName(alarm.unit ?? t("未知单位", "unknown unit"))),
        h("span", null, time(alarm.at)),
        number ? h("strong", { class: "quote" }, number) : h("span", null, alarm.phone),
        alarm.case_id &&
          (context.may("inspect") ? h("a", { href: `#/case/${alarm.case_id}` }, alarm.case_id) : h("span", null, alarm.case_id)),
        alarm.do_not_contact && h("span", { class: "tag bad" }, t("切勿回拨或回复", "Do not call or answer")),
        alarm.escalated_at && h("span", { class: "tag fair" }, t("已上报上一级", "Gone a level up")),
      ),
      taken
        ? h(
            "p",
            { class: "soft" },
            t(`${person(alarm.acknowledged_by)} 于 `, `${person(alarm.acknowledged_by)} took it at `),
            time(alarm.acknowledged_at),
            t(" 接手", ""),
            alarm.words && `：${alarm.words}`,
          )
        : h(
            "div",
            { class: "actions" },
            button(t("接手处理", "Take it"), () => take(alarm), { class: "bad", id: `take-${alarm.alarm_id}` }),
            !number && button(t("查看号码", "Show the number"), () => reveal(alarm), { id: `number-${alarm.alarm_id}` }),
            h("span", { class: "clock late" }, t(`已等待 ${since(alarm.at)}`, `waiting for ${since(alarm.at)}`)),
          ),
    );
  };

  const self = {
    watch: (status) => `${status?.open_alarms} ${status?.desk.acknowledged_24h}`,
    load: () => get("/v1/desk"),
    show: ({ alarms }) => {
      const open = alarms.filter((alarm) => !alarm.acknowledged_at).sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
      const taken = alarms.filter((alarm) => alarm.acknowledged_at);
      return [
        h("h2", { class: "unseen" }, t("无人接手", "Nobody has these")),
        open.length === 0
          ? h("section", { class: "card" }, empty(t("现在没有无人接手的紧急情况。", "Somebody has every emergency.")))
          : open.map(one),
        taken.length > 0 && [h("h2", null, t("已接手", "Taken")), taken.map(one)],
      ];
    },
  };
  return self;
}
