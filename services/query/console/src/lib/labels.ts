// Where names stand beside points of a map, so that none covers another.

export interface Named {
  id: string;
  x: number;
  y: number;
  radius: number;
  text: string;
}

export interface Label {
  x: number;
  y: number;
  anchor: "start" | "end" | "middle";
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Width of a letter and height of a line of the labels, px. */
const LETTER = 6.4;
const LINE = 14;

const covers = (a: Box, b: Box) =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** A place for each label, in the order given; those that fit nowhere get none: they are told on hover. */
export function placed(points: Named[], width: number, height: number): Map<string, Label> {
  const taken: Box[] = points.map((point) => box(point.x, point.y, point.radius));
  const found = new Map<string, Label>();
  for (const point of points) {
    if (point.text === "") continue;
    const size = point.text.length * LETTER;
    const off = point.radius + 4;
    const tries: Label[] = [
      { x: point.x + off, y: point.y + 4, anchor: "start" },
      { x: point.x - off, y: point.y + 4, anchor: "end" },
      { x: point.x, y: point.y - off - 2, anchor: "middle" },
      { x: point.x, y: point.y + off + 10, anchor: "middle" },
      { x: point.x + off, y: point.y - off - 4, anchor: "start" },
      { x: point.x + off, y: point.y + off + 14, anchor: "start" },
    ];
    for (const label of tries) {
      const around = boxOf(label, size);
      const inside =
        around.left > 2 && around.right < width - 2 && around.top > 2 && around.bottom < height - 2;
      if (!inside || taken.some((other) => covers(around, other))) continue;
      taken.push(around);
      found.set(point.id, label);
      break;
    }
  }
  return found;
}

function box(x: number, y: number, radius: number): Box {
  return { left: x - radius, right: x + radius, top: y - radius, bottom: y + radius };
}

function boxOf(label: Label, size: number): Box {
  const left =
    label.anchor === "start" ? label.x : label.anchor === "end" ? label.x - size : label.x - size / 2;
  return { left, right: left + size, top: label.y - LINE + 3, bottom: label.y + 3 };
}

/** Points that would hide each other moved apart, a little: places of one town stay one beside the other. */
export function apart<P extends { x: number; y: number; radius: number }>(points: P[]): P[] {
  const list = points.map((point) => ({ ...point }));
  for (let round = 0; round < 12; round += 1) {
    let moved = false;
    for (const [at, a] of list.entries()) {
      for (const b of list.slice(at + 1)) {
        const wanted = a.radius + b.radius + 1;
        const [dx, dy] = [b.x - a.x, b.y - a.y];
        const distance = Math.hypot(dx, dy);
        if (distance >= wanted) continue;
        const push = (wanted - distance) / 2;
        const [ux, uy] = distance === 0 ? [1, 0] : [dx / distance, dy / distance];
        a.x -= ux * push;
        a.y -= uy * push;
        b.x += ux * push;
        b.y += uy * push;
        moved = true;
      }
    }
    if (!moved) break;
  }
  return list;
}
