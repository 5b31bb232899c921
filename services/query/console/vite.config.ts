import { defineConfig } from "vite";

// Where `npm run dev` finds the query API.
const api = process.env.SERIALTRAIL_API ?? "http://127.0.0.1:8415";

const proxy = { "/v1": api, "/openapi.json": api };

export default defineConfig({
  build: {
    outDir: "../../../target/console",
    emptyOutDir: true,
    // Served with `default-src 'self'`: nothing may stand in a data: address.
    assetsInlineLimit: 0,
    target: ["chrome123", "firefox120", "safari17.5"],
    chunkSizeWarningLimit: 400,
  },
  server: { host: "127.0.0.1", proxy },
  // As query serves it, so that what its policy forbids shows here too.
  preview: { host: "127.0.0.1", proxy, headers: { "content-security-policy": "default-src 'self'" } },
});
