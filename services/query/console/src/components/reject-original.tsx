import type { Reject } from "../api/types";
import { bytes } from "../lib/format";
import { saveAs } from "./download";

/** Bytes shown of an original that is not text. */
const SHOWN = 4096;

/** The bytes of a base64 text. */
export function decoded(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

/** Offset, hexadecimal and printable characters, 16 bytes a line. */
function hexDump(data: Uint8Array, most = SHOWN): string {
  const lines: string[] = [];
  for (let at = 0; at < Math.min(data.length, most); at += 16) {
    const row = [...data.slice(at, at + 16)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const shown = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(47)}  ${shown}`);
  }
  return lines.join("\n");
}

/** JSON set out in lines; other text as it came. */
function setOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** What was refused, as it came. */
export function RejectOriginal({ reject }: { reject: Reject }) {
  const { original } = reject;
  if (original.bytes === 0) return <p class="soft small">No original was kept.</p>;
  const save = () => saveAs(new Blob([decoded(original.base64)]), `rejected-${reject.reject_id}`);
  return (
    <details>
      <summary class="small">
        Original, {bytes(original.bytes)}
        {!original.complete && ", not yet complete"}
      </summary>
      <div class="original">
        <p>
          <button type="button" onClick={save}>
            Save the bytes
          </button>
          {original.text === null && (
            <span class="soft small">
              {" "}
              Not text in UTF-8: shown in hexadecimal{original.bytes > SHOWN && `, the first ${bytes(SHOWN)}`}
              .
            </span>
          )}
        </p>
        <pre tabIndex={0}>
          {original.text === null ? hexDump(decoded(original.base64)) : setOut(original.text)}
        </pre>
      </div>
    </details>
  );
}
