// ci-files.mjs kubernetes FILE...: validates Kubernetes manifests with the schemas of the API.
// ci-files.mjs step FILE ID [JOB]: prints the script of a step of a composite action, or of a workflow's job.
// ci-files.mjs before-script|script|after-script FILE JOB: prints the scripts of a GitLab job.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import * as batch from "kubernetes-models/batch/v1";

const [what, ...rest] = process.argv.slice(2);
const read = (file) => parse(readFileSync(file, "utf8"));

if (what === "kubernetes") {
    for (const file of rest) {
        const manifest = read(file);
        new batch[manifest.kind](manifest).validate();
    }
} else if (what === "step") {
    const [file, id, job] = rest;
    const { steps } = job ? read(file).jobs[job] : read(file).runs;
    process.stdout.write(steps.find((step) => step.id === id).run);
} else if (what.endsWith("script")) {
    console.log(read(rest[0])[rest[1]][what.replace("-", "_")].join("\n"));
} else {
    console.error("usage: ci-files.mjs kubernetes FILE... | step FILE ID [JOB] | before-script|script|after-script FILE JOB");
    process.exit(2);
}
