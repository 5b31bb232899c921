import type { ServiceState } from "../api/types";
import { count, whole } from "../lib/format";
import { service as serviceWords } from "../lib/words";
import { Scroll, Tag, Time } from "./parts";

/** Whether each service answers, how far behind it is and up to when it has judged. */
export function ServicesTable({ services }: { services: ServiceState[] }) {
  return (
    <Scroll label="Services">
      <table>
        <thead>
          <tr>
            <th>Service</th>
            <th>State</th>
            <th class="number">Lag, records</th>
            <th>Stream time</th>
          </tr>
        </thead>
        <tbody>
          {services.map((service) => (
            <tr key={service.name}>
              <td>
                <span class="stacked">
                  <strong>{service.name}</strong>
                  <span class="soft tiny">{serviceWords(service.name)}</span>
                </span>
              </td>
              <td>
                <Tag tone={service.up ? "good" : "critical"}>
                  <span aria-hidden="true">{service.up ? "●" : "✕"}</span> {service.up ? "up" : "down"}
                </Tag>
                {service.instances > 1 && (
                  <span class="soft tiny"> {count(service.instances, "instance")}</span>
                )}
                {service.detail && <span class="detail soft tiny">{service.detail}</span>}
              </td>
              <td class="number">
                {service.lag === null ? (
                  <span class="soft" title="This service reads no topic, or did not say">
                    –
                  </span>
                ) : (
                  whole(service.lag)
                )}
              </td>
              <td>
                <Time iso={service.stream_time} stacked />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
