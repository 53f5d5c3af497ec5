use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use ring::hmac;
use rookery_protocol::ErrorCode;
use serde_json::{Value, json};

use super::*;

const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

fn identity() -> Identity {
    Identity::with_key(KEY, 5, Duration::from_secs(60), Issuers::new(&[], 5))
}

fn user(id: &str, name: &str) -> User {
    User {
        id: UserId::new(id).unwrap(),
        name: name.into(),
    }
}

fn signed(claims: &Value) -> String {
    signed_as("HS256", KEY, claims)
}

/// Signed truly with the algorithm that its header names, and not by what is tested here.
fn signed_as(name: &str, key: &[u8], claims: &Value) -> String {
    let algorithm = match name {
        "HS256" => hmac::HMAC_SHA256,
        "HS384" => hmac::HMAC_SHA384,
        "HS512" => hmac::HMAC_SHA512,
        other => panic!("no key signs {other}"),
    };
    let head = BASE64.encode(json!({"alg": name, "typ": "JWT"}).to_string());
    let message = format!("{head}.{}", BASE64.encode(claims.to_string()));
    let signature = hmac::sign(&hmac::Key::new(algorithm, key), message.as_bytes());
    format!("{message}.{}", BASE64.encode(signature))
}

fn in_seconds(seconds: i64) -> i64 {
    i64::try_from(now().as_secs()).unwrap() + seconds
}

#[test]
fn a_minted_token_names_its_user() {
    let minted = identity()
        .mint(user("user7", "Alex Ü."), Duration::from_secs(60))
        .unwrap();
    let verified = identity().verify(&minted.token).unwrap();
    assert_eq!(verified.user, user("user7", "Alex Ü."));
    assert_eq!(verified.expires_at_ms, minted.expires_at_ms + 5_000);
}

#[test]
fn a_token_of_an_account_names_its_session() {
    let login = LoginId::numbered(std::num::NonZeroU64::MIN);
    let (anna, minute) = (user("u_7", "Anna"), Duration::from_secs(60));
    let minted = identity().mint_for(anna.clone(), Some(login), minute);
    let verified = identity().verify(&minted.unwrap().token).unwrap();
    assert_eq!((verified.user, verified.login), (anna.clone(), Some(login)));
    let without = identity().mint(anna, minute).unwrap();
    let error = identity().verify(&without.token).unwrap_err();
    assert!(error.to_string().contains("begins with u_"), "{error}");
    let claims = json!({"sub": "user7", "exp": in_seconds(60), "rookery_sid": "l_7"});
    let error = identity().verify(&signed(&claims)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Unauthenticated);
}

#[test]
fn without_a_name_the_id_is_the_name() {
    let exp = in_seconds(60);
    for claims in [
        json!({"sub": "user7", "exp": exp}),
        json!({"sub": "user7", "exp": exp, "name": " "}),
        json!({"sub": "user7", "exp": exp, "name": null}),
        json!({"sub": "user7", "exp": exp, "name": "\u{3164}\u{200d}"}),
    ] {
        assert_eq!(
            identity().verify(&signed(&claims)).unwrap().user,
            user("user7", "user7")
        );
    }
    let long = "x".repeat(128);
    let verified = identity()
        .verify(&signed(&json!({"sub": long, "exp": exp})))
        .unwrap();
    assert_eq!(verified.user.name.len(), 64);
}

#[test]
fn a_name_with_marks_of_direction_locks_nobody_out() {
    for (name, wanted) in [
        ("\u{202b}דנה\u{202c}", "דנה"),
        ("a\u{202e}b", "ab"),
        ("Zoe\u{200e}", "Zoe"),
        ("a\nb", "a b"),
    ] {
        let claims = json!({"sub": "u", "exp": in_seconds(60), "name": name});
        let verified = identity().verify(&signed(&claims)).unwrap();
        assert_eq!(verified.user.name.as_ref(), wanted);
    }
}

#[test]
fn a_token_from_elsewhere_may_say_more() {
    let claims = json!({"sub": "u", "exp": in_seconds(60) as f64 + 0.5, "aud": "chat", "iss": "shop", "iat": 1});
    assert!(identity().verify(&signed(&claims)).is_ok());
}

#[test]
fn expiry_has_a_leeway_and_a_code_of_its_own() {
    assert!(
        identity()
            .verify(&signed(&json!({"sub": "u", "exp": in_seconds(-3)})))
            .is_ok()
    );
    let error = identity()
        .verify(&signed(&json!({"sub": "u", "exp": in_seconds(-7)})))
        .unwrap_err();
    assert_eq!(
        (error.code(), &error),
        (ErrorCode::TokenExpired, &TokenError::Expired)
    );
    let claims = json!({"sub": "u", "exp": in_seconds(60), "nbf": in_seconds(30)});
    assert_eq!(
        identity().verify(&signed(&claims)),
        Err(TokenError::NotYetValid)
    );
}

#[test]
fn another_key_or_a_changed_token_does_not_fit() {
    let claims = json!({"sub": "u", "exp": in_seconds(60)});
    let foreign = signed_as("HS256", b"another key that is long enough.", &claims);
    assert_eq!(identity().verify(&foreign), Err(TokenError::Signature));

    let good = signed(&claims);
    let [head, _, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!()
    };
    let other = BASE64.encode(json!({"sub": "admin", "exp": in_seconds(60)}).to_string());
    assert_eq!(
        identity().verify(&format!("{head}.{other}.{signature}")),
        Err(TokenError::Signature)
    );
}

#[test]
fn only_hs256_is_accepted() {
    let claims = json!({"sub": "u", "exp": in_seconds(60)});
    for algorithm in ["HS384", "HS512"] {
        assert_eq!(
            identity().verify(&signed_as(algorithm, KEY, &claims)),
            Err(TokenError::Algorithm)
        );
    }
    let signature = signed(&claims).rsplit_once('.').unwrap().1.to_owned();
    for name in ["none", "None", "RS256", "ES256", "EdDSA", "HS1"] {
        let head = BASE64.encode(json!({"alg": name, "typ": "JWT"}).to_string());
        let body = BASE64.encode(claims.to_string());
        for signature in ["", &signature] {
            let error = identity()
                .verify(&format!("{head}.{body}.{signature}"))
                .unwrap_err();
            assert_eq!(error, TokenError::Algorithm, "{name}");
            assert_eq!(error.code(), ErrorCode::Unauthenticated);
        }
    }
}

#[test]
fn what_is_no_token_is_said_to_be_none() {
    assert_eq!(identity().verify(""), Err(TokenError::Missing));
    let head = BASE64.encode(r#"{"alg":"HS256"}"#);
    for garbage in ["x", "a.b", "a.b.c", "....", "é.é.é", &format!("{head}..")] {
        let error = identity().verify(garbage).unwrap_err();
        assert!(
            matches!(error, TokenError::Malformed | TokenError::Signature),
            "{garbage}: {error}"
        );
    }
}

#[test]
fn a_token_must_say_who_and_until_when() {
    let exp = in_seconds(60);
    for (claims, word) in [
        (json!({"exp": exp}), "sub"),
        (json!({"sub": "u"}), "exp"),
        (json!({"sub": "", "exp": exp}), "sub"),
        (json!({"sub": "a\nb", "exp": exp}), "sub"),
        (json!({"sub": 7, "exp": exp}), "string"),
        (json!({"sub": "u", "exp": "soon"}), "exp"),
        (
            json!({"sub": "u", "exp": exp, "name": "x".repeat(65)}),
            "65 characters",
        ),
        (json!({"sub": "\u{200b}", "exp": exp}), "nothing shows"),
    ] {
        let error = identity().verify(&signed(&claims)).unwrap_err();
        assert!(
            matches!(error, TokenError::Claims(_)),
            "{claims}: {error:?}"
        );
        assert!(error.to_string().contains(word), "{claims}: {error}");
    }
}

#[test]
fn guests_are_new_people_with_sane_names() {
    let identity = identity();
    let guest = identity.guest("  Zoe\u{308}  ").unwrap();
    assert_eq!(guest.user.name.as_ref(), "Zoë");
    assert!(guest.user.id.as_str().starts_with("guest_"));
    assert_eq!(identity.verify(&guest.token).unwrap().user, guest.user);
    assert_ne!(identity.guest("Zoë").unwrap().user.id, guest.user.id);

    assert_eq!(
        identity.guest(" \t").unwrap_err(),
        TokenError::Name(NameError::Blank)
    );
    assert_eq!(
        identity.guest(&"é".repeat(65)).unwrap_err(),
        TokenError::Name(NameError::TooLong(65))
    );
    assert!(identity.guest(&"é".repeat(64)).is_ok());
    for hidden in ["a\u{0}b", "a\u{202e}b", "\u{200b}ab"] {
        assert_eq!(identity.guest(hidden).unwrap().user.name.as_ref(), "ab");
    }
    for blank in ["\u{0}", "\u{202e}", "\u{3164}", "\u{e0041}"] {
        assert_eq!(
            identity.guest(blank).unwrap_err().code(),
            ErrorCode::BadRequest,
            "{blank:?}"
        );
    }
}

#[test]
fn without_a_secret_every_process_has_its_own() {
    let settings = Settings::default();
    let minted = Identity::new(&settings).guest("a").unwrap();
    assert_eq!(
        Identity::new(&settings).verify(&minted.token),
        Err(TokenError::Signature)
    );
}
