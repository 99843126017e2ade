/** A model's JSON Schema as fields of a form, and the same limits checked while typing. */

// A text that may be longer than this gets several lines.
const LONG = 300;
const PROMPTS = ['prompt', 'ref_prompt'];
const IMAGES = ['image_urls', 'ref_img_url'];

/**
 * @param {object} schema the `input` of a model of `GET /models`
 * @returns {object[]} fields: `name`, `kind` (`text`, `line`, `choice`, `flag`, `number` or `images`), `isRequired`,
 *   `description`, and of the schema what limits the value
 */
export function fieldsOf(schema) {
  return Object.entries(schema.properties).map(([name, property]) => ({
    ...property,
    name,
    kind: kindOf(property),
    isRequired: (schema.required ?? []).includes(name),
  }));
}

function kindOf({ type, enum: options, maxLength, items }) {
  if (options) return 'choice';
  if (type === 'array' && items?.format === 'uri') return 'images';
  if (type === 'boolean') return 'flag';
  if (type === 'integer' || type === 'number') return 'number';
  return maxLength > LONG ? 'text' : 'line';
}

/** Return a typed text as the field's JSON value; `undefined` leaves the field out. Numbers keep all of their digits. */
export function valueOf(field, text) {
  if (field.kind === 'images') return text.length ? text : undefined;
  if (text === '') return undefined;
  if (field.kind === 'flag') return text === 'true';
  if (field.kind === 'choice') return field.enum.find((option) => String(option) === text);
  if (field.kind !== 'number' || !isNumber(text)) return text;
  return field.type === 'integer' && !Number.isSafeInteger(Number(text)) ? BigInt(text) : Number(text);
}

const isNumber = (text) => /^[+-]?\d+(\.\d+)?$/.test(text);

/** Return what is wrong with a typed text, as a key of the words with its values; `null` if nothing is. */
export function check(field, text) {
  const isEmpty = field.kind === 'images' ? !text.length : text.trim() === '';
  if (isEmpty) return field.isRequired ? { key: 'check.required' } : null;
  if (field.kind === 'number') return checkNumber(field, text.trim());
  if (field.kind === 'images') return checkImages(field, text);
  if (field.kind === 'choice' || field.kind === 'flag') return null;
  const length = lengthOf(text);
  if (length < (field.minLength ?? 0)) return { key: 'check.short', values: { n: field.minLength } };
  if (length > (field.maxLength ?? Infinity)) return { key: 'check.long', values: { n: field.maxLength, over: length - field.maxLength } };
  if (field.pattern && !new RegExp(field.pattern, 'u').test(text)) return { key: 'check.form' };
  return null;
}

/** JSON Schema counts characters, not UTF-16's halves of them. */
export const lengthOf = (text) => [...text].length;

function checkNumber({ type, minimum, maximum }, text) {
  if (!isNumber(text)) return { key: 'check.number' };
  if (type === 'integer' && !/^[+-]?\d+$/.test(text)) return { key: 'check.whole' };
  const value = Number(text);
  if (value < minimum) return { key: 'check.small', values: { n: minimum } };
  return value > maximum ? { key: 'check.large', values: { n: maximum } } : null;
}

function checkImages({ items, minItems = 0, maxItems = Infinity }, urls) {
  if (urls.length < minItems) return { key: 'check.few', values: { n: minItems } };
  if (urls.length > maxItems) return { key: 'check.many', values: { n: maxItems } };
  const form = items.pattern && new RegExp(items.pattern, 'u');
  const bad = form && urls.find((url) => !form.test(url) || lengthOf(url) > items.maxLength);
  return bad ? { key: 'check.url', values: { url: bad } } : null;
}

/** Return a job's input for the fields of another model: what both have, and the prompt and images under their other names. */
export function carriedOver(input, fields) {
  const aliases = (name) => [PROMPTS, IMAGES].find((group) => group.includes(name)) ?? [name];
  const found = fields.map(({ name }) => [name, [name, ...aliases(name)].map((each) => input[each]).find((value) => value !== undefined)]);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

/** Return the API's words by field, as of `input.image_urls.0`, and those about anything that the form doesn't have. */
export function sortErrors(errors, fields) {
  const [known, others] = [{}, []];
  for (const { field: path, message } of errors) {
    const name = path.replace(/^input\./, '').split(/[.[]/)[0];
    if (fields.some((field) => field.name === name)) known[name] = message;
    else others.push(path ? `${path}: ${message}` : message);
  }
  return { known, others };
}
