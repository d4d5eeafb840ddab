// Told documents and answers on standard input: is each document OpenAPI 3.1, and was each answer one that it has, of that type, with those fields?
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { readFileSync } from "node:fs";

const told = JSON.parse(readFileSync(0, "utf8"));
const problems = [];
const judges = {};
const judged = {}; // by door and schema: a hundred are many, and most answers are problems

for (const [door, document] of Object.entries(told.documents)) {
  const validator = new Validator();
  const whole = await validator.validate(structuredClone(document));
  if (!whole.valid) problems.push(`${door}: not OpenAPI: ${JSON.stringify(whole.errors).slice(0, 2000)}`);
  if (validator.version !== "3.1") problems.push(`${door}: OpenAPI ${validator.version}`);
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema({ $id: "https://document/", components: document.components });
  judges[door] = ajv;
  // A name that leads nowhere is found here and not by whoever makes a client of it.
  for (const [, to] of JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g))
    if (!follow(document, to)) problems.push(`${door}: ${to} leads nowhere`);
}

function follow(document, to) {
  return to
    .replace(/^#\//, "")
    .split("/")
    .reduce((at, key) => at?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], document);
}

function operationOf(document, id) {
  for (const methods of Object.values(document.paths))
    for (const operation of Object.values(methods)) if (operation.operationId === id) return operation;
}

for (const answer of told.answers) {
  const document = told.documents[answer.door];
  const where = `${answer.operation} ${answer.status}`;
  const named = operationOf(document, answer.operation).responses[String(answer.status)];
  if (!named) {
    problems.push(`${where}: the document has no such answer: ${answer.body.slice(0, 300)}`);
    continue;
  }
  const response = named.$ref ? follow(document, named.$ref) : named;
  const type = (answer.type ?? "").split(";")[0];
  const content = response?.content?.[type] ?? response?.content?.["*/*"];
  if (!content) {
    problems.push(`${where}: of the type ${type}, expected ${Object.keys(response?.content ?? {})}`);
    continue;
  }
  if (!content.schema || !type.includes("json")) continue;
  const absolute = JSON.stringify(content.schema).replaceAll('"$ref":"#/', '"$ref":"https://document/#/');
  const judge = (judged[answer.door + absolute] ??= judges[answer.door].compile(JSON.parse(absolute)));
  if (!judge(JSON.parse(answer.body)))
    problems.push(`${where}: ${judges[answer.door].errorsText(judge.errors)}: ${answer.body.slice(0, 400)}`);
}

console.log([...new Set(problems)].map((problem) => `wrong: ${problem}`).join("\n") || `ok: ${told.answers.length} answers`);
process.exit(problems.length ? 1 : 0);
