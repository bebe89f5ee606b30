// What every model is made from.
export type Primitive = string | number | boolean | Date;
export type DeepPartial<T> = T extends Primitive ? T : { [K in keyof T]?: DeepPartial<T[K]> };
export type DeepReadonly<T> = T extends Primitive ? T : { readonly [K in keyof T]: DeepReadonly<T[K]> };
type Join<A extends string, B extends string> = `${A}.${B}`;
export type PathOf<T, Depth extends 0[] = []> = Depth['length'] extends 3 ? never
  : T extends Primitive | readonly unknown[] ? never
  : { [K in keyof T & string]: K | Join<K, PathOf<T[K], [...Depth, 0]>> }[keyof T & string];
export type ValueAt<T, P extends string> = P extends keyof T ? T[P]
  : P extends `${infer Head}.${infer Rest}` ? Head extends keyof T ? ValueAt<T[Head], Rest> : never : never;
export type Setters<T> = { [K in keyof T & string as `set${Capitalize<K>}`]: (value: T[K]) => void };
export type EventsOf<N extends string, T> = { [K in keyof T & string]: { type: `${N}/${K}`; previous: T[K]; next: T[K] } }[keyof T & string];
export function read<T, P extends PathOf<T> & string>(value: T, path: P): ValueAt<T, P> {
  return path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], value) as ValueAt<T, P>;
}
