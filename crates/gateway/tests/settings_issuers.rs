//! What is said of issuers in the settings that cannot work.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test says so by failing

use rookery_gateway::settings::{Algorithm, AuthSettings, Sources, load};

/// Public keys, made with `openssl genpkey` and `openssl pkey -pubout`.
const ED25519: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

const ISSUER: &str = "[[auth.issuers]]\nissuer = \"shop\"\naudience = \"chat\"\n";

fn try_load(file: &str, variables: &[(&str, &str)]) -> Result<AuthSettings, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rookery.toml"), file).unwrap();
    let variables = variables.iter();
    let sources = Sources {
        folder: folder.path().to_owned(),
        variables: variables
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
        ..Sources::default()
    };
    let loaded = load(&sources).map_err(|error| error.0)?;
    Ok(loaded.settings.auth)
}

/// The one problem with an issuer of which this is said beside its name and audience.
fn problem(said: &str) -> String {
    let problems = try_load(&format!("{ISSUER}{said}"), &[]).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].clone()
}

#[test]
fn a_list_is_read_from_the_file_and_as_json_from_the_environment() {
    let file = format!(
        "{ISSUER}algorithm = \"EdDSA\"\nkey = \"\"\"{ED25519}\"\"\"\n[[auth.issuers]]\nissuer = \"login\"\naudience = [\"web\", \"app\"]\nalgorithm = \"RS256\"\njwks_url = \"https://login.example.org/keys?key=hunter2\"\nuser_prefix = \"x:\"\n"
    );
    let issuers = try_load(&file, &[]).unwrap().issuers;
    assert_eq!(issuers[0].algorithm, Some(Algorithm::EdDsa));
    assert_eq!(issuers[0].user_claim, "sub");
    assert_eq!(issuers[1].audience, ["web", "app"]);
    assert_eq!(issuers[1].user_prefix, "x:");
    let shown = format!("{issuers:?}");
    assert!(shown.contains("login.example.org/keys"), "{shown}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("MCow"),
        "{shown}"
    );

    let json = serde_json::json!([{"issuer": "shop", "audience": "chat", "algorithm": "EdDSA", "key": ED25519}]);
    let variables = [("ROOKERY__AUTH__ISSUERS", json.to_string())];
    let variables = variables
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let from_environment = try_load("", &variables).unwrap().issuers;
    assert_eq!(from_environment[..], issuers[..1]);
}

#[test]
fn what_is_missing_is_said_at_once() {
    let problems = try_load("[[auth.issuers]]\n", &[]).unwrap_err();
    for words in [
        "issuer: must be set to the `iss`",
        "audience: must be set",
        "algorithm: must be set to HS256, RS256, ES256 or EdDSA",
        "set exactly one of key, key_file and jwks_url",
    ] {
        let said = problems.iter().any(|problem| problem.contains(words));
        assert!(said, "{words}: {problems:?}");
    }
}

#[test]
fn a_wrong_value_is_named_with_what_would_be_right() {
    for (said, words) in [
        (
            "algorithm = \"none\"",
            "must be HS256, RS256, ES256 or EdDSA, not \"none\"",
        ),
        ("algorithm = \"PS256\"", "not \"PS256\""),
        ("algoritm = \"RS256\"", "unknown field `algoritm`"),
        (
            "jwks_url = \"login.example.org/keys\"",
            "must be like https://",
        ),
        (
            "jwks_url = \"https://me:hunter2@login.example.org/\"",
            "without user and password",
        ),
    ] {
        let problem = problem(said);
        assert!(problem.contains(words), "{problem}");
        assert!(problem.starts_with("auth.issuers"), "{problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
    }
    for (said, words) in [
        (
            "key = \"x\"\njwks_url = \"https://a.example/\"\nalgorithm = \"HS256\"",
            "exactly one",
        ),
        (
            "jwks_url = \"https://a.example/\"\nalgorithm = \"RS256\"\nrefresh_s = 0",
            "refresh_s",
        ),
        (
            "jwks_url = \"https://a.example/\"\nalgorithm = \"RS256\"\nuser_claim = \"\"",
            "user_claim",
        ),
        (
            "jwks_url = \"https://a.example/\"\nalgorithm = \"RS256\"\nuser_prefix = \"u_x\"",
            "user_prefix: must not begin with u_",
        ),
        (
            "key_file = \"nowhere.pem\"\nalgorithm = \"RS256\"",
            "nowhere.pem: cannot be read",
        ),
    ] {
        let problems = try_load(&format!("{ISSUER}{said}"), &[]).unwrap_err();
        let problem = problems.iter().find(|problem| problem.contains(words));
        assert!(
            problem.is_some_and(|found| found.contains("\"shop\"")),
            "{words}: {problems:?}"
        );
    }
    let twice = format!("{ISSUER}jwks_url = \"https://a.example/\"\nalgorithm = \"RS256\"\n");
    let problems = try_load(&twice.repeat(2), &[]).unwrap_err();
    assert!(problems[0].contains("is there twice"), "{problems:?}");
}

#[test]
fn a_key_that_is_none_is_said_with_the_way_to_one() {
    let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIOhunter2AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n-----END PRIVATE KEY-----\n";
    let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let bare = "-----BEGIN RSA PUBLIC KEY-----\nMIIB\n-----END RSA PUBLIC KEY-----\n";
    let broken = ED25519.replace("VwAyEA", "VwAyE");
    for (algorithm, key, words) in [
        ("HS256", "short", "has 5 bytes, at least 32 are needed"),
        ("EdDSA", private, "is a private key"),
        ("EdDSA", certificate, "openssl x509"),
        ("RS256", bare, "openssl rsa -RSAPublicKey_in"),
        ("EdDSA", "no key at all", "must be PEM"),
        ("EdDSA", &broken, "must be PEM"),
        ("RS256", ED25519, "is no key for RS256"),
        ("ES256", ED25519, "is no key for ES256"),
    ] {
        let problem = problem(&format!(
            "algorithm = \"{algorithm}\"\nkey = \"\"\"{key}\"\"\"\n"
        ));
        assert!(problem.contains(words), "{problem}");
        assert!(!problem.contains("hunter2"), "{problem}");
    }
}

#[test]
fn the_way_to_an_issuer_that_anybody_can_read_along_is_a_warning() {
    let warned = |url: &str| {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("{ISSUER}algorithm = \"RS256\"\njwks_url = \"{url}\"\n");
        std::fs::write(folder.path().join("rookery.toml"), text).unwrap();
        let sources = Sources {
            folder: folder.path().to_owned(),
            ..Sources::default()
        };
        let warnings = load(&sources).unwrap().warnings;
        warnings.iter().any(|words| words.contains("is not https"))
    };
    assert!(warned("http://login.example.org/keys"));
    assert!(!warned("https://login.example.org/keys"));
    assert!(!warned("http://127.0.0.1:8000/keys"));
    assert!(!warned("http://localhost:8000/keys"));
}
