// What the programs beside share: stories told on demand, a line of JSON each way.

import { createInterface } from "node:readline";

/** Reads {story, given} from each line of standard input, and writes {told} with what the story returns, or {failed}. */
export async function tell(stories) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { story, given } = JSON.parse(line);
    let answer;
    try {
      answer = { told: (await stories[story](given)) ?? null };
    } catch (error) {
      answer = { failed: error.stack };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

/** The name and HTTP status of what the SDK throws; fails when it throws nothing. */
export async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return [error.name, error.$metadata?.httpStatusCode];
  }
  throw new Error("it was not refused");
}

export const { ADDRESS, KEY_ID, SECRET } = process.env;
