// Preloaded into each Node process of a build with BUILD_MEM_EXTRA or BUILD_MEM_BREAK (see README.md of the
// workload). Acts only in the main process of the selected stage.
'use strict';
const path = require('node:path');
const { isMainThread } = require('node:worker_threads');

// For each stage, the script and the first argument that distinguish its main process from its workers.
const stages = require('./stages.json');

function fail(message) {
  process.stderr.write(`misbehave: ${message}\n`);
  process.exit(1);
}

function knownStage(name, variable) {
  if (!Object.hasOwn(stages, name))
    fail(`${variable}: unknown stage '${name}'; one of: ${Object.keys(stages).join(', ')}`);
  return name;
}

function parseExtra(text) {
  const match = /^([^:]+):([1-9][0-9]{0,4})$/.exec(text);
  if (!match) fail(`BUILD_MEM_EXTRA: '${text}' is not STAGE:MB, for example ${Object.keys(stages)[0]}:200`);
  return { stage: knownStage(match[1], 'BUILD_MEM_EXTRA'), mb: Number(match[2]) };
}

function isStage(name) {
  const [script, argument] = stages[name].split(' ');
  return path.basename(process.argv[1] ?? '') === script && (!argument || process.argv[2] === argument);
}

if (isMainThread) {
  const { BUILD_MEM_EXTRA: extra, BUILD_MEM_BREAK: broken } = process.env;
  if (extra) {
    const { stage, mb } = parseExtra(extra);
    if (isStage(stage)) {
      // Writing allocates each page. A global variable keeps the memory until the process ends.
      globalThis.heldByMisbehave = Array.from({ length: mb }, () => Buffer.alloc(1024 * 1024, 1));
      process.stderr.write(`misbehave: ${stage} holds ${mb} MB more\n`);
    }
  }
  if (broken && isStage(knownStage(broken, 'BUILD_MEM_BREAK')))
    fail(`${broken} is broken on purpose (BUILD_MEM_BREAK)`);
}
