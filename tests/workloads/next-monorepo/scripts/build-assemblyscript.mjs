// Compiles assembly/index.ts and writes the module as source of the server. Later stages therefore
// need this stage.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import asc from 'assemblyscript/asc';

const root = path.dirname(import.meta.dirname);
const output = path.join(root, 'server', 'generated');

const files = new Map();
const { error, stderr } = await asc.main(
  ['assembly/index.ts', '--baseDir', root, '--outFile', 'kernel.wasm', '--optimize', '--runtime', 'stub', '--stats'],
  { writeFile: (name, data) => void files.set(name, data) },
);
process.stderr.write(stderr.toString());
if (error) {
  process.stderr.write(`build:assemblyscript: ${error.message}\n`);
  process.exit(1);
}

const wasm = Buffer.from(files.get('kernel.wasm'));
await mkdir(output, { recursive: true });
await writeFile(path.join(output, 'kernel.ts'), `export const kernelBase64 = '${wasm.toString('base64')}';\n`);
process.stdout.write(`kernel.wasm: ${wasm.length} bytes\n`);
