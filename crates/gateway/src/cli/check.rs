//! `rookery check`: tests the settings and what they point to.

use std::{
    io::ErrorKind,
    net::{SocketAddr, TcpListener},
    process::ExitCode,
};

use rookery_protocol::ServerId;
use rookery_store::{CheckLine, CheckStatus};

use super::{flags::Flags, health, say};
use crate::identity;
use crate::settings::{Loaded, MAKE_SECRET, Settings};

/// Prints a line for everything that was looked at; ends with 1 where something failed.
pub(super) fn check(flags: &Flags) -> anyhow::Result<ExitCode> {
    let Loaded {
        settings,
        warnings,
        file,
    } = flags.load()?;
    let source = file.map_or("defaults, environment and flags".to_owned(), |file| {
        file.display().to_string()
    });
    let mut lines = vec![ok(format!("the settings make sense ({source})"))];
    lines.extend(
        warnings
            .into_iter()
            .map(|words| line(CheckStatus::Warning, words, None)),
    );
    lines.push(secret(&settings));
    lines.extend(issuers(&settings)?);
    lines.push(listener("listen", settings.listen));
    lines.extend(
        settings
            .admin
            .listen
            .map(|address| listener("admin.listen", address)),
    );
    lines.extend(store(&settings)?);
    for line in &lines {
        print(line)?;
    }
    let failed = lines.iter().any(|line| line.status == CheckStatus::Failed);
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn secret(settings: &Settings) -> CheckLine {
    match &settings.auth.jwt_secret {
        Some(secret) => ok(format!(
            "auth.jwt_secret is set, {} bytes",
            secret.reveal().len()
        )),
        None if settings.data_settings().is_some() => {
            ok("auth.jwt_secret is not set: the data folder has one of its own".to_owned())
        }
        None => line(
            CheckStatus::Warning,
            "auth.jwt_secret is not set: tokens end with the process",
            Some(format!(
                "{MAKE_SECRET} and set it, so that users survive a restart and `rookery token` works"
            )),
        ),
    }
}

/// Whether the keys of issuers can be read. A node starts without them, too.
fn issuers(settings: &Settings) -> anyhow::Result<Vec<CheckLine>> {
    let reading = identity::read_keys_once(&settings.auth.issuers);
    let read = runtime()?.block_on(reading).into_iter();
    let lines = read.map(|(issuer, keys)| match keys {
        Ok(count) => ok(format!(
            "auth.issuers: {count} keys of {:?} were read",
            issuer.issuer
        )),
        Err(why) => line(
            CheckStatus::Warning,
            format!(
                "auth.issuers: the keys of {:?} cannot be read: {why}",
                issuer.issuer
            ),
            Some("until they can, none of its tokens is taken".to_owned()),
        ),
    });
    Ok(lines.collect())
}

/// Whether the address is free, or taken by a node already.
fn listener(key: &str, address: SocketAddr) -> CheckLine {
    let error = match TcpListener::bind(address) {
        Ok(_) => return ok(format!("{key}: {address} is free")),
        Err(error) => error,
    };
    if error.kind() == ErrorKind::AddrInUse && health::is_alive(address) {
        return ok(format!("{key}: a node is serving at {address}"));
    }
    let mend = match error.kind() {
        ErrorKind::AddrInUse => {
            format!("end the program that listens there, or set {key} to another port")
        }
        ErrorKind::PermissionDenied => {
            format!("ports below 1024 need privileges; set {key} to a port above")
        }
        _ => format!("set {key} to an address of this machine, or to 0.0.0.0 for all of them"),
    };
    line(
        CheckStatus::Failed,
        format!("{key}: cannot listen on {address}: {error}"),
        Some(mend),
    )
}

fn store(settings: &Settings) -> anyhow::Result<Vec<CheckLine>> {
    let settings = settings.store_settings(ServerId::new(format!(
        "n_check_{:08x}",
        rand::random::<u32>()
    ))?);
    Ok(runtime()?.block_on(rookery_store::check(&settings)))
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

fn ok(found: String) -> CheckLine {
    line(CheckStatus::Ok, found, None)
}

fn line(status: CheckStatus, found: impl Into<String>, mend: Option<String>) -> CheckLine {
    CheckLine {
        status,
        found: found.into(),
        mend,
    }
}

fn print(line: &CheckLine) -> std::io::Result<()> {
    let status = match line.status {
        CheckStatus::Ok => "ok     ",
        CheckStatus::Warning => "warning",
        CheckStatus::Failed => "FAILED ",
    };
    say(&format!("{status}  {}", line.found))?;
    match &line.mend {
        Some(mend) => say(&format!("         {mend}")),
        None => Ok(()),
    }
}
