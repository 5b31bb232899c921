export function RejectsPage() { return <h1>rejects</h1>; }
