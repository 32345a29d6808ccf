// A small backend that verifies phone numbers: POST /start?phone=+… answers with the URL
// that the phone is to open; GET /callback is the registered redirect URI. Node alone.
import { createServer } from 'node:http';
import { createSign, randomBytes, randomUUID } from 'node:crypto';

const SCOPE = 'dpv:FraudPreventionAndDetection#number-verification-verify-read';

// settings: { baseURL, applicationID, privateKey (PEM), redirectURI }
export function backend(settings) {
  const begun = new Map(); // state → phone
  const routes = {
    'POST /start': (url) => start(settings, begun, url),
    'GET /callback': (url) => callback(settings, begun, url),
  };
  return createServer(async (req, res) => {
    const url = new URL(req.url, settings.redirectURI);
    const route = routes[`${req.method} ${url.pathname}`] ?? (() => [404, 'not here']);
    const [status, body] = await route(url).catch(() => [502, 'try again']);
    res.writeHead(status, { 'Content-Type': 'text/plain' }).end(body);
  });
}

async function start(settings, begun, url) {
  const phone = url.searchParams.get('phone');
  const state = randomBytes(32).toString('base64url');
  const answer = await call(settings, '/v0.1/network-enablement', jwt(settings), {
    phone_number: phone, scopes: [SCOPE], state,
  });
  const enabled = answer.scopes?.[SCOPE]; // an error may stand inside a 200
  if (!enabled?.auth_url) return [502, 'try another way'];
  begun.set(state, phone);
  return [200, enabled.auth_url];
}

async function callback(settings, begun, url) {
  const state = url.searchParams.get('state');
  const code = url.searchParams.get('code');
  const phone = begun.get(state);
  begun.delete(state); // once
  if (!phone) return [403, 'unknown state'];
  if (!code) return [422, 'try another way'];
  const form = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: settings.redirectURI });
  const token = await call(settings, '/oauth2/token', jwt(settings), form);
  const answer = await call(settings, '/camara/number-verification/v031/verify', token.access_token, { phoneNumber: phone });
  if (typeof answer.devicePhoneNumberVerified !== 'boolean') throw new Error('no answer');
  return [200, answer.devicePhoneNumberVerified ? 'verified' : 'not verified'];
}

async function call(settings, path, bearer, body) {
  const form = body instanceof URLSearchParams;
  const res = await fetch(settings.baseURL + path, {
    method: 'POST', redirect: 'error', body: form ? body : JSON.stringify(body),
    headers: { Authorization: `Bearer ${bearer}`, ...(!form && { 'Content-Type': 'application/json' }) },
  });
  if (!res.ok) throw new Error(`${path} answered ${res.status}`);
  return res.json();
}

function jwt({ applicationID, privateKey }) {
  const part = (v) => Buffer.from(JSON.stringify(v)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const text = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ application_id: applicationID, iat: now, exp: now + 900, jti: randomUUID() })}`;
  return `${text}.${createSign('RSA-SHA256').update(text).sign(privateKey, 'base64url')}`;
}
