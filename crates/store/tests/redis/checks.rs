//! What the check finds, and that it leaves nothing behind.

use rookery_store::{CheckLine, CheckStatus, Store, check};
use rookery_testing::RedisServer;

use crate::support::{connect, settings};

async fn lines(url: &str) -> Vec<CheckLine> {
    check(&settings(url)).await
}

/// The one thing that failed.
fn failed(lines: &[CheckLine]) -> CheckLine {
    let failed: Vec<_> = lines
        .iter()
        .filter(|line| line.status == CheckStatus::Failed)
        .collect();
    assert_eq!(failed.len(), 1, "{lines:?}");
    failed[0].clone()
}

/// What was found with how to mend it, of all that failed.
fn failures(lines: &[CheckLine]) -> String {
    let failed = lines
        .iter()
        .filter(|line| line.status == CheckStatus::Failed);
    let words = failed.map(|line| format!("{}: {}", line.found, line.mend.as_deref().unwrap()));
    words.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_user_without_the_channel_is_found_and_what_is_said_mends_it() {
    let redis = RedisServer::start().unwrap();
    let make = |rules: &str| {
        let mut words = vec!["ACL", "SETUSER", "chat", "reset", "on", ">pass"];
        words.extend(rules.split(' '));
        redis.command(&words).unwrap();
    };
    let url = format!("redis://chat:pass@127.0.0.1:{}", redis.port());
    make("~* +@all resetchannels");
    let said = failures(&lines(&url).await);
    assert!(
        said.contains("cannot be stored") && said.contains("NOPERM"),
        "{said}"
    );
    assert!(said.contains("channel"), "{said}");
    assert_eq!(
        redis.command(&["DBSIZE"]).unwrap(),
        "0",
        "nothing is left behind"
    );

    // As it is printed.
    let (_, rules) = said.split_once("ACL SETUSER name ").unwrap();
    let rules = rules.lines().next().unwrap();
    make(rules);
    assert_eq!(failures(&lines(&url).await), "", "{rules}");
    connect(&url).await;
}

#[tokio::test]
async fn a_user_who_may_speak_but_not_listen_is_found() {
    let redis = RedisServer::start().unwrap();
    let url = format!("redis://chat:pass@127.0.0.1:{}", redis.port());
    redis
        .command(&[
            "ACL",
            "SETUSER",
            "chat",
            "on",
            ">pass",
            "~*",
            "&*",
            "+@all",
            "-subscribe",
        ])
        .unwrap();
    let line = failed(&lines(&url).await);
    assert!(line.mend.unwrap().contains("ACL SETUSER"), "{}", line.found);
}

#[tokio::test]
async fn a_cluster_is_said_to_be_one_and_what_is_supported() {
    let redis = RedisServer::start_with(&["--cluster-enabled", "yes"]).unwrap();
    let line = failed(&lines(&redis.url()).await);
    assert!(
        line.found
            .contains("Redis Cluster, which is not supported yet"),
        "{line:?}"
    );
    assert!(line.mend.unwrap().contains("one primary, with replicas"));
}

#[tokio::test]
async fn a_command_that_is_renamed_away_is_named() {
    for command in ["EVALSHA", "HSET"] {
        let redis = RedisServer::start_with(&["--rename-command", command, ""]).unwrap();
        let said = failures(&lines(&redis.url()).await);
        assert!(said.contains("cannot be stored"), "{command}: {said}");
    }
    let redis = RedisServer::start_with(&["--rename-command", "EVALSHA", ""]).unwrap();
    let said = failures(&lines(&redis.url()).await);
    assert!(
        said.contains("'EVALSHA'") && said.contains("rename-command"),
        "{said}"
    );
}

#[tokio::test]
async fn a_redis_that_throws_away_and_keeps_nothing_is_warned_of_at_the_start_too() {
    let redis = RedisServer::start_with(&["--maxmemory-policy", "allkeys-lru"]).unwrap();
    let (store, _bus) = connect(&redis.url()).await;
    let at_start = store.look_over().await.unwrap();
    for found in [lines(&redis.url()).await, at_start] {
        for words in [
            "append-only file is off",
            "throws keys away when memory is full (allkeys-lru)",
        ] {
            let warned = found
                .iter()
                .find(|line| line.found.contains(words))
                .unwrap_or_else(|| panic!("{words}: {found:?}"));
            assert_eq!(warned.status, CheckStatus::Warning);
            assert!(warned.mend.is_some());
        }
    }
}

#[tokio::test]
async fn a_store_of_another_layout_is_refused_and_left_as_it_is() {
    for (key, value) in [
        ("rookery:layout", "3"),
        ("rookery:term", "a word of layout 1"),
    ] {
        let redis = RedisServer::start().unwrap();
        redis.command(&["SET", key, value]).unwrap();
        let refused = Store::connect(settings(&redis.url())).await.unwrap_err();
        let words = refused.to_string();
        assert!(
            words.contains("layout") && words.contains("FLUSHDB"),
            "{words}"
        );
        let lines = check(&settings(&redis.url())).await;
        let failed = lines.iter().find(|line| line.status == CheckStatus::Failed);
        assert!(failed.unwrap().found.contains("layout"), "{lines:?}");
        assert_eq!(redis.command(&["--scan"]).unwrap(), key);
    }
}
