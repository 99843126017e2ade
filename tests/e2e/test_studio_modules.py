"""The studio's modules without a page: what they compute, in the browser that runs them."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from ringback.catalogue.schemas import describe_all

from local.paths import ROOT

PAGE: Final = ROOT / "functions/serve_studio/page"
# Some of what the page uses is there for pages of `https:` only.
ORIGIN: Final = "https://studio.test/"
EMPTY: Final = """<meta name="ringback-settings"
 content='{"api": "http://api.test/", "live": "ws://api.test/"}'>"""
GOOD_URLS: Final = ("https://example.com/a.png", "s3://bucket/a b.png")
BAD_URLS: Final = ("http://example.com/a.png", "ftp://example.com/a", "a.png")
# Each prompt has characters that JavaScript counts twice.
CHECKS: Final = """async ([model, good, bad]) => {
  const { fieldsOf, check } = await import('./schema.js');
  const key = (field, value) => check(field, value)?.key ?? null;
  const text = (length) => '\U0001f98a'.repeat(length);
  return fieldsOf(model.input).map((field) => [field.name, field.kind, {
    text: ({ minLength: from, maxLength: to }) => [text(from), text(to), '', text(to + 1)],
    number: ({ minimum: from, maximum: to }) => [from, to, from - 1, '1e3'].map(String),
    images: ({ maxItems: to }) =>
      [good.slice(0, to), Array(to).fill(good[0]), ...bad.map((url) => [url])],
    choice: (field) => field.enum.map(String),
    flag: () => ['true', 'false'],
  }[field.kind](field).map((value) => key(field, value))]);
}"""


@pytest.fixture(scope="module")
def modules(browser: Any) -> Iterator[Any]:
    """Return a page from which the modules can be imported one by one, in China's time."""
    context = browser.new_context(timezone_id="Asia/Shanghai")
    page = context.new_page()
    page.route(
        f"{ORIGIN}*.js",
        lambda route: route.fulfill(path=PAGE / route.request.url.removeprefix(ORIGIN)),
    )
    page.route(ORIGIN, lambda route: route.fulfill(body=EMPTY, content_type="text/html"))
    page.goto(ORIGIN)
    yield page
    context.close()


# What the API answers, and when, is the test's: `answers` has a function for each request.
ANSWERS: Final = """
  const answers = [];
  globalThis.fetch = (url, { signal }) => new Promise((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason));
    const send = (body, status = 200) => resolve(new Response(JSON.stringify(body), { status }));
    answers.push(Object.assign(send, { url }));
  });
  const soon = () => new Promise((resolve) => setTimeout(resolve, 10));
"""


@pytest.fixture
def anew(modules: Any) -> Any:
    """Return the page with modules that no other test has used."""
    modules.goto(ORIGIN)
    return modules


@pytest.mark.parametrize("model", describe_all(), ids=lambda model: model["id"])
def test_the_form_knows_the_limits_of_every_model(modules: Any, model: dict[str, Any]) -> None:
    required = model["input"]["required"]
    found = modules.evaluate(CHECKS, [model, GOOD_URLS, BAD_URLS])
    assert [name for name, _, _ in found] == list(model["input"]["properties"])
    for name, kind, answers in found:
        empty = "check.required" if name in required else None
        assert answers == {
            "text": [None, None, empty, "check.long"],
            # Of 64 bits, JavaScript can't tell the last numbers apart; the API can.
            "number": [None, None, None if name == "seed" else "check.small", "check.number"],
            "images": [None, None, *["check.url"] * len(BAD_URLS)],
            "choice": [None] * len(answers),
            "flag": [None, None],
        }.get(kind), name


def test_seeds_keep_all_of_their_digits(modules: Any) -> None:
    script = """async () => {
      const { valueOf } = await import('./schema.js');
      const { writeJson } = await import('./api.js');
      const seed = { kind: 'number', type: 'integer' };
      return writeJson({ seed: valueOf(seed, '9223372036854775807'), other: valueOf(seed, '7') });
    }"""
    assert modules.evaluate(script) == '{"seed":9223372036854775807,"other":7}'


JOB: Final = {
    "status": "succeeded",
    "model": "some/model",
    "tags": ["spring", "order 66", "caf\u00e9"],
    "source": "requests/kites.csv",
    "input": {"prompt": "A red kite over the sea"},
    # Half past one in Shanghai, on the 28th.
    "created_at": "2026-11-27T17:30:00+00:00",
}


@pytest.mark.parametrize(
    ("filters", "is_shown"),
    [
        ({}, True),
        ({"q": "SEA red"}, True),
        ({"q": "red sky"}, False),
        ({"status": "failed,succeeded"}, True),
        ({"status": "failed"}, False),
        ({"tag": "order 66,spring"}, True),
        ({"tag": "spring,summer"}, False),
        ({"source": "s3://drops/requests/kites.csv"}, True),
        ({"source": "requests/doors.csv"}, False),
        ({"from": "2026-11-28", "to": "2026-11-28"}, True),
        ({"to": "2026-11-27"}, False),
        ({"from": "2026-11-29"}, False),
        ({"model": "another/model"}, False),
        # Full-width letters, and an accent that is a character of its own.
        ({"q": "\uff32\uff25\uff24"}, True),
        ({"tag": "cafe\u0301"}, True),
    ],
)
def test_a_live_job_is_shown_if_the_list_would_have_it(
    modules: Any, filters: dict[str, str], *, is_shown: bool
) -> None:
    script = "async (given) => (await import('./filters.js')).matches(...given)"
    assert modules.evaluate(script, [JOB, filters]) == is_shown


def test_days_are_asked_for_as_they_are_here(modules: Any) -> None:
    script = "async (filters) => (await import('./filters.js')).queryOf(filters)"
    assert modules.evaluate(script, {"from": "2026-11-27", "to": "2026-11-27", "q": "x"}) == {
        "from": "2026-11-26T16:00:00.000Z",
        "to": "2026-11-27T16:00:00.000Z",
        "q": "x",
    }


def test_rows_fill_the_width_however_the_pictures_come(modules: Any) -> None:
    """Page by page or all at once, they lie alike; only the last row may be short."""
    script = """async () => {
      const { Rows } = await import('./rows.js');
      const ratio = (index) => 0.3 + (index * 7 % 11) / 3;
      const items = Array.from({ length: 400 }, (_, index) => ({ ratio: ratio(index) }));
      const table = { width: 1000, gap: 10, height: 200 };
      const [at_once, by_page] = [new Rows(), new Rows()];
      at_once.arrange(items, 0, table);
      let begin = 0;
      for (const end of [41, 140, 239, 400]) {
        by_page.arrange(items.slice(0, end), begin, table);
        begin = end;
      }
      const rows = (table) => table.between(0, 1e6).map((row) => {
        const { x, width } = table.placesOf(row).at(-1);
        return { ...row, right: Math.round(x + width) };
      });
      return [rows(at_once), rows(by_page)];
    }"""
    at_once, by_page = modules.evaluate(script)
    assert at_once == by_page
    assert {row["right"] for row in at_once[:-1]} == {1000}
    assert at_once[-1]["last"] == 400
    assert all(row["height"] <= 200 for row in at_once)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (
            "https://pictures.s3.eu-west-1.amazonaws.com/images/job_1/1.png?X-Amz-Expires=3600",
            {
                "s3": "s3://pictures/images/job_1/1.png",
                "console": "https://console.aws.amazon.com/s3/object/pictures"
                "?region=eu-west-1&prefix=images%2Fjob_1%2F1.png",
            },
        ),
        (
            "http://127.0.0.1:4566/pictures/images/job_1/1.png",
            {"s3": "s3://pictures/images/job_1/1.png", "console": None},
        ),
    ],
)
def test_a_link_says_where_the_picture_is(modules: Any, url: str, place: dict[str, Any]) -> None:
    script = "async (url) => (await import('./links.js')).placeOf(url, 'images/job_1/1.png')"
    assert modules.evaluate(script, url) == place


STORE: Final = (
    ANSWERS
    + """
  const { JobStore } = await import('./jobs.js');
  const store = new JobStore();
  const job = (status, changes, id = 'job_a') => ({
    job_id: id, status, changes, model: 'some/model', input: { prompt: id }, images: [],
    created_at: '2026-11-27T17:30:00+00:00',
  });
  const drawn = () => new Promise(requestAnimationFrame);
  const shown = async () => {
    await drawn();
    await soon();
    return store.items.map(({ key, job: { status } }) => `${key} ${status}`);
  };
"""
)


@pytest.mark.parametrize(
    ("steps", "shown"),
    [
        # The list was read before the event, and comes after it.
        (
            """store.load({}); store.take(job('failed', 3));
            answers[0]({ jobs: [job('running', 2)], cursor: null });""",
            ["job_a.0 failed"],
        ),
        # Events come in any order, also of what the filters leave out.
        (
            """store.load({ status: 'running' }); answers[0]({ jobs: [], cursor: null });
            await soon(); store.take(job('failed', 3)); store.take(job('running', 2));""",
            [],
        ),
        (
            """store.load({ status: 'running' });
            answers[0]({ jobs: [job('running', 2)], cursor: null });
            await soon(); store.take(job('failed', 3)); store.take(job('running', 2));""",
            [],
        ),
        # Filters that were left have no say any more.
        (
            """store.load({ q: 'a' }); store.load({ q: 'ab' });
            answers[1]({ jobs: [job('running', 1, 'job_ab')], cursor: null });
            await soon(); answers[0]({ jobs: [job('running', 1)], cursor: null });""",
            ["job_ab.0 running"],
        ),
        (
            """store.load({}); store.remove('job_a');
            answers[0]({ jobs: [job('running', 2)], cursor: null });""",
            [],
        ),
    ],
)
def test_the_newest_word_about_a_job_is_shown(anew: Any, steps: str, shown: list[str]) -> None:
    assert (
        anew.evaluate(f"async () => {{ {STORE} {steps} await soon(); return shown(); }}") == shown
    )


def test_a_failed_list_says_why_until_it_is_there(anew: Any) -> None:
    script = """
      store.load({});
      answers[0]({ message: 'Internal Server Error' }, 500);
      await soon();
      const before = store.problem?.status;
      store.resume();
      store.more();
      answers[1]({ jobs: [], cursor: null });
      await soon();
      return [before, store.problem ?? null];
    """
    assert anew.evaluate(f"async () => {{ {STORE} {script} }}") == [500, None]


def test_a_job_s_first_picture_is_in_the_place_of_the_job(anew: Any) -> None:
    """Whoever has it open or in focus keeps it when it is done."""
    script = """
      const image = (key) => ({ key, width: 3, height: 2 });
      const done = { ...job('succeeded', 5), images: ['1', '2'].map(image) };
      store.load({});
      answers[0]({ jobs: [job('running', 1, 'job_b'), done], cursor: null });
      await soon();
      return ['job_a.0', 'job_a.2', 'job_a.3', 'job_b.0', 'job_c.0', null].map((key) =>
        store.indexOf(key));
    """
    assert anew.evaluate(f"async () => {{ {STORE} {script} }}") == [1, 2, -1, 0, -1, -1]


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


def test_an_answer_that_breaks_off_is_no_answer(anew: Any) -> None:
    script = """async () => {
      const { call } = await import('./api.js');
      const wrong = (error) => async () => ({
        ok: true, headers: new Headers(), text: () => Promise.reject(error),
      });
      globalThis.WebSocket = class {
        constructor() { setTimeout(() => this.onclose()); }
        close() {}
      };
      globalThis.fetch = wrong(new TypeError('network error'));
      const broken = await call('/jobs').catch(({ kind }) => kind);
      globalThis.fetch = wrong(new DOMException('stopped', 'AbortError'));
      return [broken, await call('/jobs').catch(({ name }) => name)];
    }"""
    assert anew.evaluate(script) == ["no-answer", "AbortError"]


def test_the_account_is_the_one_that_was_asked_for_last(anew: Any) -> None:
    """What was typed is forgotten only for another client, or by who signs out."""
    script = """
      const { knownAccount, loadAccount, signOut } = await import('./session.js');
      let forgotten = 0;
      addEventListener('forget', () => (forgotten += 1));
      const load = async (index, client) => {
        const asked = loadAccount();
        return async () => { answers[index]({ client, scopes: [] }); await asked; };
      };
      const [first, second] = [await load(0, 'first'), await load(1, 'second')];
      await second();
      await first();
      const found = [knownAccount().client, forgotten];
      signOut({ isWanted: false });
      found.push(forgotten);
      await (await load(2, 'second'))();
      found.push(forgotten);
      await (await load(3, 'third'))();
      found.push(forgotten);
      signOut({ isWanted: true });
      return [...found, forgotten];
    """
    assert anew.evaluate(f"async () => {{ {ANSWERS} {script} }}") == ["second", 0, 0, 0, 1, 2]


def test_a_description_without_chinese_words_is_marked_as_english(anew: Any) -> None:
    script = """
      await chooseLanguage('zh');
      models[0].description = 'A model of tomorrow.';
      const form = await opened();
      await begin(form, `make=${models[0].id}`);
      const about = (selector) => [one(selector).textContent, one(selector).lang];
      return [about('form > .field .hint span'), about('#field-prompt-hint span')];
    """
    assert form(anew, script) == [["A model of tomorrow.", "en"], ["要画的内容。", ""]]


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
      return [text(document.activeElement), text(view.element).includes('scope jobs:write')];
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


def test_links_of_thousands_of_jobs_are_read_few_at_a_time(anew: Any) -> None:
    """Those that their page doesn't have."""
    script = """async () => {
      const { Renewals } = await import('./renewals.js');
      const found = { asked: 0, most: 0, pages: 0 };
      let running = 0;
      const answer = async (given) => {
        found.most = Math.max(found.most, (running += 1));
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
        return given;
      };
      const rounds = [];
      const renewals = new Renewals({
        readPage: (page) => answer([]).finally(() => (found.pages += 1)),
        readJob: (id) => { found.asked += 1; return answer({ job_id: id }); },
        put: () => {}, failed: () => {}, done: () => rounds.push(1),
      });
      for (let id = 0; id < 3000; id += 1) {
        renewals.want({ id, page: 0 });
        if (id % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
      }
      while (rounds.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      return found;
    }"""
    found = anew.evaluate(script)
    assert found["most"] <= 6
    assert found["asked"] == 6 * found["pages"]


@pytest.mark.parametrize(("header", "hours"), [("Fri, 27 Nov 2026 17:30:00 GMT", 0), (None, 1)])
def test_a_job_is_as_old_as_by_the_api_s_clock(anew: Any, header: str | None, hours: int) -> None:
    """The computer's is an hour ahead."""
    script = """async (date) => {
      const { call } = await import('./api.js');
      const { isLate } = await import('./records.js');
      const { now } = await import('./clock.js');
      const made = Date.parse('2026-11-27T17:30:00+00:00');
      Date.now = () => made + 3600_000;
      globalThis.fetch = async () => new Response('{}', date ? { headers: { date } } : {});
      await call('/jobs');
      return [isLate({ made }), (now() - made) / 3600_000];
    }"""
    assert anew.evaluate(script, header) == [hours > 0, hours]
