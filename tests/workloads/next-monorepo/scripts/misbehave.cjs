// Preloaded into every Node process of a build that was asked to misbehave (see README.md);
// acts only in the one main process of the stage that was named.
'use strict';
const path = require('node:path');
const { isMainThread } = require('node:worker_threads');

// The script and first argument that tell a stage's main process from its workers.
const STAGES = {
  'assemblyscript': (script) => script === 'build-assemblyscript.mjs',
  'build-deps': (script, arg) => script === 'nx' && arg === 'build-deps',
  'next-build': (script, arg) => script === 'next' && arg === 'build',
};

function fail(message) {
  process.stderr.write(`next-monorepo: ${message}\n`);
  process.exit(1);
}

function knownStage(name, variable) {
  if (!Object.hasOwn(STAGES, name))
    fail(`${variable}: unknown stage '${name}'; one of: ${Object.keys(STAGES).join(', ')}`);
  return name;
}

function parseExtra(text) {
  const match = /^([^:]+):([1-9][0-9]{0,4})$/.exec(text);
  if (!match) fail(`BUILD_MEM_EXTRA: '${text}' is not STAGE:MB, for example build-deps:200`);
  return { stage: knownStage(match[1], 'BUILD_MEM_EXTRA'), mb: Number(match[2]) };
}

function isStage(name) {
  return STAGES[name](path.basename(process.argv[1] ?? ''), process.argv[2]);
}

if (isMainThread) {
  const { BUILD_MEM_EXTRA: extra, BUILD_MEM_BREAK: broken } = process.env;
  if (extra) {
    const { stage, mb } = parseExtra(extra);
    if (isStage(stage)) {
      // Filled, so that every page is really there; global, so that it stays until the process ends.
      globalThis.heldByMisbehave = Array.from({ length: mb }, () => Buffer.alloc(1024 * 1024, 1));
      process.stderr.write(`next-monorepo: ${stage} holds ${mb} MB more\n`);
    }
  }
  if (broken && isStage(knownStage(broken, 'BUILD_MEM_BREAK')))
    fail(`${broken} is broken on purpose (BUILD_MEM_BREAK)`);
}
