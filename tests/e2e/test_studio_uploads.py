"""The studio's uploads without a stack: what breaks is said, and can be tried again."""

from typing import Any, Final

import pytest

from tests.e2e.studio_modules import ANSWERS, WAITS

FIELD: Final = (
    ANSWERS
    + """
  const { ImageField } = await import('./images.js');
  const field = new ImageField({ maxItems: 6 });
  document.body.replaceChildren(field);
  const file = (name) => new File([name], name, { type: 'image/png' });
  const form = (number) =>
    ({ image: `s3://drops/${number}`, url: 'http://bucket.test/', fields: { a: 1 } });
  const asked = (path) => answers.filter(({ url }) => url.includes(path));
  const next = async (path, index) => {
    while (!asked(path)[index]) await soon();
    return asked(path)[index];
  };
  const settled = async () => { while (field.isBusy) await soon(); };
  const items = () => [...field.querySelectorAll('li')].map(({ innerText }) =>
    innerText.trim().split(/\\s*\\n\\s*/));
  const again = () =>
    [...field.querySelectorAll('li button')].find(({ textContent }) => textContent === 'Try again');
"""
)


def field(page: Any, script: str) -> Any:
    return page.evaluate(f"async () => {{ {FIELD} {script} }}")


def test_an_upload_that_breaks_off_stays_until_it_is_tried_again(anew: Any) -> None:
    """Beside others that arrive, and with a form of its own."""
    script = """
      field.addFiles([file('a.png'), file('b.png')]);
      (await next('/uploads', 0))(form(0));
      (await next('/uploads', 1))(form(1));
      (await next('bucket', 0)).fail();
      (await next('bucket', 1))({});
      await settled();
      const before = [items(), field.urls.length, field.isFaulty];
      again().click();
      (await next('/uploads', 2))(form(2));
      (await next('bucket', 2))({});
      await settled();
      return [...before, items(), field.urls.length, field.isFaulty];
    """
    broken, urls, is_faulty, *after = field(anew, script)
    assert sorted(map(len, broken)) == [1, 3]
    (fault,) = (each for each in broken if len(each) == 3)
    assert fault[1:] == ["The connection broke during the upload.", "Try again"]
    assert (urls, is_faulty) == (1, True)
    assert after == [[["a.png"], ["b.png"]], 2, False]


@pytest.mark.parametrize(("status", "posts"), [(403, 2), (400, 1), (503, 1)])
def test_a_form_that_has_expired_is_replaced_once(anew: Any, status: int, posts: int) -> None:
    script = f"""
      field.addFiles([file('a.png')]);
      for (let tries = 0; tries < {posts}; tries += 1) {{
        (await next('/uploads', tries))(form(tries));
        (await next('bucket', tries))({{}}, {status});
      }}
      await settled();
      return [items()[0][1], asked('/uploads').length];
    """
    assert field(anew, script) == ["The bucket has not taken the file.", posts]


def test_a_fresh_form_after_an_expired_one_is_enough(anew: Any) -> None:
    script = """
      field.addFiles([file('a.png')]);
      (await next('/uploads', 0))(form(0));
      (await next('bucket', 0))({}, 403);
      (await next('/uploads', 1))(form(1));
      (await next('bucket', 1))({});
      await settled();
      return field.urls;
    """
    assert field(anew, script) == ["s3://drops/1"]


def test_an_upload_that_stands_still_ends_and_one_that_is_removed_too(anew: Any) -> None:
    script = """
      const limit = new AbortController();
      AbortSignal.timeout = () => limit.signal;
      field.addFiles([file('a.png'), file('b.png')]);
      (await next('/uploads', 0))(form(0));
      (await next('/uploads', 1))(form(1));
      await next('bucket', 1);
      const [{ sent: { signal } }] = asked('bucket');
      field.querySelector('li button').click();
      const isStopped = signal.aborted;
      limit.abort(new DOMException('late', 'TimeoutError'));
      await settled();
      return [isStopped, items()];
    """
    assert field(anew, script) == [True, [["b.png", "The upload got stuck.", "Try again"]]]


def test_few_files_are_uploaded_at_a_time(anew: Any) -> None:
    script = """
      field.addFiles([...'abcdefgh'].map(file));
      await next('/uploads', 2);
      await soon();
      const most = answers.length;
      asked('/uploads')[0]({ image: 's3://drops/a', uploaded: true });
      await next('/uploads', 3);
      await soon();
      return [most, answers.length];
    """
    assert field(anew, script) == [3, 4]


def test_a_file_that_has_changed_since_is_to_be_chosen_again(anew: Any) -> None:
    script = """
      const gone = file('a.png');
      gone.arrayBuffer = () => Promise.reject(new DOMException('changed', 'NotReadableError'));
      field.addFiles([gone]);
      await settled();
      return [items()[0][1], answers.length];
    """
    found = field(anew, script)
    assert found == ["The file can\u2019t be read any more. Remove it and choose it again.", 0]


def test_an_upload_waits_as_long_as_the_api_says(anew: Any) -> None:
    script = """
      field.addFiles([file('a.png')]);
      (await next('/uploads', 0))({ type: 'x#quota-exceeded' }, 429, { 'retry-after': '34' });
      (await next('/uploads', 1))({ image: 's3://drops/a', uploaded: true });
      await settled();
      return [waits.filter((ms) => ms >= 34000 && ms <= 35000).length, field.urls];
    """
    assert field(anew, WAITS + script) == [1, ["s3://drops/a"]]


def test_files_that_wait_are_not_uploaded_by_nobody(anew: Any) -> None:
    """The answer would draw the form for the key anew."""
    script = """
      const { useKey } = await import('./api.js');
      field.addFiles([...'abcdef'].map(file));
      await next('/uploads', 2);
      useKey(null);
      asked('/uploads').forEach((answer) => answer({ image: 's3://drops/a', uploaded: true }));
      await settled();
      return asked('/uploads').length;
    """
    assert field(anew, script) == 3
