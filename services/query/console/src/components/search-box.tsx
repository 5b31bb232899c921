// The search box: anything a scanner or a person types, to the thing it names.

import { useEffect, useRef, useState } from "preact/hooks";
import { getJson, type Problem, toProblem, withParams } from "../api/client";
import type { Identified } from "../api/types";
import { announce } from "../lib/announce";
import { navigate } from "../lib/router";
import { typingHint } from "../lib/search";
import { targets } from "../lib/targets";
import { SearchResults } from "./search-results";

interface Answer {
  found?: Identified;
  problem?: Problem;
}

/** Whether keys pressed now are text somebody types. */
function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}

export function SearchBox() {
  const input = useRef<HTMLInputElement>(null);
  const box = useRef<HTMLElement>(null);
  const asking = useRef<AbortController | undefined>(undefined);
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<Answer>({});

  useEffect(() => {
    const slash = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
      event.preventDefault();
      input.current?.focus();
      input.current?.select();
    };
    const outside = (event: Event) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener("keydown", slash);
    document.addEventListener("click", outside);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("keydown", slash);
      document.removeEventListener("click", outside);
      document.removeEventListener("focusin", outside);
    };
  }, []);

  const close = () => {
    setOpen(false);
    setAnswer({});
  };

  const search = async (event: Event) => {
    event.preventDefault();
    const asked = text.trim();
    if (asked === "") return;
    asking.current?.abort();
    const ended = new AbortController();
    asking.current = ended;
    setBusy(true);
    setOpen(true);
    try {
      const found = await getJson<Identified>(withParams("/v1/identify", { text: asked }), ended.signal);
      const only = found.matches.length === 1 ? targets(found.matches[0]) : [];
      if (only.length === 1 && only[0]) {
        close();
        setText("");
        navigate(only[0].to);
      } else {
        setAnswer({ found });
        announce(
          found.matches.length === 0
            ? "Nothing found"
            : `${found.matches.length} found. Press arrow down to choose.`,
        );
      }
    } catch (error) {
      if (ended.signal.aborted) return;
      setAnswer({ problem: toProblem(error) });
    }
    setBusy(false);
  };

  const keys = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      close();
      input.current?.focus();
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const links = [...(box.current?.querySelectorAll<HTMLAnchorElement>(".found a") ?? [])];
    if (links.length === 0) return;
    event.preventDefault();
    const at = links.indexOf(document.activeElement as HTMLAnchorElement);
    const next = event.key === "ArrowDown" ? at + 1 : at - 1;
    if (next < 0) input.current?.focus();
    else links[Math.min(next, links.length - 1)]?.focus();
  };

  const hint = typingHint(text);
  return (
    <search class="search" ref={box} onKeyDown={keys}>
      <form onSubmit={search}>
        <label class="hidden" for="search">
          Search: scan or type an element string, Digital Link, URN, GTIN with serial or lot, SSCC, GLN or
          alert id
        </label>
        <input
          id="search"
          ref={input}
          type="text"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder="Scan or type: GTIN + serial, SSCC, link, URN, lot …"
          aria-describedby="search-hint"
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setAnswer({});
          }}
          onFocus={() => setOpen(true)}
        />
        <kbd aria-hidden="true">/</kbd>
        <button type="submit" class="primary" disabled={busy}>
          {busy ? "Searching" : "Search"}
        </button>
      </form>
      <div class="search-drop" hidden={!open || (text === "" && !answer.found && !answer.problem)}>
        <p id="search-hint" class="soft small">
          {answer.found || answer.problem ? "" : hint || (text === "" ? "" : "Press Enter to look it up")}
        </p>
        <SearchResults found={answer.found} problem={answer.problem} chosen={close} />
      </div>
    </search>
  );
}
