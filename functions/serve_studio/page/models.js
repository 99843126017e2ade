/** The models that the API takes jobs for, and which of them a form begins with. */

import { call } from './api.js';
import { patiently } from './patience.js';
import { fieldsOf } from './schema.js';
import { inTab } from './storage.js';

const LAST = 'ringback.model';

const models = [];

/** Return all models; they are asked for once. @throws {Problem} */
export async function loadModels() {
  if (!models.length) models.push(...(await patiently(() => call('/models'))).models.filter(({ id }) => !modelOf(id)));
  return models;
}

/** Return one of the models that were loaded. */
export const modelOf = (id) => models.find((model) => model.id === id);

/** Begin with this model the next time. */
export const rememberModel = (id) => inTab.set(LAST, id);

/** Return the ID of the model that is asked for, else the last one; `edit` is any that takes images. */
export function modelFor(wanted, job) {
  const takesImages = ({ input }) => fieldsOf(input).some(({ kind }) => kind === 'images');
  const known = wanted === 'edit' ? models.filter(takesImages) : models;
  const ids = known.map(({ id }) => id);
  return [wanted, inTab.get(LAST), job?.model, ...ids].find((id) => ids.includes(id));
}
