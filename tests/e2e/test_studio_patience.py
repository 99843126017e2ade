"""What the studio does when the API refuses for a moment, fails, or doesn't answer."""

from typing import Any, Final

import pytest

from tests.e2e.studio_modules import ANSWERS, WAITS
from tests.e2e.test_studio_store import STORE
from tests.e2e.test_studio_views import form

BUSY: Final = "({ type: 'x#quota-exceeded' }, 429, { 'retry-after': '34' })"
FAILED: Final = "({ message: 'Internal Server Error' }, 500)"
# The live line does not answer either.
UNREACHABLE: Final = """
  globalThis.WebSocket = class {
    constructor() { setTimeout(() => this.onclose()); sockets.push(this); }
    close() {}
  };
  const sockets = [];
"""
ORDER: Final = (
    WAITS
    + UNREACHABLE
    + """
  const posts = () =>
    answers.filter(({ url, sent: { method } }) => url.endsWith('/jobs') && method === 'POST');
  const post = async (index) => {
    while (!posts()[index]) await soon();
    return posts()[index];
  };
  const keyOf = ({ sent }) => sent.headers['idempotency-key'];
  const keys = () => new Set(posts().map(keyOf)).size;
  const problem = () => one('footer > .problem').textContent;
  const isArmed = () => one('footer .primary').ariaDisabled !== 'true';
  const made = () => ({ ...job('job_1', 'a kite'), status: 'accepted', changes: 1 });
  const press = () => one('footer .primary').click();
  const order = await opened();
  await begin(order, 'make=bytedance/seedream-v4-text-to-image');
  type('prompt', 'a kite');
  press();
"""
)


def buy(page: Any, script: str) -> Any:
    return form(page, ORDER + script)


def test_an_order_that_is_refused_for_a_moment_is_sent_again_by_itself(anew: Any) -> None:
    """With its key, no sooner than the API says, and with the button out of use until then."""
    script = f"""
      (await post(0)){BUSY};
      await soon();
      const before = [problem(), isArmed()];
      (await post(1))(made(), 202);
      await soon();
      return [...before, keys(), problem(), waits.some((ms) => ms >= 34000 && ms < 35100)];
    """
    said, *others = buy(anew, script)
    assert "goes on by itself in 3" in said
    assert others == [False, 1, "", True]


def test_an_order_that_waits_is_not_sent_once_it_is_another_one(anew: Any) -> None:
    script = f"""
      globalThis.setTimeout = (run, ms) => real(run, ms);
      (await post(0)){BUSY};
      await soon();
      type('prompt', 'a red kite');
      await new Promise((resolve) => real(resolve, 1500));
      const before = [posts().length, problem(), isArmed()];
      press();
      await post(1);
      return [...before, keys()];
    """
    assert buy(anew, script) == [1, "", True, 2]


@pytest.mark.parametrize("failure", [FAILED, ".fail()"])
def test_an_order_without_an_answer_keeps_its_key(anew: Any, failure: str) -> None:
    """Until the person changes it, or its job is there."""
    script = f"""
      (await post(0)){failure};
      while (!isArmed()) await soon();
      const [unsure] = [problem()];
      press();
      (await post(1))(made(), 202);
      while (!isArmed()) await soon();
      const same = keys();
      press();
      await post(2);
      return [unsure, same, keys()];
    """
    unsure, *keys = buy(anew, script)
    assert "bought once only" in unsure
    assert keys == [1, 2]


def test_an_order_keeps_its_key_when_the_page_is_loaded_again(anew: Any) -> None:
    """Until its job is there, or whoever signs in next must not know what was ordered."""
    unsure = buy(
        anew, "(await post(0)).fail(); while (!isArmed()) await soon(); return keyOf(posts()[0]);"
    )
    anew.reload()
    done = "const sent = await post(0); sent(made(), 202); while (!isArmed()) await soon();"
    assert buy(anew, f"{done} return keyOf(sent);") == unsure
    anew.reload()
    leave = "dispatchEvent(new Event('forget')); return [key, sessionStorage['ringback.orders']];"
    another, left = buy(anew, f"const key = keyOf(await post(0)); {leave}")
    assert another != unsure
    assert left is None


def test_an_order_that_waits_is_not_sent_with_another_key(anew: Any) -> None:
    script = f"""
      const {{ useKey }} = await import('./api.js');
      (await post(0)){BUSY};
      useKey('another');
      while (!isArmed()) await soon();
      return posts().length;
    """
    assert buy(anew, script) == 1


def test_an_answer_to_a_former_order_leaves_the_key_of_the_next(anew: Any) -> None:
    script = """
      const { sendOrder } = await import('./orders.js');
      const first = sendOrder('/jobs', { model: 'a' });
      const second = sendOrder('/jobs', { model: 'b' }).catch(() => {});
      await post(2);
      posts()[1](made(), 202);
      await first;
      posts()[2]({ message: 'Internal Server Error' }, 500);
      await second;
      sendOrder('/jobs', { model: 'b' });
      await post(3);
      return keyOf(posts()[2]) === keyOf(posts()[3]);
    """
    assert buy(anew, script)


def test_an_order_whose_job_was_deleted_is_over(anew: Any) -> None:
    script = """
      (await post(0)).fail();
      while (!isArmed()) await soon();
      press();
      (await post(1))({ type: 'x#job-deleted' }, 410);
      while (!isArmed()) await soon();
      const why = problem();
      press();
      await post(2);
      return [why, keys()];
    """
    assert buy(anew, script) == ["This job was deleted.", 2]


def test_typing_does_not_arm_the_button_while_an_order_is_sent(anew: Any) -> None:
    script = """
      await post(0);
      type('prompt', 'a kite.');
      return isArmed();
    """
    assert buy(anew, script) is False


def test_another_order_in_between_leaves_the_key_of_the_first(anew: Any) -> None:
    script = """
      (await post(0)).fail();
      while (!isArmed()) await soon();
      for (const [index, prompt] of [[1, 'a red kite'], [2, 'a kite'], [3, 'a kite']]) {
        type('prompt', prompt);
        press();
        (await post(index))(made(), 202);
        while (!isArmed()) await soon();
      }
      return posts().map((each) => keyOf(each) === keyOf(posts()[0]));
    """
    assert buy(anew, script) == [True, False, True, False]


def test_what_was_changed_while_it_was_sent_is_another_order(anew: Any) -> None:
    script = """
      await post(0);
      type('prompt', 'a kite.');
      posts()[0].fail();
      while (!isArmed()) await soon();
      return problem();
    """
    assert "what stands here now is another order" in buy(anew, script)


def test_an_order_says_how_it_ends_in_another_language(anew: Any) -> None:
    script = """
      await post(0);
      await chooseLanguage('zh');
      await opened();
      posts()[0].fail();
      while (!problem()) await soon();
      return problem();
    """
    assert "\u53ea\u4f1a\u4ed8\u8d39\u4e00\u6b21" in buy(anew, script)


@pytest.mark.parametrize("rest", ["", "type('prompt', 'a red kite');"])
def test_what_was_typed_is_not_sent_with_the_next_client_s_key(anew: Any, rest: str) -> None:
    script = f"""
      const {{ useKey }} = await import('./api.js');
      await post(0);
      {rest}
      useKey(null);
      dispatchEvent(new Event('forget'));
      useKey('another');
      await new Promise((resolve) => real(resolve, 700));
      return answers.filter(({{ sent }}) => sent.headers.authorization === 'Bearer another').length;
    """
    assert buy(anew, script) == 0


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (BUSY, "Too many requests at once. This goes on by itself"),
        ("({ type: 'x#request-in-flight' }, 409)", "That did not work. It is tried again"),
    ],
)
def test_an_order_that_waits_says_what_for(anew: Any, refusal: str, said: str) -> None:
    script = f"""
      globalThis.setTimeout = (run, ms) => real(run, ms);
      (await post(0)){refusal};
      while (!problem()) await soon();
      return problem();
    """
    assert buy(anew, script).startswith(said)


def test_events_while_the_account_is_refused_are_no_storm(anew: Any) -> None:
    """Of twenty, only the last one's request is repeated, also after a failure."""
    script = f"""
      const {{ accountView }} = await import('./account.js');
      const live = new EventTarget();
      const view = accountView({{ live, onProblem: () => {{}} }});
      const detail = {{ type: 'ringback.account.paused' }};
      for (let event = 0; event < 20; event += 1)
        live.dispatchEvent(new CustomEvent('event', {{ detail }}));
      for (let turn = 0; turn < 30; turn += 1) {{
        answers.forEach((answer) => answer{FAILED});
        await soon();
      }}
      return answers.length;
    """
    assert anew.evaluate(f"async () => {{ {WAITS} {UNREACHABLE} {ANSWERS} {script} }}") == 25


def test_more_bad_rows_come_once(anew: Any) -> None:
    script = """
      const { dropsView } = await import('./drops.js');
      const view = dropsView({ live: new EventTarget(), onProblem: () => {} });
      document.body.replaceChildren(view.element);
      answers[0]({ drops: [], cursor: null });
      view.update(new URLSearchParams('file=a.csv'));
      answers[1]({
        file: 'a.csv', rows: 1, bad_rows: 2, jobs: {}, state: 'final', credits: null,
        bad: [{ row: 1, errors: [] }], receipts: [], cursor: 'next',
      });
      while (!view.element.querySelector('table')) await soon();
      const more = view.element.querySelector('article section button');
      more.click();
      more.click();
      return answers.length;
    """
    assert anew.evaluate(f"async () => {{ {ANSWERS} {script} }}") == 3


@pytest.mark.parametrize("failure", [BUSY, FAILED, ".fail()"])
def test_the_price_is_asked_for_again(anew: Any, failure: str) -> None:
    script = f"""
      const prices = () => answers.filter(({{ url }}) => url.includes('dry_run'));
      while (!prices()[0]) await soon();
      prices()[0]{failure};
      while (!prices()[1]) await soon();
      const before = one('.price').textContent;
      prices()[1]({{ estimate: null, provider: 'kie' }});
      await soon();
      return [before !== '', one('.price').textContent];
    """
    assert buy(anew, script) == [True, "This provider states no prices."]


@pytest.mark.parametrize("failure", [BUSY, FAILED, ".fail()"])
def test_a_list_that_fails_comes_by_itself_and_is_told_of_once(anew: Any, failure: str) -> None:
    """Each time later; a refusal is not asked about again."""
    script = f"""
      const told = [];
      store.addEventListener('problem', ({{ detail }}) => told.push(detail.kind));
      store.addEventListener('change', () => store.more());
      store.load({{}});
      for (const index of [0, 1, 2]) {{
        while (!answers[index]) await soon();
        answers[index]{failure};
      }}
      while (!answers[3]) await soon();
      answers[3]({{ jobs: [], cursor: null }});
      await soon();
      return [told.length, waits.filter((ms) => ms < 40_000), store.isComplete, answers.length];
    """
    told, waits, *others = anew.evaluate(
        f"async () => {{ {WAITS} {UNREACHABLE} {STORE} {script} }}"
    )
    waits = [each for each in waits if each != 5000]
    assert told == 1
    assert waits == sorted(waits) or min(waits) >= 34_000
    assert len(waits) == 3
    assert others == [True, 4]


def test_a_refusal_is_not_asked_about_again(anew: Any) -> None:
    script = """
      store.addEventListener('change', () => store.more());
      store.load({});
      answers[0]({ type: 'x#missing-scope' }, 403);
      await soon();
      return [waits.filter((ms) => ms < 40_000), answers.length];
    """
    assert anew.evaluate(f"async () => {{ {WAITS} {STORE} {script} }}") == [[], 1]


def test_a_line_that_is_back_does_not_shorten_what_the_api_asked_for(anew: Any) -> None:
    """A person may."""
    script = f"""
      store.load({{}});
      answers[0]{BUSY};
      await soon();
      store.resume();
      store.more();
      const before = answers.length;
      store.resume({{ isWanted: true }});
      store.more();
      return [before, answers.length];
    """
    assert anew.evaluate(f"async () => {{ {STORE} {script} }}") == [1, 2]


@pytest.mark.parametrize(
    ("status", "after"), [(200, "-"), (429, "3000000"), (429, "Infinity"), (429, "-5")]
)
def test_a_strange_answer_is_no_storm(anew: Any, status: int, after: str) -> None:
    """Such as a page of a proxy in place of JSON, or a wait that no timer can have."""
    script = f"""
      store.addEventListener('change', () => store.more());
      let asked = 0;
      globalThis.fetch = async () => {{
        asked += 1;
        if (asked > 9) await new Promise(() => {{}});
        const headers = {{ 'retry-after': '{after}' }};
        return new Response('<html>', {{ status: {status}, headers }});
      }};
      store.load({{}});
      while (!store.problem) await soon();
      for (let turn = 0; turn < 30; turn += 1) await soon();
      return [asked, store.problem.waitMs >= 0];
    """
    assert anew.evaluate(f"async () => {{ {UNREACHABLE} {STORE} {script} }}") == [1, True]


def test_of_failures_that_come_together_the_longest_wait_counts(anew: Any) -> None:
    """Also if the timer of the pause before is late, as in a hidden page."""
    script = """
      const { Pauses } = await import('./pauses.js');
      const { Problem } = await import('./api.js');
      const timers = new Map();
      let [now, ended] = [0, 0];
      performance.now = () => now;
      globalThis.setTimeout = (run) => timers.set(timers.size + 1, run).size;
      globalThis.clearTimeout = (id) => timers.set(id, () => {});
      const pauses = new Pauses(() => (ended += 1));
      const failed = new Problem({ kind: 'failed', status: 500 });
      const busy = new Problem({ kind: 'too-many', status: 429, waitMs: 34_000 });
      pauses.begin(failed);
      pauses.begin(busy);
      pauses.begin(failed);
      now = 33_000;
      const isOn = [pauses.isOn];
      now = 36_000;
      pauses.begin(busy);
      [...timers.values()].slice(0, -1).forEach((run) => run());
      return [...isOn, pauses.isOn, ended];
    """
    assert anew.evaluate(f"async () => {{ {script} }}") == [True, True, 0]


def test_a_table_that_was_left_asks_for_nothing_more(anew: Any) -> None:
    script = f"""
      store.load({{}});
      answers[0]({{ jobs: [], cursor: null }});
      await soon();
      store.refresh();
      await soon();
      store.close();
      answers[1]{FAILED};
      await soon();
      await soon();
      return answers.length;
    """
    assert anew.evaluate(f"async () => {{ {WAITS} {STORE} {script} }}") == 2


def test_links_that_do_not_work_wait_for_the_end_of_a_pause(anew: Any) -> None:
    script = f"""
      store.load({{}});
      answers[0]{BUSY};
      await soon();
      store.renew({{ job: {{ id: 'job_a', page: 0 }}, image: {{ key: 'a' }} }});
      for (let turn = 0; turn < 20; turn += 1) await soon();
      return answers.length;
    """
    assert anew.evaluate(f"async () => {{ {STORE} {script} }}") == 1


def test_what_was_missed_is_read_once_the_api_answers(anew: Any) -> None:
    script = f"""
      store.load({{}});
      answers[0]({{ jobs: [job('running', 1)], cursor: null }});
      await soon();
      store.refresh();
      await soon();
      answers[1]{FAILED};
      while (!answers[2]) await soon();
      answers[2]({{ jobs: [job('failed', 2)], cursor: null }});
      await soon();
      return shown();
    """
    assert anew.evaluate(f"async () => {{ {WAITS} {STORE} {script} }}") == ["job_a.0 failed"]


def test_requests_that_fail_together_ask_about_the_key_once(anew: Any) -> None:
    script = """
      const { call } = await import('./api.js');
      const calls = ['/a', '/b', '/c'].map((path) => call(path).catch(({ kind }) => kind));
      answers.forEach((answer) => answer.fail());
      return [await Promise.all(calls), sockets.length];
    """
    found = anew.evaluate(f"async () => {{ {ANSWERS} {UNREACHABLE} {script} }}")
    assert found == [["no-answer"] * 3, 1]


def test_a_request_without_an_answer_ends(anew: Any) -> None:
    script = """
      AbortSignal.timeout = () => AbortSignal.abort(new DOMException('late', 'TimeoutError'));
      globalThis.fetch = async (url, { signal }) => signal.throwIfAborted();
      const { call } = await import('./api.js');
      return call('/jobs').catch(({ kind }) => kind);
    """
    assert anew.evaluate(f"async () => {{ {UNREACHABLE} {script} }}") == "no-answer"
