// Generates most of the monorepo: models, clients, widgets and pages of a shop. The output is the same
// each time. Each module has its own types, so that the compilers have real work.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);

const DOMAINS = ['account', 'basket', 'billing', 'catalog', 'delivery', 'loyalty',
  'order', 'payment', 'review', 'stock'];
const ENTITIES = ['Address', 'Batch', 'Change', 'Discount'];
const VIEWS = ['archive', 'board', 'detail', 'editor', 'list', 'search'];
const FIELDS = ['amount', 'code', 'createdAt', 'label', 'level', 'owner', 'rank', 'ratio', 'status', 'total', 'unit', 'visible'];
const KINDS = ['string', 'number', 'boolean', 'Date', 'readonly string[]', "'open' | 'closed' | 'held'"];
const SAMPLES = ["'sample'", '42', 'true', 'new Date(0)', "['a', 'b']", "'open'"];

const pascal = (word) => word[0].toUpperCase() + word.slice(1);
const camel = (word) => word[0].toLowerCase() + word.slice(1);
const entity = (domain, name) => pascal(domain) + name;
const kindOf = (d, e, f) => (d * 5 + e * 3 + f * 7 + d * f) % KINDS.length;

function model(domain, d) {
  const lines = ["import type { DeepPartial, DeepReadonly, EventsOf, PathOf, Setters } from '../index.js';", ''];
  ENTITIES.forEach((name, e) => {
    const type = entity(domain, name);
    const kinds = FIELDS.map((field, f) => kindOf(d, e, f));
    const parent = e > 0 ? entity(domain, ENTITIES[e - 1]) : null;
    lines.push(
      `export interface ${type} {`, `  readonly id: \`${domain}-${camel(name)}-\${number}\`;`,
      ...FIELDS.map((field, f) => `  ${field}: ${KINDS[kinds[f]]};`),
      ...(parent ? [`  parent: ${parent};`] : []), '}',
      `export type ${type}Path = PathOf<${type}>;`,
      `export type ${type}Event = EventsOf<'${domain}/${camel(name)}', ${type}>;`,
      `export type ${type}Patch = DeepPartial<${type}>;`,
      `export type ${type}View = DeepReadonly<${type}> & { readonly setters: Setters<${type}> };`,
      `export const ${camel(type)}Fields = [${FIELDS.map((f) => `'${f}'`).join(', ')}] as const satisfies readonly (keyof ${type})[];`,
      `export function make${type}(index: number): ${type} {`, '  return {',
      `    id: \`${domain}-${camel(name)}-\${index}\`,`,
      ...FIELDS.map((field, f) => `    ${field}: ${SAMPLES[kinds[f]]},`),
      ...(parent ? [`    parent: make${parent}(index),`] : []), '  };', '}',
      `export function is${type}(value: unknown): value is ${type} {`,
      `  return typeof value === 'object' && value !== null && ${camel(type)}Fields.every((field) => field in value);`, '}', '');
  });
  return lines.join('\n');
}

function client(domain, d) {
  const types = ENTITIES.map((name) => entity(domain, name));
  const lines = [
    `import { read } from '@shop/models';`,
    `import { ${types.flatMap((t) => [`make${t}`, `type ${t}`, `type ${t}Event`, `type ${t}Path`]).join(', ')} } from '@shop/models/${domain}';`, ''];
  types.forEach((type, e) => {
    lines.push(
      `export async function fetch${type}s(count: number): Promise<readonly ${type}[]> {`,
      `  return Array.from({ length: count }, (_, index) => make${type}(index + ${d * 10 + e}));`, '}',
      `export function sort${type}s<P extends ${type}Path & string>(items: readonly ${type}[], path: P): ${type}[] {`,
      `  return [...items].sort((a, b) => String(read(a, path)).localeCompare(String(read(b, path))));`, '}',
      `export function reduce${type}(state: ${type}, event: ${type}Event): ${type} {`,
      '  switch (event.type) {',
      ...FIELDS.map((field) => `    case '${domain}/${camel(ENTITIES[e])}/${field}': return { ...state, ${field}: event.next };`),
      '    default: return state;', '  }', '}', '');
  });
  return lines.join('\n');
}

function widget(domain) {
  const lines = ["import type { ReactNode } from 'react';"];
  const types = ENTITIES.map((name) => entity(domain, name));
  lines.push(`import { ${types.flatMap((t) => [`${camel(t)}Fields`, `type ${t}`]).join(', ')} } from '@shop/models/${domain}';`, '');
  for (const type of types) {
    lines.push(
      `export interface ${type}CardProps { value: ${type}; footer?: ReactNode; highlight?: keyof ${type} }`,
      `export function ${type}Card({ value, footer, highlight }: ${type}CardProps) {`, '  return (',
      `    <section className="${camel(type)}" id={value.id}>`, `      <h3>${type}</h3>`, '      <dl>',
      `        {${camel(type)}Fields.map((field) => (`,
      '          <div key={field} data-highlight={field === highlight}>', '            <dt>{field}</dt>',
      '            <dd>{String(value[field])}</dd>', '          </div>', '        ))}', '      </dl>',
      '      {footer}', '    </section>', '  );', '}', '');
  }
  return lines.join('\n');
}

function controls(domain, d) {
  const name = ENTITIES[d % ENTITIES.length];
  const type = entity(domain, name);
  return [
    "'use client';", "import { useReducer, useState } from 'react';",
    `import { reduce${type} } from '@shop/client/${domain}';`,
    `import { make${type}, ${camel(type)}Fields, type ${type}, type ${type}Event } from '@shop/models/${domain}';`, '',
    `const initial: ${type} = make${type}(${d});`, '',
    `export function ${pascal(domain)}Controls() {`,
    `  const [state, dispatch] = useReducer<${type}, [${type}Event]>(reduce${type}, initial);`,
    `  const [field, setField] = useState<(typeof ${camel(type)}Fields)[number]>('code');`,
    `  const change = () => dispatch({ type: '${domain}/${camel(name)}/label', previous: state.label, next: state.label });`,
    '  return (', '    <form>',
    `      {${camel(type)}Fields.map((name) => (`,
    '        <button key={name} type="button" onClick={() => setField(name)}>{name}</button>', '      ))}',
    '      <output onClick={change}>{String(state[field])}</output>', '    </form>', '  );', '}', ''].join('\n');
}

function page(domain, d, view, v) {
  const type = entity(domain, ENTITIES[v % ENTITIES.length]);
  const other = DOMAINS[(d + v + 1) % DOMAINS.length];
  const otherType = entity(other, ENTITIES[(v + 2) % ENTITIES.length]);
  return [
    "import type { Metadata } from 'next';",
    `import { fetch${type}s, sort${type}s } from '@shop/client/${domain}';`,
    `import { fetch${otherType}s } from '@shop/client/${other}';`,
    `import { ${type}Card } from '@shop/widgets/${domain}';`,
    `import { ${otherType}Card } from '@shop/widgets/${other}';`,
    `import { ${pascal(domain)}Controls } from '../controls';`,
    "import { priceIndex } from '../../../kernel';", '',
    `export const metadata: Metadata = { title: '${pascal(domain)} ${view}' };`, '',
    `export default async function ${pascal(domain)}${pascal(view)}Page() {`,
    `  const items = sort${type}s(await fetch${type}s(${8 + v}), 'label');`,
    `  const related = await fetch${otherType}s(${3 + d});`,
    `  const { median, count } = await priceIndex('${domain}/${view}', ${100 + d * 10 + v});`,
    '  return (', '    <main>', `      <h1>${pascal(domain)}: ${view}</h1>`,
    '      <p>{median.toFixed(2)} ({count})</p>', `      <${pascal(domain)}Controls />`,
    `      {items.map((item) => <${type}Card key={item.id} value={item} highlight="${FIELDS[(d + v) % FIELDS.length]}" />)}`,
    `      {related.map((item) => <${otherType}Card key={item.id} value={item} />)}`,
    '    </main>', '  );', '}', ''].join('\n');
}

const files = new Map();
DOMAINS.forEach((domain, d) => {
  files.set(`packages/models/src/generated/${domain}.ts`, model(domain, d));
  files.set(`packages/client/src/generated/${domain}.ts`, client(domain, d));
  files.set(`packages/widgets/src/generated/${domain}.tsx`, widget(domain));
  files.set(`server/app/(generated)/${domain}/controls.tsx`, controls(domain, d));
  VIEWS.forEach((view, v) => {
    files.set(`server/app/(generated)/${domain}/${view}/page.tsx`, page(domain, d, view, v));
  });
});

let written = 0;
for (const [name, text] of files) {
  const file = path.join(root, name);
  if (await readFile(file, 'utf8').catch(() => null) === text) continue;
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  written++;
}
console.log(`generated ${files.size} modules, ${written} of them new`);
