// Generates most of the application: modules of panels, each with a chart and a scene. The output is the
// same each time.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

const folder = path.join(path.dirname(import.meta.dirname), 'src', 'generated');
const MODULES = 240;
const PANELS = 4;
const CHARTS = ['bar', 'line', 'scatter'];
const SHAPES = ['BoxGeometry', 'ConeGeometry', 'SphereGeometry', 'TorusGeometry'];

const nameOf = (m, p) => `Panel${m}_${p}`;
const panelsOf = (m) => Array.from({ length: PANELS }, (_, p) => nameOf(m, p));

function panel(m, p) {
  const chart = CHARTS[(m + p) % CHARTS.length];
  const shape = SHAPES[(m * 3 + p) % SHAPES.length];
  return `
const ${nameOf(m, p)}: Panel = ({ rows }) => {
  const [scale, setScale] = useState(${p + 1});
  const values = useMemo(() => rows.map((row) => row * scale + ${m}), [rows, scale]);
  return (
    <Frame title={\`${chart} ${m}, \${values.length} rows\`} onGrow={() => setScale(scale + 1)}>
      <Chart kind="${chart}" name="${nameOf(m, p)}" values={values} />
      <Scene shape="${shape}" scale={scale} color={${m * 256 + p}} />
    </Frame>
  );
};
`;
}

const moduleOf = (m) => `import { useMemo, useState } from 'react';
import { Chart } from '../chart';
import { Frame, type Panel } from '../panel';
import { Scene } from '../scene';
${panelsOf(m).map((_, p) => panel(m, p)).join('')}
export const panels: readonly Panel[] = [${panelsOf(m).join(', ')}];
`;

const indexOf = (numbers) => `import type { Panel } from '../panel';
${numbers.map((m) => `import { panels as module${m} } from './module${m}';`).join('\n')}

export const panels: readonly Panel[] = [${numbers.map((m) => `...module${m}`).join(', ')}];
`;

// The build would include modules that an earlier version generated.
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
const numbers = Array.from({ length: MODULES }, (_, m) => m);
await Promise.all(numbers.map((m) => writeFile(path.join(folder, `module${m}.tsx`), moduleOf(m))));
await writeFile(path.join(folder, 'index.ts'), indexOf(numbers));
