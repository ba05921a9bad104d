// The official package, in the version that NEKOD_OPENAI_PACKAGE names: `openai`, or a newer one beside it.

export const { default: OpenAI } = await import(process.env.NEKOD_OPENAI_PACKAGE ?? 'openai');
