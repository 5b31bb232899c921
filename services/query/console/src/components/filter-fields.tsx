interface Props {
  params: URLSearchParams;
  change: (changes: Record<string, string | null>) => void;
  /** Name in the address. */
  name: string;
  label: string;
}

/** A filter of free text; it counts when it is left. */
export function TextFilter({ params, change, name, label, placeholder }: Props & { placeholder: string }) {
  return (
    <label>
      {label}
      <input
        type="text"
        placeholder={placeholder}
        spellcheck={false}
        value={params.get(name) ?? ""}
        onChange={(event) => change({ [name]: event.currentTarget.value.trim() })}
      />
    </label>
  );
}

/** A filter of a day. */
export function DateFilter({ params, change, name, label }: Props) {
  return (
    <label>
      {label}
      <input
        type="date"
        value={params.get(name) ?? ""}
        onChange={(event) => change({ [name]: event.currentTarget.value })}
      />
    </label>
  );
}
