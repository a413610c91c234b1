// What the test run prints: every failure, the coverage of the pure modules, and one last line.

const PURE = [
  ...["call", "folding", "format", "lanes_data", "place", "silence", "ticking", "unmatched"],
];
const LEAST_PERCENT = 90;

const percent = (share) => `${share.toFixed(0).padStart(4)} %`;

function* coverage(files) {
  const found = new Map(
    files.map((file) => [file.path.match(/static\/js\/player\/(\w+)\.js$/)?.[1], file]),
  );
  const below = [];
  yield "\nmodule         lines  branches  functions\n";
  for (const name of PURE) {
    const file = found.get(name);
    const shares = file
      ? [file.coveredLinePercent, file.coveredBranchPercent, file.coveredFunctionPercent]
      : [0, 0, 0];
    if (Math.min(...shares) < LEAST_PERCENT) below.push(name);
    const [lines, branches, functions] = shares.map(percent);
    yield `${name.padEnd(12)} ${lines}    ${branches}     ${functions}\n`;
  }
  if (below.length) yield `Below ${LEAST_PERCENT} %: ${below.join(", ")}\n`;
}

export default async function* report(events) {
  let passed = 0;
  let failed = 0;
  for await (const { type, data } of events) {
    // A file counts as a test of its own; only what is in it is counted here.
    const isFile = data?.name?.endsWith(".test.mjs");
    if (type === "test:pass" && !isFile) passed += 1;
    if (type === "test:fail") {
      failed += 1;
      const error = data.details.error.cause ?? data.details.error;
      yield `FAILED ${data.name}\n${error.stack ?? error}\n\n`;
    }
    if (type === "test:coverage") yield* coverage(data.summary.files);
  }
  yield `JavaScript: ${passed} passed, ${failed} failed\n`;
}
