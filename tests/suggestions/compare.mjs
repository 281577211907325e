// Counts what each of the three suggests: see `compare`.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const build = resolve(process.argv[2]);
const require = createRequire(`${build}/package.json`);
const mailcheck = require("mailcheck");
const { default: spellChecker } = await import(
  require.resolve("@zootools/email-spell-checker")
).catch(() => ({ default: require("@zootools/email-spell-checker") }));

const rows = (name) =>
  readFileSync(`tests/vectors/${name}.tsv`, "utf8")
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => line.split("\t"));
const reports = (name) =>
  readFileSync(`${build}/${name}.jsonl`, "utf8").trim().split("\n").map((line) => JSON.parse(line));

const ofMailvet = new Map(
  ["typos", "real_domains"].flatMap((name) =>
    reports(name).map((report) => [report.email, report.suggestion?.domain ?? null]),
  ),
);
const others = {
  mailvet: (email) => ofMailvet.get(email),
  "mailcheck 1.1.1": (email) => mailcheck.run({ email })?.domain ?? null,
  "email-spell-checker 1.12.0": (email) => spellChecker.run({ email })?.domain ?? null,
};

const typos = rows("typos");
const real = rows("real_domains");
const near = real.filter(([what]) => what !== "big");
const percent = (count, all) => `${((100 * count) / all.length).toFixed(1)} %`;

console.log("| | typos put right | put wrong | real domains near a provider's \"corrected\" | well-known ones |");
console.log("|---|---|---|---|---|");
for (const [name, suggest] of Object.entries(others)) {
  const suggested = typos.map(([, typed, meant]) => [suggest(`joe@${typed}`), meant]);
  const right = suggested.filter(([domain, meant]) => domain === meant).length;
  const wrong = suggested.filter(([domain, meant]) => domain && domain !== meant).length;
  const corrected = (domains) => domains.filter(([, domain]) => suggest(`joe@${domain}`)).length;
  const big = real.filter(([what]) => what === "big");
  console.log(
    `| ${name} | ${percent(right, typos)} | ${percent(wrong, typos)} | ` +
      `${percent(corrected(near), near)} | ${percent(corrected(big), big)} |`,
  );
}
console.log(`\n${typos.length} typos, ${near.length} domains near a provider's, ${real.length - near.length} well-known.`);
