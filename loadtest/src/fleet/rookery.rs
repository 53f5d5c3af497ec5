//! A node of Rookery as the load test starts it.

use std::{
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::{http, plan::Plan};

/// What fits a load test: every check is made, no limit is what is measured.
const SETTINGS: &[(&str, &str)] = &[
    ("log.level", "warn"),
    ("limits.send_rate", "1000000"),
    ("limits.send_burst", "1000000"),
    ("limits.user_rate", "1000000"),
    ("limits.user_burst", "1000000"),
    ("limits.rooms_per_user", "0"),
    ("limits.rooms_made_per_hour", "0"),
    // A generator that has too little of the machine says it late.
    ("limits.hello_ms", "60000"),
];

/// The command of a node that listens at these addresses.
pub(super) fn command(
    binary: &Path,
    plan: &Plan,
    secret: &str,
    redis_url: Option<&str>,
    [listen, admin]: [SocketAddr; 2],
) -> Command {
    let mut command = Command::new(binary);
    // Without our environment: a setting in it would change what is measured.
    command.arg("serve").env_clear();
    let mut set = |key: &str, value: &str| {
        let name = key.to_uppercase().replace('.', "__");
        command.env(format!("ROOKERY__{name}"), value);
    };
    set("listen", &listen.to_string());
    set("admin.listen", &admin.to_string());
    set("workers", &plan.workers.to_string());
    set("auth.jwt_secret", secret);
    match redis_url {
        Some(url) => {
            set("store", "redis");
            set("redis.url", url);
        }
        None => set("store", "embedded"),
    }
    for &(key, value) in SETTINGS {
        set(key, value);
    }
    for (key, value) in &plan.settings {
        set(key, value);
    }
    command
}

/// Whether a node takes clients in.
pub(super) fn is_ready(listen: SocketAddr) -> bool {
    http::get(listen, "/readyz").is_ok_and(|(status, _)| status == 200)
}

/// The binary as told, or the one beside our own.
///
/// # Errors
///
/// Where there is none, with how to build it.
pub(super) fn binary(told: Option<&Path>) -> Result<PathBuf> {
    let path = match told {
        Some(path) => path.to_owned(),
        None => beside_ourselves()?,
    };
    ensure!(
        path.is_file(),
        "there is no node at {}: build one with `cargo build --release -p rookery-gateway`, or name one with --rookery PATH",
        path.display()
    );
    // It runs in another folder.
    path.canonicalize()
        .with_context(|| format!("looking for {}", path.display()))
}

/// Tests run from a folder below that of the binaries.
fn beside_ourselves() -> Result<PathBuf> {
    let ourselves = env::current_exe().context("asking where this program is")?;
    let mut folder = ourselves.parent().context("this program is in no folder")?;
    if folder.ends_with("deps") {
        folder = folder.parent().unwrap_or(folder);
    }
    Ok(folder.join("rookery"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_binary_is_told_with_how_to_build_it() {
        let error = binary(Some(Path::new("no/such/rookery"))).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("cargo build --release -p rookery-gateway")
        );
    }
}
