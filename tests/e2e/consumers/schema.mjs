// schema.mjs SCHEMA FILE...: validates each FILE against the draft-07 SCHEMA.
// schema.mjs --invalid SCHEMA FILE...: the opposite: each FILE must be invalid.
// Exit status 0: as expected; 1: not, with every error on stderr; 2: usage.
import { readFileSync } from "node:fs";
import Ajv from "ajv";
import addFormats from "ajv-formats";

const args = process.argv.slice(2);
const invalid = args[0] === "--invalid";
const [schemaPath, ...files] = invalid ? args.slice(1) : args;
if (!schemaPath || files.length === 0) {
    console.error("usage: schema.mjs [--invalid] SCHEMA FILE...");
    process.exit(2);
}
const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));

// Without strict mode, a misspelt keyword in the schema is ignored.
const ajv = new Ajv({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true,
                      strictTypes: false });
addFormats(ajv);
const validate = ajv.compile(readJson(schemaPath));

const accepts = (file) => {
    try {
        return validate(readJson(file));
    } catch (error) {
        if (invalid && error instanceof SyntaxError)
            return false;
        throw error;
    }
};

let status = 0;
for (const file of files) {
    if (invalid) {
        if (accepts(file)) {
            console.error(`${file}: is valid`);
            status = 1;
        }
        continue;
    }
    if (accepts(file))
        continue;
    status = 1;
    for (const error of validate.errors)
        console.error(`${file}: ${error.instancePath || "/"} ${error.message} ` +
                      JSON.stringify(error.params));
}
process.exit(status);
