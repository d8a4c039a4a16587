/** What a browser lets the page do: its own files, the core, pictures it made itself. Nothing is loaded from elsewhere, and no text becomes code. */
export const POLICY = [
  "default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "worker-src 'self'", "connect-src 'self'", "style-src 'self'", "img-src 'self' blob: data:", "base-uri 'none'", "form-action 'none'",
].join('; ');
