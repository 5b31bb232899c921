// Requests to the query API, and its problems (RFC 9457) as values with words in them.

/** Longest wait for an answer, ms. The API itself gives up after 15 s. */
const ANSWER_WITHIN = 20_000;
/** The same of an answer about all units of a lot or a product; there the API gives up after 60 s. */
const LONG_ANSWER_WITHIN = 65_000;

/** How long the answer to a path is waited for, ms. */
export function answerWithin(path: string): number {
  return /^\/v1\/(recall|where)(\?|$)/.test(path) ? LONG_ANSWER_WITHIN : ANSWER_WITHIN;
}

/** What went wrong, as a person is told. `status` 0 = no answer at all. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly reason: string,
  ) {
    super(`${title}: ${detail}`);
  }

  /** Whether asking again later may help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

const field = (body: object, name: string): string | undefined => {
  const value: unknown = Reflect.get(body, name);
  return typeof value === "string" && value !== "" ? value : undefined;
};

/** The problem an answer that is not 2xx tells of. */
export async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => "");
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  if (typeof body === "object" && body !== null) {
    return new Problem(
      response.status,
      field(body, "title") ?? `Error ${response.status}`,
      field(body, "detail") ?? "The answer says no more.",
      field(body, "reason") ?? "",
    );
  }
  const detail = `The answer was ${response.status} ${response.statusText}`.trim();
  return new Problem(response.status, "Unexpected answer", `${detail}, without an explanation.`, "");
}

/** Any failure of a request as a problem. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return new Problem(0, "No answer in time", "The query service did not answer in the time it has.", "timeout");
  }
  return new Problem(
    0,
    "The query service cannot be reached",
    "Nothing answered at this console's address. The service may be down or the network away.",
    "unreachable",
  );
}

async function request(path: string, accept: string, signal: AbortSignal): Promise<Response> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(answerWithin(path))]);
  const response = await fetch(path, { headers: { accept }, signal: within });
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** A JSON answer. Throws a [Problem], or an AbortError where `signal` ended it. */
export async function getJson<T>(path: string, signal: AbortSignal): Promise<T> {
  try {
    const response = await request(path, "application/json", signal);
    return (await response.json()) as T;
  } catch (error) {
    if (signal.aborted) throw error;
    throw toProblem(error);
  }
}

/** The answer in another format, whole. No time limit: an export may be long. */
export async function getFile(path: string, accept: string): Promise<Blob> {
  try {
    const response = await fetch(path, { headers: { accept } });
    if (!response.ok) throw await problemOf(response);
    return await response.blob();
  } catch (error) {
    throw toProblem(error);
  }
}

/** A path with the parameters that have a value. */
export function withParams(path: string, params: Record<string, string | number | null | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}
