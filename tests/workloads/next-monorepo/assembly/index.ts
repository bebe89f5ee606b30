// What the shop computes in WebAssembly: a price index over many items.

const CAPACITY: i32 = 4096;
const prices = new StaticArray<f64>(CAPACITY);

function mix(state: u32): u32 {
  state ^= state << 13;
  state ^= state >> 17;
  return state ^ (state << 5);
}

export function fill(seed: u32, count: i32): i32 {
  const n = min(count, CAPACITY);
  let state = seed | 1;
  for (let i = 0; i < n; i++) {
    state = mix(state);
    prices[i] = f64(state % 100000) / 100.0;
  }
  return n;
}

function swap(a: i32, b: i32): void {
  const held = prices[a];
  prices[a] = prices[b];
  prices[b] = held;
}

function sort(low: i32, high: i32): void {
  if (low >= high) return;
  const pivot = prices[(low + high) >> 1];
  let i = low;
  let j = high;
  while (i <= j) {
    while (prices[i] < pivot) i++;
    while (prices[j] > pivot) j--;
    if (i <= j) swap(i++, j--);
  }
  sort(low, j);
  sort(i, high);
}

export function median(count: i32): f64 {
  if (count < 1) return 0;
  sort(0, count - 1);
  return prices[count >> 1];
}
