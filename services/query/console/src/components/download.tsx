import { useState } from "preact/hooks";
import { getFile, type Problem, toProblem } from "../api/client";
import { announce } from "../lib/announce";

export interface Format {
  name: string;
  accept: string;
  ending: string;
}

export const CSV: Format = { name: "CSV", accept: "text/csv", ending: "csv" };
export const NDJSON: Format = { name: "NDJSON", accept: "application/x-ndjson", ending: "ndjson" };
export const JSON_FILE: Format = { name: "JSON", accept: "application/json", ending: "json" };
export const PARQUET: Format = {
  name: "Parquet",
  accept: "application/vnd.apache.parquet",
  ending: "parquet",
};

/** Gives bytes to the person as a file. */
export function saveAs(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

interface Props {
  path: string;
  /** Of the file, without its ending. */
  name: string;
  formats: Format[];
  label: string;
}

/** Buttons that fetch an answer in another format and save it. */
export function Downloads({ path, name, formats, label }: Props) {
  const [busy, setBusy] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  const save = async (format: Format) => {
    setBusy(format.name);
    setProblem(undefined);
    try {
      saveAs(await getFile(path, format.accept), `${name}.${format.ending}`);
      announce(`${format.name} file saved`);
    } catch (error) {
      setProblem(toProblem(error));
    }
    setBusy(undefined);
  };
  return (
    <div class="downloads" role="group" aria-label={label}>
      <span class="soft small" aria-hidden="true">
        {label}
      </span>
      {formats.map((format) => (
        <button key={format.name} type="button" disabled={busy !== undefined} onClick={() => save(format)}>
          {busy === format.name ? "Fetching" : format.name}
        </button>
      ))}
      {problem && (
        <span class="download-problem small" role="alert">
          {problem.title}: {problem.detail}
        </span>
      )}
    </div>
  );
}
