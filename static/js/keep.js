// What this browser keeps for its user. One that may keep nothing, or has no room, works all the same.

export function kept(key) {
  return unlessRefused(() => localStorage.getItem(key)) ?? null;
}

export function keep(key, text) {
  unlessRefused(() => localStorage.setItem(key, text));
}

export function forget(key) {
  unlessRefused(() => localStorage.removeItem(key));
}

function unlessRefused(act) {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // SecurityError, QuotaExceededError
    return undefined;
  }
}
