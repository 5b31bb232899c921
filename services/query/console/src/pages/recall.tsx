export function RecallPage() { return <h1>recall</h1>; }
