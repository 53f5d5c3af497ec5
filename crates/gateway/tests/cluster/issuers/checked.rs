//! What `rookery check` says of issuers.

use std::process::Command;

use serde_json::{Value, json};

use super::{Issuer, entry, iss};

fn check(issuers: &Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_rookery"))
        .arg("check")
        .current_dir(folder.path())
        .env_clear()
        .env("ROOKERY__AUTH__ISSUERS", issuers.to_string())
        .env("ROOKERY__LISTEN", "127.0.0.1:0")
        .env("ROOKERY__ADMIN__LISTEN", "off")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_keys_of_each_issuer_are_read_once() {
    let issuer = Issuer::start();
    issuer.key("one", "RS256");
    issuer.key("two", "ES256");
    issuer.publish(&["one", "two"]);
    let url = json!({"jwks_url": issuer.jwks_url});
    let entries = json!([
        entry("login", "RS256", url.clone()),
        entry("shop", "EdDSA", url)
    ]);
    let said = check(&entries);
    let read = format!("1 keys of {:?} were read", iss("login"));
    assert!(said.contains(&read), "{said}");
    let unread = format!(
        "the keys of {:?} cannot be read: has no key for EdDSA",
        iss("shop")
    );
    assert!(said.contains(&unread), "{said}");
    assert_eq!(issuer.asked(), 2);
}
