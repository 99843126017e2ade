/** Elements without markup: every text becomes a text node, so that nothing strangers wrote is read as HTML. */

const SAFE_LINK = /^(#|https?:\/\/)/;

/**
 * Make an element. `name` is a tag with classes, such as `p.note`; `on` in `props` has listeners.
 * A link that leads to anything but this page or the web is left out.
 */
export function h(name, props, ...children) {
  const [tag, ...classes] = name.split('.');
  const element = document.createElement(tag || 'div');
  if (classes.length) element.className = classes.join(' ');
  set(element, props ?? {});
  element.append(...kept(children));
  return element;
}

/** Set properties, or attributes where an element has no such property; `null` and `undefined` are left out. */
export function set(element, props) {
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (key === 'on') {
      for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    } else if (key === 'href' && !SAFE_LINK.test(value)) {
      continue;
    } else if (key in element && key !== 'list') {
      element[key] = value;
    } else {
      element.setAttribute(key, value);
    }
  }
}

/** Replace what an element contains. */
export function fill(element, ...children) {
  element.replaceChildren(...kept(children));
  return element;
}

/** Replace what an element contains. The focus goes from there to its like, else to `other`; without it, keys would lead nowhere. */
export function refill(element, children, other) {
  const { activeElement: focused } = document;
  const hadFocus = focused !== element && element.contains(focused);
  fill(element, ...children);
  if (!hadFocus) return;
  const isLike = (each) => each.className === focused.className && each.textContent === focused.textContent;
  ([...element.querySelectorAll(focused.localName)].find(isLike) ?? other).focus();
}

function kept(children) {
  return children.flat().filter((child) => child !== null && child !== undefined && child !== false && child !== '');
}

const ICONS = {
  add: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6L6 18',
  left: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16 16l5 5',
  filter: 'M4 7h16M7 12h10M10 17h4',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  again: 'M20 12a8 8 0 1 1-2.5-5.8M20 3v4.5h-4.5',
  picture: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4',
  bin: 'M5 7h14M10 4h4M7 7l1 13h8l1-13',
  out: 'M14 4h5v16h-5M4 12h10M10 8l4 4-4 4',
  save: 'M5 4h11l3 3v13H5zM8 4v5h7V4',
};

/** Draw one of the icons; they only accompany words or a name. */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

const prefersStillness = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/**
 * Change the page with a view transition where the browser has them and the person wants motion.
 * The image `from()` becomes the open picture, or that becomes the image `to()`.
 */
export function transition(change, { from, to } = {}) {
  if (!document.startViewTransition || prefersStillness() || document.hidden) {
    change();
    return;
  }
  const name = (element, text) => element && (element.style.viewTransitionName = text);
  const origin = from?.();
  name(origin, 'picture');
  const running = document.startViewTransition(() => {
    name(origin, '');
    change();
    name(to?.(), 'picture');
  });
  // A newer transition skips an older one, whose promises then reject.
  running.ready.catch(() => {});
  running.finished.catch(() => {}).then(() => name(to?.(), ''));
}
