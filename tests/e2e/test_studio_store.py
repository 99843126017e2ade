"""What the studio knows: answers and events in any order, of which the newest counts."""

from typing import Any, Final

import pytest

from tests.e2e.studio_modules import ANSWERS

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
      const { useKey } = await import('./api.js');
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
      useKey('another');
      found.push(forgotten);
      await (await load(2, 'second'))();
      found.push(forgotten);
      await (await load(3, 'third'))();
      found.push(forgotten);
      signOut({ isWanted: true });
      return [...found, forgotten];
    """
    assert anew.evaluate(f"async () => {{ {ANSWERS} {script} }}") == ["second", 0, 0, 0, 1, 2]


def test_what_an_unknown_client_typed_is_forgotten(anew: Any) -> None:
    script = """
      const { signOut } = await import('./session.js');
      let forgotten = 0;
      addEventListener('forget', () => (forgotten += 1));
      signOut({ isWanted: false });
      return forgotten;
    """
    assert anew.evaluate(f"async () => {{ {script} }}") == 1


def test_a_key_is_kept_although_the_account_was_asked_for_again(anew: Any) -> None:
    script = """
      const { loadAccount, signIn } = await import('./session.js');
      const signedIn = signIn('kept', { forLong: false });
      loadAccount();
      answers[0]({ client: 'a', scopes: ['jobs:read'] });
      await signedIn;
      return sessionStorage.getItem('ringback.key');
    """
    assert anew.evaluate(f"async () => {{ {ANSWERS} {script} }}") == "kept"


def test_a_picture_stays_open_when_another_one_is_deleted(anew: Any) -> None:
    script = """
      const { PictureDialog } = await import('./picture.js');
      const { actionsOf } = await import('./actions.js');
      HTMLImageElement.prototype.decode = () => Promise.reject();
      const full = (id) => ({ ...job('failed', 3, id), missing_images: [] });
      const dialog = new PictureDialog({ store, table: { focusItem() {}, goTo() {} } });
      location.hash = '#/pictures?open=job_a.1';
      dialog.show('job_a.1');
      answers[0](full('job_a'));
      await soon();
      await soon();
      document.querySelector('.action-delete').click();
      document.querySelector('dialog.ask .danger').click();
      while (!answers[1]) await soon();
      location.hash = '#/pictures?open=job_b.1';
      dialog.show('job_b.1');
      answers[1](job('deleting', 4));
      await soon();
      await soon();
      return location.hash;
    """
    assert anew.evaluate(f"async () => {{ {STORE} {script} }}") == "#/pictures?open=job_b.1"


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


@pytest.mark.parametrize(
    ("change", "is_out"),
    [
        ({"key": "ringback.key", "oldValue": "mine", "newValue": None}, True),
        ({"key": "ringback.key", "oldValue": "another", "newValue": None}, False),
        ({"key": "ringback.key", "oldValue": "mine", "newValue": "another"}, False),
        ({"key": "ringback.language", "oldValue": "mine", "newValue": None}, False),
    ],
)
def test_who_signs_out_in_one_tab_is_out_in_all(
    anew: Any, change: dict[str, str | None], *, is_out: bool
) -> None:
    script = """async (change) => {
      const { isSignedOut, useKey } = await import('./api.js');
      useKey('mine');
      return isSignedOut(change);
    }"""
    assert anew.evaluate(script, change) == is_out


@pytest.mark.parametrize(("leave", "begun"), [("", 1), ("table.remove();", 0)])
def test_a_table_that_was_left_begins_nothing_more(anew: Any, leave: str, begun: int) -> None:
    """Its first picture may have come just before."""
    script = f"""async () => {{ {STORE}
      await import('./gallery.js');
      const table = document.createElement('light-table');
      table.store = store;
      document.body.append(table);
      let begun = 0;
      table.addEventListener('begun', () => (begun += 1));
      table.dispatchEvent(new Event('load'));
      {leave}
      await drawn();
      await soon();
      await soon();
      return begun;
    }}"""
    assert anew.evaluate(script) == begun
