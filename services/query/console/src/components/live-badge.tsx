import type { LiveState } from "./live-alerts";

const WORDS: Record<LiveState, { tone: string; mark: string; text: string }> = {
  connecting: { tone: "low", mark: "○", text: "Connecting" },
  live: { tone: "good", mark: "●", text: "Live" },
  reconnecting: { tone: "high", mark: "↻", text: "Connection lost, reconnecting" },
  paused: { tone: "low", mark: "‖", text: "Not live" },
  store_away: { tone: "high", mark: "!", text: "ClickHouse is away, waiting" },
};

/** Whether new alerts come in by themselves, in words. */
export function LiveBadge({ state, detail }: { state: LiveState; detail: string }) {
  const { tone, mark, text } = WORDS[state];
  return (
    <span class={`badge live ${tone}`} role="status" title={detail}>
      <span aria-hidden="true">{mark}</span> {text}
    </span>
  );
}
