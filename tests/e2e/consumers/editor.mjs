// editor.mjs ROOT FILE: prints the problems that VS Code's language service finds in a JSON file, one per
// line. It finds the schema by "$schema". ROOT contains the files of the machine, among them FILE.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import languageservice from "vscode-json-languageservice"; // CommonJS

const { getLanguageService, TextDocument } = languageservice;
const [root, file] = process.argv.slice(2);
if (!root || !file) {
    console.error("usage: editor.mjs ROOT FILE");
    process.exit(2);
}
const read = (url) => readFile(join(root, fileURLToPath(url)), "utf8");

const service = getLanguageService({
    schemaRequestService: read,
    workspaceContext: { resolveRelativePath: (path, from) => new URL(path, from).href },
});
const url = pathToFileURL(file).href;
const document = TextDocument.create(url, "json", 1, await read(url));
const problems = await service.doValidation(document, service.parseJSONDocument(document));
for (const { range, message } of problems)
    console.log(`${range.start.line + 1}: ${message}`);
