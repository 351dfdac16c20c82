// Requests to the console, with failures as text for a person.

export const NO_ANSWER = "The console does not answer. Is it still running?";

/** An answer that is not a success; `message` can be shown as it is. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** fetch, for which only a 2xx answer counts. */
export async function request(url, options = {}) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options });
  } catch {
    throw new Refusal(0, NO_ANSWER);
  }
  if (!response.ok) throw refusalOf(response.status, await response.text());
  return response;
}

/** The refusal that an answer's status and body amount to. Signed out: the sign-in page is shown. */
export function refusalOf(status, body) {
  if (status === 401) location.assign("/sign-in");
  if (status === 0) return new Refusal(0, NO_ANSWER);
  try {
    return new Refusal(status, JSON.parse(body).message);
  } catch {
    return new Refusal(status, `The console answered with the status ${status}.`);
  }
}
