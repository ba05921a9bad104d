// The official package, in the version that NEKOD_OPENAI_PACKAGE names: `openai`, or a newer one beside it.

const name = process.env.NEKOD_OPENAI_PACKAGE ?? 'openai';
export const { default: OpenAI } = await import(name);
export const { zodTextFormat } = await import(`${name}/helpers/zod`);
