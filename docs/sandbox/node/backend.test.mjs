// node --test: the backend's callback handler against vnv sandbox. VNV names the binary.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { backend } from './backend.mjs';

let sandbox, far, app, base;
const settings = {};

before(async () => {
  app = backend(settings).listen(0, '127.0.0.1');
  await once(app, 'listening');
  base = `http://127.0.0.1:${app.address().port}`;
  sandbox = spawn(process.env.VNV ?? 'vnv', ['sandbox', '-q', '-o', 'json', '--redirect-uri', `${base}/callback`]);
  far = await ready(sandbox.stdout);
  Object.assign(settings, {
    baseURL: far.base_url, applicationID: far.application_id, redirectURI: far.redirect_uri,
    privateKey: readFileSync(far.private_key),
  });
});

after(async () => {
  sandbox.kill();
  await once(sandbox, 'exit');
  app.close();
  app.closeAllConnections();
});

// ready reads the one document that the sandbox writes when every port answers.
async function ready(stdout) {
  let text = '';
  for await (const chunk of stdout) {
    text += chunk;
    if (text.endsWith('}\n')) return JSON.parse(text);
  }
  throw new Error('the sandbox ended');
}

async function control(method, path, body) {
  const res = await fetch(far.control_url + path, {
    method, body: body && JSON.stringify(body),
    headers: { Authorization: `Bearer ${far.control_token}`, 'Content-Type': 'application/json' },
  });
  assert.equal(res.status, 200);
  return res.json();
}

// open does what the phone does: it begins, and follows the URL to the callback.
async function open(phone) {
  const begun = await fetch(`${base}/start?phone=${encodeURIComponent(phone)}`, { method: 'POST' });
  const url = await begun.text();
  if (!begun.ok) return [begun.status, url];
  return follow(url, {});
}

// follow is fetch's own, with the cookies that a carrier's chain sets: fetch keeps none.
async function follow(url, cookies) {
  const { host } = new URL(url);
  const res = await fetch(url, { redirect: 'manual', headers: { Cookie: (cookies[host] ?? []).join('; ') } });
  cookies[host] = [...(cookies[host] ?? []), ...res.headers.getSetCookie().map((c) => c.split(';')[0])];
  const next = res.headers.get('location');
  return next ? follow(new URL(next, url).href, cookies) : [res.status, await res.text()];
}

for (const [name, phone, faults, want] of [
  ['the device holds the number', '+99012345678', [], [200, 'verified']],
  ['it does not', '+99012345677', [], [200, 'not verified']],
  ['the number is not enabled', '+99012345678', ['allowlist'], [502, 'try another way']],
  ['the user says no', '+99012345678', ['access-denied'], [422, 'try another way']],
  ["somebody else's state", '+99012345678', ['wrong-state'], [403, 'unknown state']],
  ['the code is refused', '+99012345678', ['token-invalid-grant'], [502, 'try again']],
  ['an answer that decides nothing', '+99012345678', ['verify-string-flag'], [502, 'try again']],
]) {
  test(name, async () => {
    await control('PUT', '/v1/faults', { faults });
    assert.deepEqual(await open(phone), want);
  });
}

test('a callback that comes twice is exchanged once', async () => {
  await control('POST', '/v1/reset');
  await control('PUT', '/v1/faults', { faults: ['duplicate-callback'] });
  await open('+99012345678');
  const { entries } = await control('GET', '/v1/ledger');
  assert.equal(entries.filter((e) => e.stage === 'token').length, 1);
});
