// junit.mjs FILE: reads a JUnit file with two parsers that CI tools use, and prints the result of each
// as one JSON object. Exit status 1: one of them cannot read the file.
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

// Every case as junit2json reads it, and the totals of the file.
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

// The same for test-results-parser, which reports an error as FAIL. This function counts the cases,
// because the totals of the parser include skipped cases in passed if <testsuites> has no `skipped`.
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
