// The fixed words of the contract, as people say them.
import { t, settings } from "/console/dom.js";

const tables = {
  scope: { intake: ["录入", "intake"], report: ["报表", "reports"], desk: ["值班", "duty desk"], inspect: ["督察", "inspection"], unit: ["单位", "unit"], officer: ["民警", "officer"], leader: ["领导", "leader"], admin: ["管理", "operator"] },
  grade: { satisfied: ["满意", "satisfied"], basically_satisfied: ["基本满意", "basically satisfied"], dissatisfied: ["不满意", "dissatisfied"] },
  label: { satisfied: ["满意", "satisfied"], basically_satisfied: ["基本满意", "basically satisfied"], dissatisfied: ["不满意", "dissatisfied"], opt_out: ["退订", "opt-out"], help: ["求助说明", "help"], none: ["非评价", "no rating"], ambiguous: ["含糊", "ambiguous"] },
  kind: { words: ["只有文字，没有数字", "words without a digit"], ambiguous: ["含义不明", "ambiguous"], several_open: ["可能属于几起警情", "could be about several calls"], better_after_worse: ["先差后好", "better after worse"], set_aside: ["未能判读，已搁置", "set aside unread"], data_error: ["号码可能有误", "maybe a wrong number"] },
  decision: { confirmed: ["判读正确", "Read rightly"], corrected: ["改为", "Change to"], none: ["不是评价", "No rating"], rated: ["算作", "Count as"], keep_first: ["以首次为准", "Keep the first"], accept: ["采用后一次", "Take the later"], read_again: ["重新判读", "Read again"] },
  state: { opened: ["待回访", "to be called"], called_back: ["已回访", "called back"], verified: ["已核实", "verified"], rectifying: ["整改中", "being put right"], rectified: ["已整改待复核", "put right, to be reviewed"], reviewed: ["已复核待回告", "reviewed, to be told"], told: ["已回告", "told"], closed: ["办结", "closed"], escalated: ["已升级督办", "gone a level up"], returned: ["退回", "sent back"], no_answer: ["未接通", "no answer"], dropped: ["撤销", "dropped"], filed: ["待裁定", "filed"], proposed: ["待复核确认", "proposed"], upheld: ["申诉成立", "upheld"], not_upheld: ["申诉不成立", "not upheld"], withdrawn: ["已撤回", "withdrawn"], open: ["办理中", "open"], answered: ["已答复", "answered"], confirmed: ["已确认", "confirmed"] },
  finding: { valid: ["属实", "valid"], partly: ["部分属实", "partly valid"], invalid: ["不属实", "invalid"], unreachable: ["无法联系", "unreachable"] },
  topic: { response_speed: ["出警速度", "speed"], attitude: ["态度", "attitude"], fairness: ["执法公正", "fairness"], outcome: ["处理结果", "outcome"], no_answer: ["无回音", "no answer"], buck_passing: ["推诿", "buck-passing"], procedure: ["执法规范", "procedure"], integrity: ["廉洁", "integrity"], call_taking: ["接警", "call-taking"], other: ["其他", "other"] },
  ground: { wrong_person: ["对象或警情有误", "wrong person or call"], other_service: ["评价的并非本次出警", "another service was rated"], malice: ["查实恶意评价", "proven malice"], slip: ["群众误评", "the caller's own slip"] },
  code: { not_closed: ["未办结", "not closed"], history: ["启用前办结", "before the start"], pilot: ["不在试点范围", "not in the pilot"], invalid: ["无效警情", "invalid call"], duplicate: ["重复报警", "repeated call"], no_mobile: ["非手机号码", "no mobile number"], dv: ["涉家庭暴力", "domestic violence"], sexual: ["涉性侵害", "sexual offence"], minor: ["涉未成年人", "minor"], death_serious: ["涉死亡或重伤", "death or serious harm"], secret: ["涉密", "secret"], subject: ["涉案人员号码", "suspect's number"], police: ["民警或内部号码", "police number"], medical: ["医疗或消防", "medical or fire"], referred: ["已移交其他单位", "passed to another body"], unsafe_flag: ["注明不宜联系", "do not contact"], phone_hold: ["该号码另有涉安全警情", "another safety case"], unknown_category: ["类别未配置", "category not mapped"], opt_out: ["已退订", "opted out"], capped: ["达到发送次数上限", "asked often enough"], stale: ["办结过久", "closed too long ago"], cancelled: ["人工取消", "cancelled by hand"] },
  message: { due: ["待发", "due"], held: ["暂停", "held"], sending: ["在发", "being sent"], accepted: ["运营商已接收", "taken by the carrier"], delivered: ["送达", "delivered"], failed: ["失败", "failed"], expired: ["过期", "expired"], in_doubt: ["存疑", "in doubt"], unknown: ["未知", "unknown"], no_report: ["无回执", "no report"], not_sent: ["未发出", "not sent"], cancelled: ["取消", "cancelled"] },
  purpose: { survey: ["评价短信", "survey"], thanks: ["致谢", "thanks"], clarify: ["请重发", "please again"], help: ["说明", "help"], opt_out: ["退订确认", "opt-out"], emergency: ["紧急提示", "emergency answer"], told: ["回告", "what was done"], question: ["追问", "question"], letter: ["来信答复", "answer to a letter"] },
  inbound: { rated: ["评价", "rating"], repeated: ["重复评价", "repeated"], late: ["逾期", "late"], ambiguous: ["含糊", "ambiguous"], opt_out: ["退订", "opt-out"], help: ["求助说明", "help"], none: ["非评价", "no rating"], unmatched: ["无对应警情", "unmatched"] },
  signal: { staff_number: ["内部号码", "staff number"], one_number: ["同一号码多件", "one number, many calls"], number_edited: ["结警后改号码", "number edited after closing"], quick_answers: ["秒回", "answers too quick"], response_high: ["参评率异常高", "answers unusually often"], exclusion_share: ["不评占比高", "excluded unusually often"], recoded: ["结警后改判", "recoded after closing"], recoded_share: ["改判占比高", "recoded unusually often"], three_then_better: ["先差后好", "a 3, then better"], closed_by_hand: ["人工了结", "ended by hand"], open_age: ["久未结警", "open for long"], rate_low: ["满意率偏低", "rate below the funnel"], rate_high: ["满意率偏高", "rate above the funnel"], dissatisfied_many: ["不满偏多", "many dissatisfied"], dissatisfied_few: ["不满偏少", "few dissatisfied"], trend: ["走势突变", "break in the trend"] },
  channel: { up: ["正常", "up"], paused: ["限速暂停", "paused"], down: ["中断", "down"], suspect: ["可疑", "suspect"], stopped: ["已停止", "stopped"] },
  funnel: { within: ["范围内", "within"], below: ["低于下限", "below"], above: ["高于上限", "above"] },
  note: { "n<5": ["少于 5", "n<5"], "n<10": ["少于 10", "n<10"], small_sample: ["样本不足", "small sample"], withheld: ["不公布", "withheld"] },
  mode: { on: ["正常评价", "on"], off: ["评价已关闭", "off"], shadow: ["影子运行", "shadow"], pilot: ["试点", "pilot"] },
};

export function word(table, key) {
  const pair = tables[table]?.[key];
  return pair ? t(...pair) : (key ?? "–");
}
export const words = (table) => Object.entries(tables[table]).map(([key, pair]) => [key, t(...pair)]);

let units = {};
export const setUnits = (known) => (units = known);
export const unitName = (number) => (number === null || number === undefined ? t("全局", "Whole force") : (units[number] ?? number));
// "3/张三" is a token's number and its holder.
export const person = (who) => (who ? (who === "pingjing" ? t("系统", "system") : who.replace(/^\d+\//, "") || who) : "–");
export const isChinese = () => settings.language === "zh";
