// page.mjs SHOTS CHROMIUM FILE...: opens each page in a headless browser, in both colour schemes,
// narrow, without scripts, and printed. Writes screenshots and a PDF to the directory SHOTS.
//
// Prints the faults and exits 1 if a page:
// - writes to the console
// - loads another file
// - hides text without scripts
// - shows no tooltip
// - has a serious accessibility fault
// - is a page of `build-mem trend` whose charts differ from its tables, or cannot be read
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [shots, executablePath, ...files] = process.argv.slice(2);
if (!shots || !executablePath || files.length === 0) {
    console.error("usage: page.mjs SHOTS CHROMIUM FILE...");
    process.exit(2);
}
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// The sandbox of Chromium does not run as root.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"], timeout: 120000 });
let failed = false;
const fail = (...words) => {
    failed = true;
    console.error(...words);
};

// Opens the page in a tab. A message, a dialog or a request is a fault.
async function open(file, options) {
    const context = await browser.newContext({ viewport: { width: 1180, height: 900 }, ...options });
    context.setDefaultTimeout(120000); // the machine can be busy
    const tab = await context.newPage();
    const url = pathToFileURL(file).href;
    tab.on("console", (message) => fail(file, "console:", message.text()));
    tab.on("pageerror", (error) => fail(file, "script:", error.message));
    tab.on("dialog", (dialog) => { fail(file, "dialog:", dialog.message()); dialog.dismiss(); });
    tab.on("request", (request) => {
        if (request.url() !== url)
            fail(file, "loads", request.url());
    });
    await tab.goto(url);
    return tab;
}

async function checkReading(file, tab) {
    const canvas = tab.locator(".canvas").first();
    if (await canvas.count() === 0)
        return;
    await canvas.scrollIntoViewIfNeeded();
    await canvas.hover({ position: { x: 200, y: 100 } });
    const tip = tab.locator(".tip").first();
    if (await tip.count() === 0)
        return fail(file, "has no tooltip: the script did not run");
    const read = await tip.innerText();
    for (const word of ["charged", "anonymous", "shared memory", "page cache", "kernel", "PSS", "processes"])
        if (!new RegExp(`${word}\\s+[0-9n]`).test(read))
            fail(file, `the tooltip has no ${word}:`, read);
    await canvas.hover({ position: { x: 500, y: 100 } });
    if (await tip.innerText() === read)
        fail(file, "the tooltip is the same at another time:", read);
    await tab.mouse.move(0, 0);
    if (await tip.isVisible())
        fail(file, "the tooltip stays after the pointer has left");
    await canvas.press("Home");
    const first = await canvas.getAttribute("aria-valuetext");
    await canvas.press("End");
    if (!first || await canvas.getAttribute("aria-valuetext") === first)
        fail(file, "the arrow keys show nothing:", first);
    await canvas.blur();
}

// The charts of a trend page: one figure for each metric, in the order of its table. They are drawn by the
// browser, so the places come from it.
async function checkCharts(file, tab) {
    const steps = await tab.locator("table").first().locator("tbody tr td:nth-last-child(2)").allInnerTexts();
    const charts = await tab.locator("figure.trend").all();
    if (steps.length === 0 || steps.length !== charts.length)
        fail(file, `has ${charts.length} charts of ${steps.length} metrics`);
    for (const [i, chart] of charts.entries()) {
        const faults = await chart.evaluate((figure, wanted) => {
            const found = [];
            const box = (element) => element.getBoundingClientRect();
            const edges = [...figure.querySelectorAll("path.edge")].map((edge) => box(edge).x);
            if (edges.length !== wanted)
                found.push(`${edges.length} edges of ${wanted} steps`);
            const plot = box(figure.querySelector("svg"));
            if (edges.some((x) => x <= plot.left || x >= plot.right) || edges.some((x, k) => k > 0 && x <= edges[k - 1]))
                found.push(`edges at ${edges} in a chart from ${plot.left} to ${plot.right}`);
            // Each plateau is one horizontal line: it begins and ends between two edges.
            const lines = figure.querySelector("path.line.usage").getAttribute("d").match(/M[^M]+/g) ?? [];
            if (lines.length !== wanted + 1)
                found.push(`${lines.length} plateaus with ${wanted} steps`);
            for (const kind of ["usage", "value.dot", "baseline"]) {
                const path = figure.querySelector(`path.line.${kind}`), style = getComputedStyle(path);
                // A single dot has no width.
                const least = kind === "baseline" ? plot.width * 0.9 : wanted ? plot.width / 2 : 0;
                if (!path.getAttribute("d") || box(path).width < least || style.stroke === "none" ||
                    style.stroke === getComputedStyle(figure).backgroundColor)
                    found.push(`the line ${kind} is not visible`);
            }
            const ticks = [...figure.querySelectorAll(".tick")].map(box), frame = box(figure);
            for (const [k, one] of ticks.entries()) {
                if (one.left < frame.left || one.right > frame.right)
                    found.push(`a tick leaves the chart: ${one.left} to ${one.right}`);
                for (const other of ticks.slice(k + 1))
                    if (one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom)
                        found.push("two ticks cover each other");
            }
            return found;
        }, Number(steps[i]));
        for (const fault of faults)
            fail(file, `chart ${i + 1}:`, fault);
    }
}

// The policy of the page refuses other scripts. bypassCSP allows axe.
async function checkAccess(file) {
    const tab = await open(file, { bypassCSP: true });
    await tab.evaluate(axe);
    for (const [colorScheme, width] of [["light", 1180], ["dark", 1180], ["light", 400]]) {
        await tab.emulateMedia({ colorScheme });
        await tab.setViewportSize({ width, height: 900 });
        const { violations } = await tab.evaluate("axe.run()");
        for (const { id, impact, help, nodes } of violations)
            if (impact === "serious" || impact === "critical")
                fail(file, colorScheme, width, id, help, nodes.slice(0, 3).map((node) => node.html).join(" "));
    }
    await tab.context().close();
}

const wordsOf = async (tab) =>
    (await tab.locator("h1, h2, th, td, dd, li, .card").allTextContents()).join("\n");

for (const file of files) {
    const name = basename(file, ".html");
    const tab = await open(file, { colorScheme: "light" });
    const shoot = (what) => tab.screenshot({ path: `${shots}/${name}-${what}.png`, fullPage: true });
    const isTrend = await tab.locator("figure.trend").count() > 0;
    await (isTrend ? checkCharts : checkReading)(file, tab);
    const words = await wordsOf(tab);
    if (await tab.evaluate("document.scripts.length") !== (isTrend ? 0 : 1))
        fail(file, isTrend ? "has a script" : "does not have exactly one script");
    await shoot("light");
    await tab.pdf({ path: `${shots}/${name}.pdf`, format: "A4" });
    await tab.emulateMedia({ colorScheme: "dark" });
    await shoot("dark");
    await tab.emulateMedia({ colorScheme: "light" });
    await tab.setViewportSize({ width: 400, height: 800 });
    await shoot("narrow");
    if (isTrend)
        await checkCharts(file, tab);
    const width = await tab.evaluate("document.documentElement.scrollWidth");
    if (width > 400)
        fail(file, `is ${width} px wide on a screen of 400`);
    await tab.context().close();
    await checkAccess(file);

    // The page must have the same text without scripts.
    const plain = await open(file, { javaScriptEnabled: false });
    if (await plain.locator(".plot").count() > 0 && await plain.locator("svg path.usage").count() === 0)
        fail(file, "draws no curve without scripts");
    const shown = await wordsOf(plain);
    if (!shown || shown !== words)
        fail(file, "has different text without scripts");
    await plain.context().close();
}
await browser.close();
process.exit(failed ? 1 : 0);
