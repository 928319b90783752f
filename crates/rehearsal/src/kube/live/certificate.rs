//! cert-manager: certificates are issued after a while.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    Work,
    event::{self, From},
    make,
};
use crate::kube::{object, objects::Key, state::State};

const SELF: From<'_> = From::Controller("cert-manager-certificates-issuing");

/// Orders a certificate.
pub fn touched(state: &mut State, key: &Key) {
    let Some(certificate) = state.objects.value(key) else { return };
    let uid = object::uid(certificate).to_owned();
    if !state.setup.cert_manager || object::condition(certificate, "Ready") || !state.begun.insert(uid) {
        return;
    }
    let now = state.now;
    state.objects.change(key, |certificate| {
        object::set_condition(
            certificate,
            "Ready",
            false,
            "DoesNotExist",
            "Issuing certificate as Secret does not exist",
            now,
        );
    });
    state.later(state.setup.times.certificate, Work::Certificate(key.clone()));
}

/// The certificate is there, self-signed, in the Secret it names.
pub fn issue(state: &mut State, key: &Key) {
    let Some(certificate) = state.objects.value(key).cloned() else { return };
    let names: Vec<String> =
        object::list(&certificate, "/spec/dnsNames").iter().filter_map(|name| name.as_str().map(Into::into)).collect();
    let made = match rcgen::generate_simple_self_signed(names) {
        Ok(made) => made,
        Err(error) => {
            event::warning(
                state,
                &certificate,
                SELF,
                "Failed",
                &format!("the certificate's names cannot be used: {error}"),
            );
            return;
        }
    };
    let (chain, private_key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let secret = Key::new("secrets", &key.namespace, object::text(&certificate, "/spec/secretName"));
    let data = json!({ "tls.crt": STANDARD.encode(chain), "tls.key": STANDARD.encode(private_key) });
    if state.objects.get(&secret).is_some() {
        state.objects.change(&secret, |secret| secret["data"] = data);
    } else {
        let value: Value = json!({ "metadata": { "name": secret.name, "namespace": secret.namespace }, "type": "kubernetes.io/tls", "data": data });
        make(state, "secrets", value);
    }
    let now = state.now;
    state.objects.change(key, |certificate| {
        object::set_condition(certificate, "Ready", true, "Ready", "Certificate is up to date and has not expired", now)
    });
    event::normal(state, &certificate, SELF, "Issuing", "The certificate has been successfully issued");
}
