"""The studio's views without a stack: nothing is taken from the hands of who uses them."""

from typing import Any, Final

import pytest
from ringback.catalogue.schemas import describe_all

from tests.e2e.studio_modules import ANSWERS

EDIT, SINGLE = "bytedance/seedream-v4-edit", "chanjing/kling-v2"
FORM: Final = (
    ANSWERS
    + """
  const [models, [edit, single]] = given;
  const { makeForm, leaveForm } = await import('./form.js');
  const { chooseLanguage } = await import('./words.js');
  const problems = [];
  const opened = async () => {
    const form = makeForm({ onProblem: ({ kind }) => problems.push(kind), onMade: () => {} });
    answers.find(({ url }) => url.endsWith('/models'))?.({ models });
    document.body.replaceChildren((await form).element);
    return form;
  };
  const answerOf = async (path) => {
    while (!answers.some(({ url }) => url.includes(path))) await soon();
    return answers.find(({ url }) => url.includes(path));
  };
  const one = (selector) => document.querySelector(selector);
  const type = (name, text) => {
    one(`#field-${name}`).value = text;
    one(`#field-${name}`).dispatchEvent(new Event('input'));
  };
  const choose = (id) => {
    one('#make-model').value = id;
    one('#make-model').dispatchEvent(new Event('change'));
  };
  const said = () => [...document.querySelectorAll('.images li, image-field [role=status]')]
    .map(({ textContent }) => textContent);
  const begin = (form, query) => form.begin(new URLSearchParams(query));
  const file = (name, type = 'image/png', bytes = 9) =>
    new File([new Uint8Array(bytes)], name, { type });
  const job = (id, prompt) => ({ job_id: id, model: edit, input: { prompt }, images: [] });
"""
)


def form(page: Any, script: str) -> Any:
    """Return what a script with a form returns."""
    given = [describe_all(), [EDIT, SINGLE]]
    return page.evaluate(f"async (given) => {{ {FORM} {script} }}", given)


def test_another_language_keeps_what_was_typed_and_uploads(anew: Any) -> None:
    script = """
      const before = await opened();
      await begin(before, `make=${edit}`);
      type('prompt', ' a kite ');
      type('max_images', 'many');
      type('tags', 'spring,');
      before.addFiles([file('a.png')]);
      await chooseLanguage('zh');
      const after = await opened();
      const isNew = await begin(after, `make=${edit}`);
      (await answerOf('/uploads'))({ image: 's3://drops/a.png', uploaded: true });
      await soon();
      const typed = ['prompt', 'max_images', 'tags'].map((name) => one(`#field-${name}`).value);
      return [after !== before, isNew, typed, said()[0], one('h2').textContent !== 'Make',
        one('image-field').urls];
    """
    assert form(anew, script) == [
        True,
        False,
        [" a kite ", "many", "spring,"],
        "a.png",
        True,
        ["s3://drops/a.png"],
    ]


def test_another_model_keeps_the_images(anew: Any) -> None:
    """One that takes none, and one that takes too few of them."""
    script = """
      const form = await opened();
      await begin(form, `make=${edit}`);
      one('image-field').urls = ['s3://drops/a.png', 's3://drops/b.png'];
      choose(edit.replace('edit', 'text-to-image'));
      const without = one('image-field');
      choose(single);
      const few = one('image-field').urls.length;
      choose(edit);
      return [without, few, one('image-field').urls.length];
    """
    assert form(anew, script) == [None, 2, 2]


def test_the_job_that_was_asked_for_last_fills_the_form_in(anew: Any) -> None:
    """A slow answer doesn't; nor does a job that isn't there take away what was typed."""
    script = """
      const form = await opened();
      const first = begin(form, 'like=job_1');
      const second = begin(form, 'like=job_2');
      (await answerOf('job_2'))(job('job_2', 'the second'));
      await second;
      (await answerOf('job_1'))(job('job_1', 'the first'));
      await first;
      const shown = one('#field-prompt').value;
      type('prompt', 'my own words');
      const third = begin(form, 'like=job_3');
      (await answerOf('job_3'))({ type: 'x#unknown-job' }, 404);
      await third;
      return [shown, one('#field-prompt').value, problems];
    """
    assert form(anew, script) == ["the second", "my own words", ["unknown-job"]]


def test_a_form_that_was_closed_begins_anew(anew: Any) -> None:
    script = """
      const form = await opened();
      await begin(form, `make=${edit}`);
      const again = await begin(form, `make=${edit}`);
      leaveForm();
      const closed = await begin(form, `make=${edit}`);
      dispatchEvent(new Event('forget'));
      return [again, closed, (await opened()) === form];
    """
    assert form(anew, script) == [False, True, False]


def test_files_that_wait_are_not_uploaded_for_the_next_client(anew: Any) -> None:
    script = """
      const form = await opened();
      await begin(form, `make=${edit}`);
      form.addFiles([...'abcdef'].map((name) => file(name)));
      const uploads = () => answers.filter(({ url }) => url.includes('/uploads'));
      while (!uploads()[2]) await soon();
      choose(edit.replace('edit', 'text-to-image'));
      dispatchEvent(new Event('forget'));
      uploads().forEach((answer) => answer({ image: 's3://drops/a', uploaded: true }));
      for (let turn = 0; turn < 20; turn += 1) await soon();
      return uploads().length;
    """
    assert form(anew, script) == 3


def test_each_file_that_is_no_image_is_named(anew: Any) -> None:
    script = """
      const form = await opened();
      await begin(form, `make=${edit}`);
      const large = file('b.png', 'image/png', 11e6);
      form.addFiles([file('a.heic', 'image/heic'), large, file('c.png')]);
      (await answerOf('/uploads'))({ image: 's3://drops/c.png', uploaded: true });
      await soon();
      return [said(), answers.filter(({ url }) => url.includes('/uploads')).length];
    """
    said, uploads = form(anew, script)
    assert said[0] == "c.png"
    assert all(text in said[1] for text in ("a.heic is no", "b.png has more", "c.png is uploaded"))
    assert uploads == 1


def test_an_order_without_a_chosen_image_is_not_sent(anew: Any) -> None:
    """The focus goes to what mends it, and everything that was typed stays."""
    script = """
      const form = await opened();
      await begin(form, `make=${edit}`);
      type('prompt', 'a kite');
      one('image-field').urls = ['s3://drops/a.png'];
      form.addFiles([file('b.png')]);
      (await answerOf('/uploads'))({ type: 'x#too-large' }, 413);
      await soon();
      one('form').requestSubmit();
      await soon();
      const focused = document.activeElement.textContent;
      const isSent = answers.some(({ url }) => url.endsWith('/jobs'));
      return [focused, isSent, one('#field-prompt').value, one('image-field').urls.length];
    """
    assert form(anew, script) == ["Try again", False, "a kite", 1]


def test_the_search_is_what_the_address_says_but_for_what_is_being_typed(anew: Any) -> None:
    """A later address may come while somebody types on; Back means it."""
    script = """async () => {
      const { filterBar } = await import('./filterbar.js');
      const stop = new AbortController();
      const bar = filterBar(stop.signal);
      document.body.replaceChildren(bar.element);
      const search = document.querySelector('#q');
      const day = document.querySelector('#from');
      const enter = () => search.form.dispatchEvent(new Event('submit', { cancelable: true }));
      const found = [];
      const update = (filters) => { bar.update(filters); found.push(search.value); };
      search.focus();
      search.value = 'kite';
      day.value = '0002-11-27';
      enter();
      search.value = 'kites';
      update({ q: 'kite' });
      update({ q: 'kite' });
      update({});
      update({ q: 'kite' });
      return [found, location.hash];
    }"""
    assert anew.evaluate(script) == [["kites", "kites", "", "kite"], "#/pictures?q=kite"]


def test_the_focus_goes_from_a_chip_that_is_gone_to_the_search(anew: Any) -> None:
    script = """async () => {
      const { filterBar } = await import('./filterbar.js');
      const bar = filterBar(new AbortController().signal);
      document.body.replaceChildren(bar.element);
      const focused = () => document.activeElement.textContent || document.activeElement.id;
      bar.update({ tag: 'spring', model: 'some/model' });
      document.querySelector('.chip').focus();
      const found = [focused()];
      bar.update({ tag: 'spring', model: 'some/model' });
      found.push(focused());
      bar.update({ model: 'some/model' });
      found.push(focused());
      return found;
    }"""
    assert anew.evaluate(script) == ["Tag: spring", "Tag: spring", "q"]


def test_the_picture_that_was_asked_for_last_is_on_the_stage(anew: Any) -> None:
    script = """async () => {
      const { Stage } = await import('./stage.js');
      const stage = new Stage();
      const loads = [];
      HTMLImageElement.prototype.decode = () => new Promise((...settle) => loads.push(settle));
      const show = (alt) => stage.show({ url: '#', alt, ratio: 1 });
      const shown = () => stage.element.querySelector('img')?.alt ?? stage.element.textContent;
      const both = [show('first'), show('second')];
      loads[1][0]();
      loads[0][0]();
      await Promise.all(both);
      const found = [shown()];
      const lost = show('lost');
      stage.sketch(null);
      loads[2][1]();
      await lost;
      found.push(shown());
      const missing = show('missing');
      loads[3][1]();
      await missing;
      return [...found, shown()];
    }"""
    assert anew.evaluate(script) == ["second", "Loading…", "The picture could not be loaded."]


def test_a_description_without_chinese_words_is_marked_as_english(anew: Any) -> None:
    script = """
      await chooseLanguage('zh');
      const [, name] = Object.keys(models[0].input.properties);
      models[0].description = models[0].input.properties[name].description = 'Of tomorrow.';
      const form = await opened();
      await begin(form, `make=${models[0].id}`);
      const about = (selector) => [one(selector).textContent, one(selector).lang];
      const field = about(`#field-${name}-hint span`);
      const found = [about('form > .field .hint span'), field, about('#field-prompt-hint span')];
      choose(models[2].id);
      return [...found, about('form > .field .hint span')];
    """
    assert form(anew, script) == [
        ["Of tomorrow.", "en"],
        ["Of tomorrow.", "en"],
        ["要画的内容。", ""],
        ["Seedream 4.0：由文字生成，最多 6 张。", ""],
    ]


ACCOUNT: Final = (
    ANSWERS
    + """
  const account = (...scopes) => ({
    client: 'studio', scopes, receivers: [{ id: 'r', url: 'r/hook', state: 'off', since: 0 }],
    providers: [{ name: 'kie', state: 'paused', since: 0, reason: 'no_credits', credits: 1 }],
  });
  const text = (element) => element.textContent;
"""
)


def test_what_the_key_may_not_do_is_said(anew: Any) -> None:
    script = """
      const { loadAccount } = await import('./session.js');
      const { actionsOf } = await import('./actions.js');
      const asked = loadAccount();
      answers[0](account('jobs:read', 'jobs:write'));
      await asked;
      const job = { job_id: 'job_1', status: 'failed', images: [], model: 'some/model' };
      const actions = actionsOf({ job, image: null });
      return [[...actions.querySelectorAll('button')].map(text), text(actions.lastChild)];
    """
    assert anew.evaluate(f"async () => {{ {ACCOUNT} {script} }}") == [
        ["Retry"],
        "Your key lacks the scope jobs:delete.",
    ]


KEYS: Final = """
  const { loadAccount } = await import('./session.js');
  const allow = async (...scopes) => {
    const asked = loadAccount();
    answers.at(-1)({ client: 'studio', scopes, receivers: [], providers: [] });
    await asked;
  };
"""


def test_a_key_that_may_look_only_is_offered_nothing_to_make(anew: Any) -> None:
    """Also where that is known only after the page was drawn."""
    script = """
      answers[0]({ jobs: [], cursor: null });
      await soon();
      const offers = () => [...document.querySelectorAll('.make, .empty .button')]
        .filter((each) => each.checkVisibility()).length;
      const { actionsOf } = await import('./actions.js');
      const job = { job_id: 'job_1', status: 'succeeded', images: [{}], model: 'some/model' };
      const words = () => actionsOf({ job, image: job.images[0] }).innerText;
      const drop = () => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(['x'], 'a.png', { type: 'image/png' }));
        dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }));
        return location.hash.includes('make');
      };
      const { noticesElements } = await import('./notices.js');
      document.body.append(...noticesElements());
      const before = offers();
      await allow('jobs:read');
      return [before, offers(), words(), drop(), document.querySelector('.notice').innerText];
    """
    before, after, actions, is_made, notice = anew.evaluate(
        f"async () => {{ {VIEW} {KEYS} {script} }}"
    )
    assert (before, after, is_made) == (2, 0, False)
    assert "Make again" not in actions
    assert "Use as input" not in actions
    assert "lacks the scope jobs:write" in actions
    assert "lacks the scope jobs:write" in notice


def test_a_form_for_a_key_that_may_look_only_says_so(anew: Any) -> None:
    """It promises no price and takes no images; another key of the client may go on with it."""
    script = """
      await begin(await opened(), `make=${edit}`);
      type('prompt', 'a kite');
      one('image-field').urls = ['s3://drops/a.png'];
      const shown = () => ['.price', 'footer .primary', '.pick'].filter((each) =>
        getComputedStyle(one(each)).display !== 'none').length;
      const style = document.createElement('link');
      style.rel = 'stylesheet';
      style.href = './style.css';
      document.head.append(style);
      await new Promise((resolve) => (style.onload = resolve));
      const found = [shown()];
      await allow('jobs:read');
      found.push(shown(), one('footer').innerText);
      one('form').requestSubmit();
      await allow('jobs:read', 'jobs:write');
      return [...found, shown(), answers.filter(({ url }) => url.endsWith('/jobs')).length];
    """
    assert form(anew, KEYS + script) == [
        3,
        0,
        "Your key may look only. Making pictures needs the scope jobs:write.",
        3,
        0,
    ]


def test_the_account_keeps_the_focus_and_its_last_answer(anew: Any) -> None:
    script = """
      const { accountView } = await import('./account.js');
      const view = accountView({ live: new EventTarget(), onProblem: () => {} });
      document.body.replaceChildren(view.element);
      view.update();
      answers[0](account('admin', 'jobs:write'));
      await soon();
      document.querySelector('button').focus();
      view.update();
      view.update();
      answers[2](account('admin'));
      await soon();
      answers[1](account());
      await soon();
      return [text(document.activeElement), text(view.element).includes('may: admin')];
    """
    assert anew.evaluate(f"async () => {{ {ACCOUNT} {script} }}") == ["Try one job now", True]


def test_the_file_that_was_asked_for_last_is_shown(anew: Any) -> None:
    """A failure that comes late changes nothing; closing it leads back to the files."""
    script = """
      const { dropsView } = await import('./drops.js');
      const view = dropsView({ live: new EventTarget(), onProblem: () => {} });
      document.body.replaceChildren(view.element);
      const drop = (file) => ({ file, version: '1', state: 'final', rows: 1, bad_rows: 0, jobs: {},
        credits: null, estimate: null, receipts: [], bad: [] });
      const show = (query) => view.update(new URLSearchParams(query));
      answers[0]({ drops: ['a', 'b'].map(drop), cursor: null });
      await soon();
      show('file=a&version=1');
      show('file=b&version=1');
      answers[2](drop('b'));
      await soon();
      answers[1]({}, 500);
      await soon();
      const shown = text(document.querySelector('.detail h2'));
      document.querySelector('.detail a').focus();
      show('');
      return [shown, document.activeElement.closest('.drop') !== null];
    """
    assert anew.evaluate(f"async () => {{ {ACCOUNT} {script} }}") == ["b", True]


VIEW: Final = (
    ANSWERS
    + """
  const { picturesView } = await import('./pictures.js');
  const view = picturesView({ live: new EventTarget(), onProblem: () => {} });
  const main = document.createElement('main');
  main.append(view.element);
  document.body.replaceChildren(main);
  const update = () => view.update(new URLSearchParams(location.hash.split('?')[1]));
  addEventListener('hashchange', update);
  update();
  const go = async (query) => {
    location.hash = `#/pictures?${query}`;
    await new Promise((resolve) => addEventListener('hashchange', resolve, { once: true }));
  };
  const shown = (selector) => document.querySelectorAll(selector).length;
"""
)


def test_a_picture_that_is_closed_at_once_stays_closed(anew: Any) -> None:
    """It opens in a transition, which begins later than Back may come."""
    script = """
      let begin;
      document.startViewTransition = (change) => {
        begin = change;
        return { ready: Promise.resolve(), finished: Promise.resolve() };
      };
      const opening = async (key) => {
        begin = null;
        await go(`open=${key}`);
        while (!begin) await soon();
        return begin;
      };
      const late = await opening('job_1.1');
      await go('');
      late();
      const closed = shown('dialog[open]');
      (await opening('<img>'))();
      return [closed, shown('dialog[open]'), answers.length, shown('dialog img')];
    """
    assert anew.evaluate(f"async () => {{ {VIEW} {script} }}") == [0, 1, 1, 0]


def test_a_text_that_is_pasted_with_its_picture_stays_text(anew: Any) -> None:
    """Offices put both on the clipboard. A picture alone is an input image, wherever it comes."""
    script = """
      const paste = (target, ...texts) => {
        const clipboardData = new DataTransfer();
        texts.forEach((text) => clipboardData.setData('text/plain', text));
        clipboardData.items.add(new File(['x'], 'a.png', { type: 'image/png' }));
        const how = { clipboardData, bubbles: true, cancelable: true };
        const event = new ClipboardEvent('paste', how);
        target.dispatchEvent(event);
        return event.defaultPrevented;
      };
      const search = document.querySelector('#q');
      return [paste(search, 'some words'), paste(search), location.hash];
    """
    found = anew.evaluate(f"async () => {{ {VIEW} {script} }}")
    assert found == [False, True, "#/pictures?make=edit"]


def test_a_list_that_fails_can_be_asked_for_again(anew: Any) -> None:
    """The focus doesn't go with the button."""
    script = """
      answers[0]({ message: 'Internal Server Error' }, 500);
      await soon();
      const button = document.querySelector('.trouble button');
      button.focus();
      button.click();
      answers.at(-1)({ jobs: [], cursor: null });
      await soon();
      return [shown('.trouble button'), document.activeElement.id];
    """
    assert anew.evaluate(f"async () => {{ {VIEW} {script} }}") == [0, "q"]


def test_a_message_that_is_closed_leaves_the_focus_in_the_page(anew: Any) -> None:
    script = """async () => {
      const { noticesElements, tell } = await import('./notices.js');
      const main = document.createElement('main');
      main.tabIndex = -1;
      document.body.replaceChildren(main, ...noticesElements());
      tell('Some words.');
      const close = document.querySelector('.notice button');
      close.focus();
      close.click();
      return [document.activeElement === main, document.querySelector('.notice')];
    }"""
    assert anew.evaluate(script) == [True, None]


@pytest.mark.parametrize(
    ("where", "stays"),
    [("#q", True), ("details.filters #tag", True), (".panel textarea", False), (".make", False)],
)
def test_escape_closes_what_it_is_about(anew: Any, where: str, *, stays: bool) -> None:
    """A search's is not about the form, nor is a held key's that has closed what lay above."""
    script = """
      await go('make=first');
      const form = document.createElement('textarea');
      document.querySelector('.panel').append(form);
      const press = (target, repeat) => target.dispatchEvent(
        new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, repeat }));
      press(document.body, true);
      const held = location.hash;
      press(document.querySelector(where), false);
      return [held, location.hash.includes('make')];
    """
    found = anew.evaluate(f"async (where) => {{ {VIEW} {script} }}", where)
    assert found == ["#/pictures?make=first", stays]


def test_a_form_that_can_not_be_read_says_why_and_can_be_asked_for_again(anew: Any) -> None:
    script = """
      await go('make=first');
      const asked = () => answers.filter(({ url }) => url.endsWith('/models'));
      while (!asked()[0]) await soon();
      asked()[0]({ message: 'Internal Server Error' }, 500);
      while (!shown('.panel .problem')) await soon();
      document.querySelector('.panel button').click();
      while (!asked()[1]) await soon();
      return document.querySelector('.panel [aria-label=Close]') !== null;
    """
    assert anew.evaluate(f"async () => {{ {VIEW} {script} }}")


def test_what_the_api_says_is_marked_as_english_or_has_words(anew: Any) -> None:
    script = """async () => {
      const { chooseLanguage } = await import('./words.js');
      const { Problem } = await import('./api.js');
      const { sentence, said } = await import('./notices.js');
      await chooseLanguage('zh');
      const of = (kind, detail, more) => {
        const found = sentence(new Problem({ kind, detail, ...more }));
        return found.lang ? [found.lang, found.textContent] : found;
      };
      const errors = [{ field: 'input.seed', message: 'Too large.' }];
      const found = [
        of('key-reused', 'This key was used.'),
        of('invalid-request', '', { errors }),
        of('missing-scope', 'This key lacks the scope `jobs:delete`.'),
        of('too-many', '', { waitMs: 33_100 }),
        of('wrong-state', 'The job is running.'),
        said('余额不足'),
      ];
      await chooseLanguage('en');
      return [...found, said('余额不足').lang, said('Too large.')];
    }"""
    assert anew.evaluate(script) == [
        ["en", "This key was used."],
        ["en", "input.seed: Too large."],
        "您的密钥没有 jobs:delete 权限。",
        "请求过多，请在 34 秒后再试。",
        "任务状态已变化，无法再执行此操作。",
        "余额不足",
        "zh-Hans",
        "Too large.",
    ]
