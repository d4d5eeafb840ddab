// Who answers what: decided by a hash of the phone and the seed alone, so that a run can be repeated and the
// carrier knows what its citizen meant without reading the text as we would.
import { createHash } from 'node:crypto';

// A clarifying or help text offers the codes too, but asks nothing new.
export const isSurvey = text => text.includes('1满意') && !text.includes('未能识别') && !text.includes('自愿参加');

export function hash(seed, phone, use) {
  return createHash('sha256').update(`${seed}/${phone}/${use}`).digest().readUInt32BE(0);
}

const long = (code, word) =>
  `${code},${word}` + '那天晚上下着雨,我在路口等了一会儿,两位同志到了以后先问有没有人受伤,再把双方分开问话,讲清楚了该走的手续,还把我送到了地铁口。'.repeat(2);

const satisfied = { means: 'satisfied' }, basically = { means: 'basically_satisfied' }, dissatisfied = { means: 'dissatisfied' };

// [share of a hundred, label, answers]; `by: words` is a rating without a code, which a person must confirm for an officer.
const rules = [
  [22, 'digit', () => [{ text: '1', ...satisfied }]],
  [6, 'digit', () => [{ text: '2', ...basically }]],
  [5, 'digit', () => [{ text: '3', ...dissatisfied }]],
  [8, 'full_width', () => [{ text: '１', ...satisfied }]],
  [3, 'full_width', () => [{ text: '３', ...dissatisfied }]],
  [8, 'words', () => [{ text: '非常满意', ...satisfied, by: 'words' }]],
  [3, 'words', () => [{ text: '不满意', ...dissatisfied, by: 'words' }]],
  [3, 'words', () => [{ text: '基本满意', ...basically, by: 'words' }]],
  [4, 'long', () => [{ text: long('1', '谢谢民警同志。'), ...satisfied }]],
  [2, 'long', () => [{ text: long('3', '来得太慢。'), ...dissatisfied }]],
  [3, 'ambiguous', () => [{ text: '1或3', means: 'ambiguous' }]],
  [5, 'opt_out', () => [{ text: '退订', means: 'opt_out' }]],
  [3, 'worse_later', () => [{ text: '1', ...satisfied }, { text: '3', ...dissatisfied }]],
  [3, 'better_later', () => [{ text: '3', ...dissatisfied }, { text: '1', ...satisfied }]],
  [2, 'corrected', () => [{ text: '3', ...dissatisfied }, { text: '打错了,是1', ...satisfied, correction: true }]],
  [3, 'undeliverable', () => []],
];  // the rest is silent

export function citizen(seed, phone) {
  let point = hash(seed, phone, 'rule') % 100;
  for (const [share, rule, answers] of rules) {
    if (point < share) return { rule, answers: answers() };
    point -= share;
  }
  return { rule: 'silence', answers: [] };
}

// Exactly one in a run, whoever is surveyed first: an emergency must be seen once, not in proportion.
export const emergency = { rule: 'emergency', answers: [{ text: '救命!有人拿刀要砍我', means: 'emergency' }] };
