import { Empty } from "../components/states";

export function NotFoundPage() {
  return (
    <>
      <h1>Not found</h1>
      <Empty title="There is no such page">
        <p>
          The address may be misspelt. <a href="/">Go to the overview</a>, or search above for a unit, lot or
          alert.
        </p>
      </Empty>
    </>
  );
}
