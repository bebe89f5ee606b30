import path from 'node:path';

/** @type {import('next').NextConfig} */
export default {
  // Without this setting, Next uses a parent folder as the root if it contains a lockfile.
  turbopack: { root: path.dirname(import.meta.dirname) },
};
