// Signs in as a person would, and prints the ID token.
//
//   sign-in.mjs ISSUER CLIENT LOGIN PASSWORD [SCOPE]        (NODE_EXTRA_CA_CERTS names the issuer's authority)

const [issuer, client, login, password, scope = 'openid email groups'] = process.argv.slice(2);
const back = 'http://127.0.0.1:5555/callback';
const cookies = new Map();

async function ask(url, options = {}) {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const response = await fetch(url, { redirect: 'manual', ...options, headers: { ...options.headers, cookie } });
  for (const line of response.headers.getSetCookie()) {
    const [pair] = line.split(';');
    const at = pair.indexOf('=');
    cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }
  return response;
}

const described = await (await ask(`${issuer}/.well-known/openid-configuration`)).json();
const query = new URLSearchParams({ client_id: client, response_type: 'code', scope, redirect_uri: back, state: 's', nonce: 'n' });
let response = await ask(`${described.authorization_endpoint}?${query}`);
let where = response.headers.get('location');
if (!where) throw new Error(`${response.status}: ${await response.text()}`);
const form = new URL(where, issuer);
response = await ask(form, { method: 'POST', body: new URLSearchParams({ login, password }) });
if (!response.headers.get('location')) throw new Error(`${response.status}: ${await response.text()}`);
while ((where = response.headers.get('location')) && !where.startsWith(back)) response = await ask(new URL(where, issuer));
const code = new URL(where).searchParams.get('code');
if (!code) throw new Error(where);
response = await ask(described.token_endpoint, {
  method: 'POST',
  headers: { authorization: `Basic ${btoa(`${encodeURIComponent(client)}:${encodeURIComponent(`secret of ${client}`)}`)}` },
  body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: back }),
});
const answer = await response.json();
if (!answer.id_token) throw new Error(JSON.stringify(answer));
console.log(answer.id_token);
