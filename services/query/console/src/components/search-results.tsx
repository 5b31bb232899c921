import type { Problem } from "../api/client";
import type { Identified } from "../api/types";
import { visible } from "../lib/search";
import { targets } from "../lib/targets";

const MAY_BE_TYPED: [string, string][] = [
  ["Element string", "(01)09521000000018(21)ABC123"],
  ["Digital Link", "https://id.gs1.org/01/09521000000018/21/ABC123"],
  ["EPC URN", "urn:epc:id:sgtin:9521000.000001.ABC123"],
  ["GTIN with serial or lot", "09521000000018 ABC123"],
  ["Container (SSCC)", "195210020000001133"],
  ["Place (GLN)", "9521002000016"],
  ["Alert id", "32 hexadecimal digits"],
];

interface Props {
  found: Identified | undefined;
  problem: Problem | undefined;
  /** Called when a result was followed. */
  chosen: () => void;
}

/** What a search found: links to choose from, or what may be typed instead. */
export function SearchResults({ found, problem, chosen }: Props) {
  if (problem) {
    return (
      <div class="search-none" role="alert">
        <strong>{problem.title}</strong>
        <p>{problem.detail}</p>
      </div>
    );
  }
  if (!found) return null;
  if (found.matches.length === 0) {
    return (
      <div class="search-none">
        <strong>Nothing is known by “{visible(found.text)}”</strong>
        {found.hint && <p>{found.hint}</p>}
        <p class="soft small">What may be typed or scanned:</p>
        <dl class="facts tight">
          {MAY_BE_TYPED.map(([name, example]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd class="mono">{example}</dd>
            </div>
          ))}
        </dl>
      </div>
    );
  }
  return (
    <ul class="found" aria-label="Found">
      {found.matches.map((match) => {
        const [first, ...others] = targets(match);
        if (first === undefined) return null;
        return (
          <li key={`${match.kind} ${match.key}`}>
            <a href={first.to} onClick={chosen}>
              <span class="found-kind">{match.kind}</span>
              <span class="found-label">
                {match.label}
                {match.known === false && <span class="soft"> (nothing known of it)</span>}
              </span>
              <span class="mono soft tiny">{match.key}</span>
              <span class="tiny">{first.name}</span>
            </a>
            {others.map((other) => (
              <a key={other.to} class="found-other" href={other.to} onClick={chosen}>
                {other.name}
              </a>
            ))}
          </li>
        );
      })}
    </ul>
  );
}
