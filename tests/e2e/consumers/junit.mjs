// junit.mjs FILE: reads a JUnit file with two parsers that CI tools are made of and prints what
// each of them saw, as one JSON object. A file that one of them cannot read is exit status 1.
import { readFileSync } from "node:fs";
import { parse } from "junit2json";
import results from "test-results-parser";

const [file] = process.argv.slice(2);
if (!file) {
    console.error("usage: junit.mjs FILE");
    process.exit(2);
}

const outcomeOf = (testcase) =>
    testcase.error ? "error" : testcase.failure ? "failure" : testcase.skipped ? "skipped" : "passed";

// Every case as junit2json sees it, and the totals that the file states.
async function readWithJunit2json() {
    const root = await parse(readFileSync(file, "utf8"));
    const cases = root.testsuite.flatMap((suite) => suite.testcase ?? []);
    const count = (outcome) => cases.filter((one) => outcomeOf(one) === outcome).length;
    return {
        tests: root.tests,
        failures: root.failures,
        errors: root.errors,
        time: root.time,
        counted: { tests: cases.length, failures: count("failure"), errors: count("error"),
                   skipped: count("skipped"), passed: count("passed") },
        cases: cases.map((one) => {
            const trouble = (one.error ?? one.failure ?? one.skipped ?? [])[0];
            return { classname: one.classname, name: one.name, outcome: outcomeOf(one),
                     type: trouble?.type ?? null, message: trouble?.message ?? null,
                     text: trouble?.inner ?? one["system-out"]?.[0] ?? null };
        }),
    };
}

// The same of test-results-parser. It calls an error FAIL; its own totals count skipped cases as
// passed where <testsuites> states none, as junit-10 wants it, so its cases are counted here.
function readWithTestResultsParser() {
    const { result, errors } = results.parseV2({ type: "junit", files: [file] });
    if (errors.length)
        throw new Error(errors.join("; "));
    const cases = result.suites.flatMap((suite) => suite.cases);
    const count = (status) => cases.filter((one) => one.status === status).length;
    return { status: result.status, duration_ms: result.duration,
             counted: { tests: cases.length, passed: count("PASS"), failed: count("FAIL"),
                        skipped: count("SKIP") } };
}

console.log(JSON.stringify({
    junit2json: await readWithJunit2json(),
    test_results_parser: readWithTestResultsParser(),
}, null, 2));
