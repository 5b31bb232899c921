import { useOutage } from "../api/outage";
import { utc } from "../lib/format";

/** Says, while requests fail, that what is shown is old. Goes away by itself. */
export function OutageBanner() {
  const outage = useOutage();
  return (
    <div role="status">
      {outage && (
        <p class="banner">
          <strong>{outage.problem.title}.</strong> {outage.problem.detail} Shown is the data of{" "}
          {utc(new Date(outage.shown).toISOString())}; this page tries again by itself.
        </p>
      )}
    </div>
  );
}
