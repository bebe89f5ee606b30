import path from 'node:path';

/** @type {import('next').NextConfig} */
export default {
  // Said, not guessed: a lockfile of a folder further up must not move the workspace's root.
  turbopack: { root: path.dirname(import.meta.dirname) },
};
