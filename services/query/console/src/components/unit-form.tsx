import { navigate } from "../lib/router";
import { unitLink } from "../lib/words";

/** Asks which unit, where the address names none. */
export function UnitForm() {
  const go = (event: SubmitEvent & { currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const id = new FormData(event.currentTarget).get("id");
    if (typeof id === "string" && id.trim() !== "") navigate(unitLink(id.trim()));
  };
  return (
    <form class="card card-body ask" onSubmit={go}>
      <p>
        Which unit? An item, case, pallet or asset, in any spelling: element string, Digital Link, EPC URN or
        key. The search box above also takes a GTIN with a serial.
      </p>
      <label>
        Unit
        <input
          name="id"
          required
          spellcheck={false}
          autocomplete="off"
          placeholder="(01)09521000000018(21)ABC123"
        />
      </label>
      <div>
        <button type="submit" class="primary">
          Show its journey
        </button>
      </div>
    </form>
  );
}
