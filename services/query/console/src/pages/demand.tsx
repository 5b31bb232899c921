export function DemandPage() { return <h1>demand</h1>; }
