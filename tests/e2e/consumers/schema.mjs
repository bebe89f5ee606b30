// schema.mjs SCHEMA FILE...: validates each FILE against the draft-07 SCHEMA.
// Exit status 0: all are valid; 1: one is not, with every error on stderr; 2: usage.
import { readFileSync } from "node:fs";
import Ajv from "ajv";
import addFormats from "ajv-formats";

const [schemaPath, ...files] = process.argv.slice(2);
if (!schemaPath || files.length === 0) {
    console.error("usage: schema.mjs SCHEMA FILE...");
    process.exit(2);
}
const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));

// Strict: a schema with a misspelt keyword must not pass as one that allows everything.
const ajv = new Ajv({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true,
                      strictTypes: false });
addFormats(ajv);
const validate = ajv.compile(readJson(schemaPath));

let status = 0;
for (const file of files) {
    if (validate(readJson(file)))
        continue;
    status = 1;
    for (const error of validate.errors)
        console.error(`${file}: ${error.instancePath || "/"} ${error.message} ` +
                      JSON.stringify(error.params));
}
process.exit(status);
