'use strict';
// The probe writes this script for a deep run, and has each Node.js process of the build load it
// (NODE_OPTIONS). It writes the figures of V8 at the highest RSS of the process to PID.v8 beside
// itself. It never writes output, and nothing that fails in it reaches the build.
//
// The thread `watch` reads the RSS, because the event loop of a build can be busy for minutes. At a
// new high it asks the main thread through the inspector, which interrupts running code. The other
// threads of the build send it their figures, if they are not busy: so it also asks when these have
// grown near the highest RSS.
(() => {
  const ID = 'build-mem.deep';
  const INTERVAL_MS = 100;
  const STEP = 1.05;
  // From 1 s after the last answer on, so that the figures include the end of the growth.
  const LATER_S = 1;
  const LATER_STEP = 1.01;

  // The figures of the calling thread, whose isolate has a heap of its own.
  const figures = () => {
    const memory = process.memoryUsage();
    const own = {
      rss_bytes: memory.rss,
      heap_bytes: 0,
      heap_used_bytes: memory.heapUsed,
      external_bytes: memory.external,
      array_buffers_bytes: memory.arrayBuffers || 0,
      threads: 1,
      parts: {},
    };
    for (const space of require('v8').getHeapSpaceStatistics()) {
      own.heap_bytes += space.physical_space_size;
      own.parts[space.space_name] = [space.physical_space_size, space.space_used_size];
    }
    return own;
  };

  const add = (sum, other) => {
    for (const key of ['heap_bytes', 'heap_used_bytes', 'external_bytes', 'array_buffers_bytes',
      'threads'])
      sum[key] += other[key];
    for (const name of Object.keys(other.parts)) {
      const part = sum.parts[name] = sum.parts[name] || [0, 0];
      part[0] += other.parts[name][0];
      part[1] += other.parts[name][1];
    }
  };

  const main = (threads) => {
    const fs = require('fs');
    const {writeFileSync, renameSync} = fs;
    const path = `${__dirname}/${process.pid}.v8`;
    const command = [process.argv0, ...process.execArgv, ...process.argv.slice(1)].join(' ');
    const clock = process.hrtime;
    let high = 0;
    let others = [];
    const write = () => {
      const sum = figures();
      for (const other of others)
        add(sum, other);
      if (sum.rss_bytes * STEP >= high) {
        high = Math.max(high, sum.rss_bytes);
        sum.clock_ms = Math.floor(clock()[0] * 1000 + clock()[1] / 1e6);
        sum.command = command.slice(0, 1024);
        sum.parts = Object.keys(sum.parts).map((name) =>
          ({name, bytes: sum.parts[name][0], used_bytes: sum.parts[name][1]}));
        writeFileSync(`${path}.new`, JSON.stringify(sum));
        renameSync(`${path}.new`, path);
      }
    };
    const report = (now) => {
      try {
        others = now;
        write();
      } catch (error) {}
    };
    Object.defineProperty(globalThis, Symbol.for(ID), {value: report});
    process.on('exit', () => {
      if (process.memoryUsage().rss > high)
        report(others);
    });
    const worker = new threads.Worker(__filename, {
      workerData: ID,
      argv: [],
      execArgv: [],
      env: {},
      resourceLimits: {maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4},
    });
    worker.on('error', () => {});
    worker.unref();
  };

  // A thread of the build.
  const publish = (threads) => {
    const channel = new threads.BroadcastChannel(ID);
    const send = (message) => {
      try {
        channel.postMessage({thread: threads.threadId, figures: message});
      } catch (error) {}
    };
    channel.unref();
    setInterval(() => send(figures()), INTERVAL_MS).unref();
    process.on('exit', () => send(null));
  };

  const watch = (threads) => {
    const {Session} = require('inspector');
    const session = new Session();
    const others = new Map();
    const rss = process.memoryUsage.rss || (() => process.memoryUsage().rss);
    let high = 0;
    let asked = false;
    let answered_s = 0; // the uptime at the last answer
    let reported = 0; // what the other threads had reported then
    const heaps = () => [...others.values()].reduce((sum, other) => sum + other.heap_bytes, 0);
    if (threads.BroadcastChannel)
      new threads.BroadcastChannel(ID).onmessage = ({data}) => {
        if (data.figures)
          others.set(data.thread, data.figures);
        else
          others.delete(data.thread);
      };
    session.connectToMainThread();
    setInterval(() => {
      const now = rss();
      const step = process.uptime() - answered_s < LATER_S ? STEP : LATER_STEP;
      const grown = heaps() - reported > now * (STEP - 1);
      reported = Math.min(reported, heaps());
      if (asked || now < (grown ? high / STEP : high * step))
        return;
      asked = true;
      reported = heaps();
      const list = JSON.stringify([...others.values()]);
      session.post('Runtime.evaluate', {
        expression: `globalThis[Symbol.for('${ID}')](${list})`,
        silent: true,
      }, () => {
        asked = false;
        answered_s = process.uptime();
        high = Math.max(high, now);
      });
    }, INTERVAL_MS);
  };

  try {
    const threads = require('worker_threads');
    if (threads.isMainThread)
      main(threads);
    else if (threads.workerData === ID)
      watch(threads);
    else
      publish(threads);
  } catch (error) {}
})();
