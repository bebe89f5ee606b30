// exports.mjs prometheus FILE: prints the samples of a file in Prometheus' text format, as JSON:
// [[name, labels, value], ...].
// exports.mjs trace FILE: prints a file of trace events, as JSON: for each process its threads with
// their slices, in seconds, and the values of its counters.
import { readFileSync } from "node:fs";
import { buildModel } from "@tracerbench/trace-model";
import parsePrometheus from "parse-prometheus-text-format";

const [what, file] = process.argv.slice(2);

function samplesOf(text) {
    return parsePrometheus(text).flatMap(({ name, metrics }) =>
        metrics.map(({ labels, value }) => [name, labels, Number(value)]));
}

function valuesOf(events) {
    const values = {};
    for (const { name, args } of events.filter((event) => event.isCounter()))
        (values[name] ??= []).push(...Object.values(args));
    return values;
}

function processesOf(text) {
    return buildModel(JSON.parse(text)).processes.map(({ name, threads, events }) => ({
        name,
        threads: threads.map((thread) => ({
            name: thread.name,
            slices: thread.events.filter((event) => event.isComplete())
                .map(({ name, start, end }) => [name, start / 1e6, end / 1e6]),
        })),
        counters: valuesOf(events),
    }));
}

const read = { prometheus: samplesOf, trace: processesOf }[what];
if (!read || !file) {
    console.error("usage: exports.mjs prometheus|trace FILE");
    process.exit(2);
}
console.log(JSON.stringify(read(readFileSync(file, "utf8"))));
