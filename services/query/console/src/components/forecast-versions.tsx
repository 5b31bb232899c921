import type { ForecastVersion } from "../api/types";
import { told, whole } from "../lib/format";

const named = (version: ForecastVersion): string => {
  const at = told(version.created_at);
  return `${at ? `${at.date}, ${at.time} UTC` : version.created_at} (data up to ${version.data_cutoff.slice(0, 10)})`;
};

interface Props {
  versions: ForecastVersion[];
  version: string;
  compare: string;
  change: (changes: Record<string, string | null>) => void;
}

/** Which version is shown, and which it is compared with. */
export function VersionPicker({ versions, version, compare, change }: Props) {
  const current = versions.find((found) => found.version === version) ?? versions[0];
  return (
    <div class="filters versions">
      <label>
        Forecast version
        <select
          value={version}
          onChange={(event) => change({ version: event.currentTarget.value, compare: null })}
        >
          <option value="">Latest</option>
          {versions.map((found) => (
            <option key={found.version} value={found.version} selected={found.version === version}>
              {named(found)}
            </option>
          ))}
        </select>
      </label>
      <label>
        Compare with
        <select
          value={compare}
          disabled={versions.length < 2}
          onChange={(event) => change({ compare: event.currentTarget.value })}
        >
          <option value="">{versions.length < 2 ? "only one version exists" : "nothing"}</option>
          {versions
            .filter((found) => found.version !== current?.version)
            .map((found) => (
              <option key={found.version} value={found.version} selected={found.version === compare}>
                {named(found)}
              </option>
            ))}
        </select>
      </label>
      {current && (
        <p class="soft tiny">
          {whole(current.series)} series: {whole(current.series_ok)} forecast,{" "}
          {whole(current.series_too_short)} too short, {whole(current.series_empty)} empty
        </p>
      )}
    </div>
  );
}
