// Random choices that can be repeated: all choices of a test come from one seed, which it prints.

/// The seed of this run: NEKOD_SEED, or a new one each time.
export const seed = Number(process.env.NEKOD_SEED ?? Math.floor(Math.random() * 2 ** 32)) >>> 0;

/// The value of *variable* in the environment, as a number; else *usual*.
export const amount = (variable, usual) => Number(process.env[variable] ?? usual);

/// A source of choices: mulberry32.
export class Chance {
  constructor(start = seed) {
    this.state = start;
  }

  /// A number from 0 on, below 1.
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let x = this.state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  }

  /// A whole number below *end*.
  below(end) {
    return Math.floor(this.next() * end);
  }

  /// True in that share of cases.
  one(share) {
    return this.next() < share;
  }

  of(list) {
    return list[this.below(list.length)];
  }

  /// A unique word.
  name() {
    return this.next().toString(36).slice(2, 9);
  }

  /// One of the keys of *weights*, with these weights.
  weighed(weights) {
    let left = this.next() * Object.values(weights).reduce((sum, weight) => sum + weight);
    return Object.keys(weights).find((key) => (left -= weights[key]) < 0);
  }

  /// A source for things that happen concurrently.
  branch() {
    return new Chance(Math.floor(this.next() * 2 ** 32));
  }
}

/// Runs *body* with a source of choices. An exception says how to repeat them.
export const repeatably = (body) => telling(() => body(new Chance()), () => `again with NEKOD_SEED=${seed}`);

/// Runs *body*, and adds *words* to what it throws.
export async function telling(body, words) {
  try {
    return await body();
  } catch (error) {
    throw new Error(`${error.message}\n${words()}`, { cause: error });
  }
}
