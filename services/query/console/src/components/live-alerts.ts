// Alerts as they come: the API's stream of server-sent events, opened anew whenever it breaks.

import { useEffect, useRef, useState } from "preact/hooks";
import { withParams } from "../api/client";
import type { Alert } from "../api/types";

export type LiveState = "connecting" | "live" | "reconnecting" | "paused" | "store_away";

/** Wait before the stream is opened again after the browser gave it up, ms. */
const AGAIN_AFTER = 5_000;

/** Listens while `query` is given; `arrived` gets each alert, of every revision. */
export function useLiveAlerts(
  query: Record<string, string> | undefined,
  arrived: (alert: Alert) => void,
): { state: LiveState; detail: string } {
  const [state, setState] = useState<LiveState>("connecting");
  const [detail, setDetail] = useState("");
  const handler = useRef(arrived);
  handler.current = arrived;
  const path = query && withParams("/v1/stream/alerts", query);

  useEffect(() => {
    if (path === undefined) {
      setState("paused");
      return;
    }
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = "";
    const open = () => {
      source = new EventSource(last === "" ? path : withLast(path, last));
      source.onopen = () => {
        setState("live");
        setDetail("");
      };
      // All that landed was told; the id is where to go on, also for who has heard no alert yet.
      source.addEventListener("live", (event: MessageEvent<string>) => {
        last = event.lastEventId || last;
        setState("live");
        setDetail("");
      });
      source.addEventListener("alert", (event: MessageEvent<string>) => {
        last = event.lastEventId || last;
        setState("live");
        handler.current(JSON.parse(event.data) as Alert);
      });
      // The browser's own failures and the API's word that ClickHouse is away have one name.
      source.addEventListener("error", (event) => {
        if (event instanceof MessageEvent && typeof event.data === "string") {
          setState("store_away");
          setDetail(detailOf(event.data));
          return;
        }
        setState("reconnecting");
        if (source?.readyState === EventSource.CLOSED) {
          clearTimeout(timer);
          timer = setTimeout(open, AGAIN_AFTER);
        }
      });
    };
    setState("connecting");
    open();
    return () => {
      clearTimeout(timer);
      source?.close();
    };
  }, [path]);

  return { state, detail };
}

function withLast(path: string, last: string): string {
  return `${path}${path.includes("?") ? "&" : "?"}after=${encodeURIComponent(last)}`;
}

function detailOf(data: string): string {
  try {
    const body: unknown = JSON.parse(data);
    if (typeof body === "object" && body !== null) {
      const detail: unknown = Reflect.get(body, "detail");
      if (typeof detail === "string") return detail;
    }
  } catch {
    return data;
  }
  return data;
}
