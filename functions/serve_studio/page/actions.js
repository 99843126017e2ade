/** What can be done with a picture and its job. */

import { call } from './api.js';
import { h, icon } from './dom.js';
import { ask, tell, waiting } from './notices.js';
import { isUnsure, sendOrder } from './orders.js';
import { changed } from './routes.js';
import { may } from './session.js';
import { named, number, t } from './words.js';
import { fileOf, hexSha256 } from './uploads.js';

const RETRIED = ['succeeded', 'failed', 'expired', 'archive_failed', 'cancelled'];

export function actionsOf({ job, image, onProblem, onChange }) {
  const path = `/jobs/${job.job_id}`;
  const isFinal = RETRIED.includes(job.status);
  const canArchive = job.status === 'archive_failed' || job.status === 'expired' || job.error?.kind === 'no_images';
  const post = (verb) => call(`${path}/${verb}`, { method: 'POST' });
  const retry = async () => {
    const text = t('retry.text', { n: job.credits ?? t('unknown') });
    if (!(await ask({ title: t('retry.title'), text, yes: t('retry.yes') }))) return;
    try {
      onChange(await sendOrder(`${path}/retry`, undefined, { onWait: (...wait) => tell(waiting(...wait), { isProblem: true }) }));
      tell(t('retry.done'));
    } catch (problem) {
      if (!isUnsure(problem)) throw problem;
      tell(t('make.again-safe'), { isProblem: true });
    }
  };
  const archive = async () => {
    onChange(await post('archive'));
    tell(t('archive.done'));
  };
  const cancel = async () => onChange(await post('cancel'));
  const remove = async () => {
    const text = t('delete.text', { n: job.images.length });
    if (!(await ask({ title: t('delete.title'), text, yes: t('delete.yes'), isDanger: true }))) return;
    onChange(await call(path, { method: 'DELETE' }));
    tell(t('delete.done'));
  };
  const again = { make: job.model, like: job.job_id, use: null, open: null };
  const use = { make: 'edit', use: `${job.job_id}.${image ? job.images.indexOf(image) + 1 : 0}`, like: null, open: null };
  const denied = new Set();
  // A button that is not there tells nobody why.
  const button = (words, name, run, scope) => {
    if (!scope || may(scope)) return actionButton(words, name, run, onProblem);
    denied.add(t('no-scope', { scope }));
    return null;
  };
  const link = (words, name, to) => {
    if (may('jobs:write')) return h('a.button', { href: changed(to) }, icon(name), h('span', {}, t(`action.${words}`)));
    return void denied.add(t('no-scope', { scope: 'jobs:write' }));
  };
  const buttons = [
    image && button('download', 'download', () => download(image, job)),
    link('again', 'again', again),
    image && link('use', 'picture', use),
    isFinal && job.status !== 'succeeded' && button('retry', 'again', retry, 'jobs:write'),
    canArchive && button('archive', 'save', archive, 'jobs:write'),
    job.status === 'accepted' && button('cancel', 'close', cancel, 'jobs:write'),
    isFinal && button('delete', 'bin', remove, 'jobs:delete'),
  ];
  return h('div.actions', {}, buttons, denied.size > 0 && h('p.hint', {}, [...denied].join(' ')));
}

function actionButton(words, name, run, onProblem) {
  const click = async () => {
    if (button.ariaDisabled === 'true') return;
    button.ariaDisabled = 'true';
    await run().catch(onProblem);
    button.ariaDisabled = 'false';
  };
  const button = h(`button.action-${words}`, { type: 'button', on: { click } }, icon(name), h('span', {}, t(`action.${words}`)));
  return button;
}

/** The link may have expired while the picture was open. */
async function renewed({ key }, { job_id: id }) {
  const { images } = await call(`/jobs/${id}`);
  return images.find((image) => image.key === key) ?? {};
}

/** Load the file, compare it with the checksum that was recorded, and have the browser save it. */
async function download(image, job) {
  const file = (await fileOf(image)) ?? (await fileOf(await renewed(image, job)));
  if (!file) {
    tell(t('problem.no-picture'), { isProblem: true });
    return;
  }
  if ((await hexSha256(file)) !== image.sha256) {
    tell(t('problem.other-bytes'), { isProblem: true });
    return;
  }
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = `${job.job_id}-${image.key.split('/').at(-1)}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  tell(t('download.done', { n: number(file.size) }));
}
