// A new id for a message that was written here. `crypto.randomUUID` would do, but exists on HTTPS and localhost only.

export function newNonce() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
