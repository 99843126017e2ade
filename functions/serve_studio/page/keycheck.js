/** Whether a key is refused: API Gateway's refusal lacks CORS headers, so a page can't tell it from a lost connection. */

const PATIENCE_MS = 5000;

let asked;

/** Ask the live line, which answers in words; once for all requests that fail together. @returns {Promise<boolean>} `false` also if it can't be reached */
export function isRefused(url, key) {
  if (asked?.key !== key) {
    const own = (asked = { key, answer: ask(url, key) });
    own.answer.then(() => asked === own && (asked = undefined));
  }
  return asked.answer;
}

function ask(url, key) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    const end = (answer) => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => end(false), PATIENCE_MS);
    socket.onopen = () => socket.send(JSON.stringify({ key }));
    socket.onmessage = ({ data }) => end(isUnknownKey(JSON.parse(data).refused));
    socket.onclose = socket.onerror = () => end(false);
  });
}

/** Other refusals are about scopes, or a deployment without a live line. */
export const isUnknownKey = (why) => /unknown api key/i.test(why ?? '');
