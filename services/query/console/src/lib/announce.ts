// Says things to screen readers, politely, through one live region of the shell.

let region: HTMLElement | null = null;

/** Gives the live region (the shell does, once). */
export function announceIn(element: HTMLElement | null): void {
  region = element;
}

/** Says a text after what is being said. */
export function announce(text: string): void {
  if (region !== null) region.textContent = text;
}
