// types.mjs SCHEMA: prints the TypeScript declarations of result.schema.json.
import { readFileSync } from "node:fs";
import { compile } from "json-schema-to-typescript";

// Its anyOf distinguishes the file from the line, which has fewer keys. As a type, it would accept any key.
const { $id, anyOf, ...schema } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const types = await compile({ ...schema, title: "Result" }, "Result", {
    bannerComment: "// Made from doc/result.schema.json by tests/e2e/release. Do not edit.",
    style: { printWidth: 120, tabWidth: 4 },
});
process.stdout.write(types);
