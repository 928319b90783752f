// A real OIDC issuer (npm oidc-provider) whose people and groups are those of a real LDAP directory.
//
//   server.mjs PORT ISSUER CERTIFICATE KEY LDAP_URL BASE CLIENT...
//
// People sign in at /interaction/<uid> with a form of `login` and `password`; sign-in.mjs does so without a browser.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import Provider from 'oidc-provider';

const [port, issuer, certificate, key, directory, base, ...clients] = process.argv.slice(2);
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'issuer-'));

const person = (uid) => `uid=${uid},ou=people,${base}`;

async function signIn(uid, password) {
  const file = join(folder, `password-${uid}`);
  writeFileSync(file, password, { mode: 0o600 });
  try {
    await run('ldapwhoami', ['-x', '-H', directory, '-D', person(uid), '-y', file]);
    return true;
  } catch {
    return false;
  }
}

async function attributes(where, filter, name) {
  const { stdout } = await run('ldapsearch', ['-x', '-LLL', '-o', 'ldif-wrap=no', '-H', directory, '-b', where, filter, name]);
  return stdout.split('\n').filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
}

async function findAccount(_context, uid) {
  const [email] = await attributes(person(uid), '(objectClass=inetOrgPerson)', 'mail');
  if (!email) return undefined;
  const groups = await attributes(`ou=groups,${base}`, `(member=${person(uid)})`, 'cn');
  return { accountId: uid, claims: async () => ({ sub: uid, email, email_verified: true, groups }) };
}

const provider = new Provider(issuer, {
  clients: clients.map((id) => ({
    client_id: id,
    client_secret: `secret of ${id}`,
    redirect_uris: ['http://127.0.0.1:5555/callback'],
    grant_types: ['authorization_code'],
    response_types: ['code'],
  })),
  claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
  scopes: ['openid', 'email', 'groups'],
  // Kubernetes reads the ID token alone.
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false } },
  pkce: { required: () => false },
  interactions: { url: (_context, interaction) => `${new URL(issuer).pathname}/interaction/${interaction.uid}` },
  cookies: { keys: ['a test'] },
  findAccount,
});

async function interaction(request, response) {
  const details = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    response.setHeader('content-type', 'text/html');
    response.end('<form method="post"><input name="login"><input name="password" type="password"><button>Sign in</button></form>');
    return;
  }
  let body = '';
  for await (const part of request) body += part;
  const form = new URLSearchParams(body);
  if (!(await signIn(form.get('login'), form.get('password')))) {
    response.statusCode = 401;
    response.end('The directory does not let you in.');
    return;
  }
  const grant = new provider.Grant({ accountId: form.get('login'), clientId: details.params.client_id });
  grant.addOIDCScope('openid email groups');
  const result = { login: { accountId: form.get('login') }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

const prefix = new URL(issuer).pathname.replace(/\/$/, '');
const answer = provider.callback();
createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
  if (request.url.startsWith(`${prefix}/interaction/`)) {
    interaction(request, response).catch((error) => {
      response.statusCode = 500;
      response.end(String(error));
    });
    return;
  }
  request.originalUrl = request.url;
  request.url = request.url.slice(prefix.length) || '/';
  answer(request, response);
}).listen(Number(port), '127.0.0.1', () => console.log('listening'));
