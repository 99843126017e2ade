/** What the browser keeps; nothing where it keeps nothing, as with all cookies blocked. */

function kept(kind) {
  const safely = (use) => {
    try {
      return use(window[kind]);
    } catch {
      return null;
    }
  };
  return {
    get: (key) => safely((storage) => storage.getItem(key)),
    set: (key, value) => safely((storage) => storage.setItem(key, value)),
    remove: (key) => safely((storage) => storage.removeItem(key)),
  };
}

export const inTab = kept('sessionStorage');
export const inBrowser = kept('localStorage');
