// markdown.mjs FILE: prints a page as JSON for tests/e2e/docs: the steps of its `sh` and `console`
// blocks, the targets of its links, and the anchors of its headings.
import { readFileSync } from "node:fs";
import { marked } from "marked";

// In a transcript, commands follow "$ ". `echo $?` shows the exit status of the command before it.
function transcript(text) {
  const steps = [];
  for (const part of text.split(/^\$ /m).slice(1)) {
    const [command, ...shown] = part.split("\n");
    if (command === "echo $?") steps.at(-1).status = Number(shown[0]);
    else steps.push({ command, shown: shown.join("\n"), status: 0 });
  }
  return steps;
}

const readers = { sh: (text) => [{ command: text, shown: "", status: 0 }], console: transcript };
const page = { blocks: [], links: [], anchors: [] };
marked.walkTokens(marked.lexer(readFileSync(process.argv[2], "utf8")), (token) => {
  if (token.type === "code" && token.lang in readers) page.blocks.push(readers[token.lang](token.text));
  else if (token.type === "link" || token.type === "image") page.links.push(token.href);
  else if (token.type === "heading") // GitHub's rule for anchors
    page.anchors.push(token.text.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-"));
});
console.log(JSON.stringify(page));
