// sampler.mjs MS COMMAND...: a typical sampler in Node. At a fixed interval, it finds the process tree of
// the command in /proc and reads the PSS of each process. plain.h describes its output.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const [interval, command, ...args] = process.argv.slice(2);
const us = () => Number(process.hrtime.bigint() / 1000n);
const started = us();
const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });

function tree() {
  const parents = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const parent = Number(fields[1]);
      if (!parents.has(parent)) parents.set(parent, []);
      parents.get(parent).push(Number(name));
    } catch {}
  }
  const found = [];
  const queue = [child.pid];
  while (queue.length) {
    const pid = queue.shift();
    found.push(pid);
    queue.push(...(parents.get(pid) ?? []));
  }
  return found;
}

const timer = setInterval(() => {
  const begin = us();
  let sum = 0;
  for (const pid of tree()) {
    try {
      readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      sum += Number(/^Pss: +(\d+)/m.exec(rollup)[1]) * 1024;
    } catch {}
  }
  console.log(`sample ${begin} ${us()} ${sum} -1`);
}, Number(interval));

child.on('exit', () => {
  clearInterval(timer);
  const { user, system } = process.cpuUsage();
  console.log(`end ${user + system} ${us() - started} ${process.resourceUsage().maxRSS}`);
});
