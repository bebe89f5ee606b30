// The WebAssembly module of the first stage, run while pages are built.
import { kernelBase64 } from '../generated/kernel';

interface Kernel {
  memory: WebAssembly.Memory;
  fill(seed: number, count: number): number;
  median(count: number): number;
}

export async function priceIndex(name: string, count: number) {
  const bytes = Uint8Array.from(atob(kernelBase64), (char) => char.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(bytes, { env: { abort } });
  const kernel = instance.exports as unknown as Kernel;
  const filled = kernel.fill(name.length * 7919, count);
  return { median: kernel.median(filled), count: filled };
}

function abort(): never {
  throw new Error('kernel aborted');
}
