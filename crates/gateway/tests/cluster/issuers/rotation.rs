//! An issuer changes its keys while people come in.

use futures_util::future::join_all;
use serde_json::json;

use super::{Issuer, entry, node_with, refusal, said, user};
use crate::support::soon;

/// How many come in with each new key at the same moment.
const AT_ONCE: usize = 40;

#[tokio::test]
async fn a_key_is_replaced_under_traffic_and_nobody_is_refused() {
    let issuer = Issuer::start();
    for name in ["old", "new"] {
        issuer.key(name, "ES256");
    }
    issuer.publish(&["old"]);
    let url = json!({"jwks_url": issuer.jwks_url, "refresh_s": 1});
    let node = node_with(&[entry("login", "ES256", url)]).await;
    let tokens = |key: &str| -> Vec<String> {
        let users = (0..AT_ONCE).map(|number| format!("{key}-{number}"));
        users
            .map(|user| issuer.sign(key, &said("login", &user, 600)))
            .collect()
    };
    let (old, new) = (tokens("old"), tokens("new"));
    user(&node, &old[0]).await;

    // The issuer signs with the new key from one moment to the next, and people still
    // have tokens by the old one.
    issuer.publish(&["new", "old"]);
    let all = old.iter().chain(&new);
    let coming = join_all(all.map(|token| user(&node, token)));
    soon("everybody coming in", coming).await;

    // Once the old one is published no more, its tokens end with the next look.
    issuer.publish(&["new"]);
    let refused = async {
        loop {
            let (answer, _) = super::hello(&node, &old[0]).await;
            if answer["type"] == "error" {
                return;
            }
            for token in &new[..3] {
                user(&node, token).await;
            }
        }
    };
    soon("the old key being forgotten", refused).await;
    assert!(["unauthenticated", "unavailable"].contains(&refusal(&node, &old[0]).await.0.as_str()));
    join_all(new.iter().map(|token| user(&node, token))).await;
}

#[tokio::test]
async fn all_who_come_with_a_new_key_wait_for_one_question() {
    let issuer = Issuer::start();
    for name in ["old", "new"] {
        issuer.key(name, "EdDSA");
    }
    issuer.publish(&["old"]);
    let url = json!({"jwks_url": issuer.jwks_url});
    let node = node_with(&[entry("login", "EdDSA", url)]).await;
    user(&node, &issuer.sign("old", &said("login", "alex", 60))).await;
    assert_eq!(issuer.asked(), 1);
    issuer.publish(&["new"]);
    let tokens: Vec<_> = (0..AT_ONCE)
        .map(|number| issuer.sign("new", &said("login", &format!("user-{number}"), 60)))
        .collect();
    let coming = join_all(tokens.iter().map(|token| user(&node, token)));
    soon("everybody coming in", coming).await;
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_key_without_a_name_is_replaced_as_well() {
    for named in [None, Some("a name that the issuer tells nobody")] {
        let issuer = Issuer::start();
        for name in ["old", "new"] {
            issuer.key(name, "RS256");
        }
        issuer.publish_nameless(&["old"]);
        let url = json!({"jwks_url": issuer.jwks_url});
        let node = node_with(&[entry("login", "RS256", url)]).await;
        let alex = said("login", "alex", 60);
        user(&node, &issuer.sign_as("old", named, &alex)).await;
        issuer.publish_nameless(&["new"]);
        user(&node, &issuer.sign_as("new", named, &alex)).await;
        assert_eq!(issuer.asked(), 2);
    }
}
