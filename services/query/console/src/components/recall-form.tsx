import { navigate } from "../lib/router";
import { recallLink } from "../lib/words";

/** Asks which lot, where the address names none. */
export function RecallForm({ gtin, lot }: { gtin: string; lot: string }) {
  const go = (event: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    const [product, batch] = [given.get("gtin"), given.get("lot")];
    if (typeof product === "string" && typeof batch === "string") {
      navigate(recallLink(product.trim(), batch.trim()));
    }
  };
  return (
    <form class="card card-body ask" onSubmit={go}>
      <p>Which lot? Shown is where each of its units is now: at a site, on its way, sold, or ended.</p>
      <label>
        GTIN of the product
        <input
          name="gtin"
          required
          inputmode="numeric"
          autocomplete="off"
          placeholder="09521000000018"
          value={gtin}
        />
      </label>
      <label>
        Lot, as on the pack
        <input name="lot" required autocomplete="off" spellcheck={false} placeholder="L0000A" value={lot} />
      </label>
      <div>
        <button type="submit" class="primary">
          Find its units
        </button>
      </div>
    </form>
  );
}
