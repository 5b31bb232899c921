// The width an element has, for charts drawn to the pixel.

import { useEffect, useRef, useState } from "preact/hooks";

/** A ref for the element, and its width in px (0 until it is laid out). */
export function useWidth<T extends Element>(): [preactRef<T>, number] {
  const ref = useRef<T>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver((entries) => {
      const found = entries[0]?.contentRect.width;
      if (found !== undefined) setWidth(Math.round(found));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

type preactRef<T> = { current: T | null };
