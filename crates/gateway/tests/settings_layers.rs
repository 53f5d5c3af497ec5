//! Where settings come from, which of them wins, and what is said of wrong ones.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test says so by failing

use std::path::Path;

use rookery_gateway::settings::{Engine, Loaded, LogFormat, Sources, load};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Loads from a `rookery.toml`, variables and flags.
fn try_load(
    file: &str,
    variables: &[(&str, &str)],
    flags: &[(&'static str, &str)],
) -> Result<Loaded, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rookery.toml"), file).unwrap();
    let sources = Sources {
        file: None,
        folder: folder.path().to_owned(),
        variables: variables
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
        flags: flags
            .iter()
            .map(|(key, value)| (*key, value.to_string()))
            .collect(),
    };
    load(&sources).map_err(|error| error.0)
}

/// The one problem that there is.
fn problem(file: &str, variables: &[(&str, &str)]) -> String {
    let problems = try_load(file, variables, &[]).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].clone()
}

#[test]
fn each_layer_wins_over_the_one_before() {
    let file =
        "heartbeat_ms = 2000\nlisten = \"127.0.0.1:1\"\n[limits]\nsend_rate = 2\nhello_ms = 2";
    let variables = [
        ("ROOKERY__LIMITS__SEND_RATE", "3"),
        ("ROOKERY__LISTEN", "127.0.0.1:3"),
        ("UNRELATED", "x"),
    ];
    let loaded = try_load(file, &variables, &[("listen", "127.0.0.1:4")])
        .unwrap()
        .settings;
    assert_eq!(loaded.heartbeat_ms, 2000);
    assert_eq!(loaded.limits.hello_ms, 2);
    assert_eq!(loaded.limits.send_rate, 3);
    assert_eq!(loaded.listen.port(), 4);
    assert_eq!(loaded.drain_ms, 10_000);
}

#[test]
fn everything_can_be_said_in_the_environment() {
    let variables = [
        ("ROOKERY__STORE", "redis"),
        ("ROOKERY__REDIS__URL", "redis://10.0.0.1:6379"),
        (
            "ROOKERY__AUTH__JWT_SECRET",
            "00000000000000000000000000000000000001",
        ),
        ("ROOKERY__AUTH__GUESTS", "true"),
        (
            "ROOKERY__HTTP__ALLOWED_ORIGINS",
            "https://a.example, http://localhost:3000",
        ),
        ("ROOKERY__HTTP__TRUSTED_PROXIES", "10.0.0.0/8,::1"),
        ("ROOKERY__ROOMS__LIFETIMES", "tmp:=5m, event:=10s"),
        ("ROOKERY__ADMIN__LISTEN", "off"),
        ("ROOKERY__LOG__FORMAT", "json"),
        ("ROOKERY__WORKERS", ""),
    ];
    let loaded = try_load("", &variables, &[]).unwrap().settings;
    assert_eq!(loaded.store, Engine::Redis);
    assert!(loaded.guests_allowed());
    assert_eq!(
        loaded.auth.jwt_secret.unwrap().reveal(),
        "00000000000000000000000000000000000001"
    );
    assert_eq!(loaded.http.allowed_origins.len(), 2);
    assert!(loaded.http.trusted_proxies[0].contains("10.9.9.9".parse().unwrap()));
    assert_eq!(loaded.rooms.lifetimes.0.get("tmp:"), Some(&300_000));
    assert_eq!(loaded.admin.listen, None);
    assert_eq!(loaded.log.format, LogFormat::Json);
    assert_eq!(loaded.workers, 0, "an empty variable says nothing");
}

#[test]
fn a_table_of_lifetimes_replaces_the_default() {
    let file = "[rooms.lifetimes]\n\"tmp:\" = \"5m\"\n\"x\" = 250";
    let loaded = try_load(file, &[], &[]).unwrap().settings;
    let lifetimes = loaded.rooms.lifetimes.0;
    let pairs: Vec<_> = lifetimes
        .iter()
        .map(|(prefix, span)| (prefix.as_str(), *span))
        .collect();
    assert_eq!(pairs, [("tmp:", 300_000), ("x", 250)]);
}

#[test]
fn port_and_redis_url_count_where_nothing_else_is_said() {
    let customary = [("PORT", "3000"), ("REDIS_URL", "redis://h:6379")];
    let loaded = try_load("", &customary, &[]).unwrap();
    assert_eq!(loaded.settings.listen.to_string(), "0.0.0.0:3000");
    assert_eq!(loaded.settings.store, Engine::Embedded);
    let warning = &loaded.warnings[0];
    assert!(
        warning.contains("not used") && warning.contains("store = \"redis\""),
        "{warning}"
    );

    let file = "listen = \"127.0.0.1:1\"\n[redis]\nurl = \"redis://file:6379\"";
    let loaded = try_load(file, &customary, &[]).unwrap().settings;
    assert_eq!(loaded.listen.port(), 1);
    assert_eq!(loaded.redis.url.unwrap().reveal(), "redis://file:6379");
    assert!(problem("", &[("PORT", "http")]).contains("environment variable PORT"));
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_its_neighbour() {
    let file = problem("[limits]\nframe_byte = 5", &[]);
    let expected =
        "limits.frame_byte: there is no such setting; did you mean limits.frame_bytes? (";
    assert!(
        file.starts_with(expected) && file.contains("rookery.toml"),
        "{file}"
    );
    assert_eq!(
        problem("", &[("ROOKERY__LIMITS__FRAME_BYTE", "5")]),
        format!("{expected}environment variable ROOKERY__LIMITS__FRAME_BYTE)")
    );
    assert!(problem("[limit]\nframe_bytes = 5", &[]).contains("limit: there is no such setting"));
    assert!(problem("limits = 5", &[]).contains("is a section; write [limits]"));
    assert!(problem("", &[("ROOKERY__LIMITS", "5")]).contains("limits"));
    assert!(problem("", &[("ROOKERY__LISTEN__PORT", "5")]).contains("listen.port"));
}

#[test]
fn a_value_of_the_wrong_kind_is_named_with_its_place() {
    for (file, key) in [
        ("[limits]\nframe_bytes = \"many\"", "limits.frame_bytes"),
        ("[limits]\nframe_bytes = 1.5", "limits.frame_bytes"),
        ("[limits]\nframe_bytes = true", "limits.frame_bytes"),
        ("[limits]\nframe_bytes = -1", "limits.frame_bytes"),
        ("[limits]\nsend_rate = 99999999999", "limits.send_rate"),
        ("[auth]\nguests = 1", "auth.guests"),
        ("[auth]\njwt_secret = 5", "auth.jwt_secret"),
        ("[auth]\njwt_secret = []", "auth.jwt_secret"),
        (
            "[rooms]\ncreate_on_join = \"maybe\"",
            "rooms.create_on_join",
        ),
        (
            "[rooms.lifetimes]\n\"event:\" = \"soon\"",
            "rooms.lifetimes",
        ),
        (
            "[http]\nallowed_origins = [\"https://a.example/chat\"]",
            "http.allowed_origins",
        ),
        (
            "[http]\ntrusted_proxies = \"10.0.0.0/99\"",
            "http.trusted_proxies",
        ),
        ("listen = 8080", "listen"),
        ("listen = \"8080\"", "listen"),
        ("store = \"postgres\"", "store"),
        ("[redis]\nurl = \"localhost\"", "redis.url"),
        ("[log]\nformat = \"xml\"", "log.format"),
    ] {
        let said = problem(file, &[]);
        assert!(
            said.starts_with(key) && said.ends_with("rookery.toml)"),
            "{file}: {said}"
        );
    }
    assert_eq!(
        problem("", &[("ROOKERY__LIMITS__SEND_RATE", "many")]),
        "limits.send_rate: invalid value: string \"many\", expected a whole number, 0 or more \
         (environment variable ROOKERY__LIMITS__SEND_RATE)"
    );
}

#[test]
fn all_problems_are_told_at_once() {
    let file = "listen = 1\nx = 2\n[limits]\nsend_rate = \"a\"\nsend_burst = \"b\"";
    let problems = try_load(file, &[("ROOKERY__Y", "1")], &[("workers", "many")]).unwrap_err();
    assert_eq!(problems.len(), 6, "{problems:#?}");

    let file = "store = \"redis\"\nheartbeat_ms = 1\n[log]\nlevel = \"a=b=c\"";
    let problems = try_load(file, &[], &[]).unwrap_err();
    let all = problems.join("\n");
    assert_eq!(problems.len(), 4, "{all}");
    for word in [
        "openssl rand -hex 32",
        "redis.url: must be set",
        "heartbeat_ms: must be at least",
        "log.level:",
    ] {
        assert!(all.contains(word), "{word} in {all}");
    }
}

#[test]
fn what_cannot_work_together_is_said() {
    for (file, word) in [
        (
            "[auth]\njwt_secret = \"short\"",
            "auth.jwt_secret: has 5 bytes, at least 32",
        ),
        ("[auth]\nguest_ttl_s = 0", "auth.guests = false"),
        (
            "listen = \"127.0.0.1:9090\"",
            "admin.listen: is 127.0.0.1:9090 like listen",
        ),
        ("[limits]\nsend_burst = 0", "limits.send_burst"),
        ("[limits]\noutbox_bytes = 100", "limits.outbox_bytes"),
        (
            "[limits]\ntext_chars = 8000\nmeta_bytes = 1000",
            "limits.frame_bytes: 65536 does not hold every message that the other limits allow; 99048 do",
        ),
        ("[http]\nbody_bytes = 54143", "http.body_bytes: 54143"),
        (
            "[rooms.lifetimes]\n\"a b\" = \"1s\"",
            "cannot begin a room id",
        ),
        ("[presence]\nlease_ms = 1", "presence.lease_ms"),
    ] {
        let said = problem(file, &[]);
        assert!(said.contains(word), "{file}: {said}");
    }
}

#[test]
fn a_limit_that_is_lifted_promises_nothing_that_another_would_have_to_hold() {
    for file in [
        "[limits]\nframe_bytes = 1000\ntext_chars = 0",
        "[limits]\nframe_bytes = 0\ntext_chars = 5000\n[http]\nbody_bytes = 0",
        "[limits]\nframe_bytes = 54144\n[http]\nbody_bytes = 54144",
    ] {
        try_load(file, &[], &[]).unwrap_or_else(|problems| panic!("{file}: {problems:?}"));
    }
}

#[test]
fn no_secret_is_ever_printed() {
    let redis = "[redis]\nurl = \"redis://bea:hunter2@h:1\"";
    let file = format!("store = \"redis\"\n[auth]\njwt_secret = \"{SECRET}\"\n{redis}");
    let loaded = try_load(&file, &[], &[]).unwrap();
    let shown = format!("{loaded:?}");
    assert!(
        !shown.contains(SECRET) && !shown.contains("hunter2"),
        "{shown}"
    );

    let broken = problem(&format!("[auth]\njwt_secret = \"{SECRET}\nx = 1"), &[]);
    assert!(
        broken.contains("line 2") && !broken.contains(SECRET),
        "{broken}"
    );
    let url = problem("[redis]\nurl = \"http://bea:hunter2@h:1\"", &[]);
    assert!(!url.contains("hunter2"), "{url}");
    let number = problem("[auth]\njwt_secret = 12345678901234567", &[]);
    assert!(!number.contains("12345678901234567"), "{number}");
    let embedded = try_load(redis, &[], &[]).unwrap();
    assert!(!embedded.warnings.join("").contains("hunter2"));
}

#[test]
fn a_named_file_must_be_there() {
    let sources = Sources {
        file: Some(Path::new("nowhere.toml").into()),
        ..Sources::default()
    };
    let problems = load(&sources).unwrap_err().0;
    assert!(problems[0].contains("nowhere.toml: there is no such file"));
}
