// ci-files.mjs kubernetes FILE...: validates Kubernetes manifests with the schemas of the API.
// ci-files.mjs step FILE ID: prints the script of a composite action's step.
// ci-files.mjs after-script FILE JOB: prints the after_script of a GitLab job.
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
    process.stdout.write(read(rest[0]).runs.steps.find((step) => step.id === rest[1]).run);
} else if (what === "after-script") {
    console.log(read(rest[0])[rest[1]].after_script.join("\n"));
} else {
    console.error("usage: ci-files.mjs kubernetes FILE... | step FILE ID | after-script FILE JOB");
    process.exit(2);
}
